// A small OpenID provider on loopback: whoever is `person` is signed in, without a question.

import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

function signed(claims) {
  const text = `${base64({ alg: 'RS256', typ: 'JWT', kid: 'key' })}.${base64(claims)}`
  return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey, 'base64url')}`
}

export async function startProvider() {
  const grants = new Map()
  const provider = { person: { sub: 'p1', name: 'Will', email: 'will@globe.example' } }
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, provider.issuer)
    let body = ''
    for await (const piece of request) body += piece
    const json = (value) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
    const pages = {
      '/.well-known/openid-configuration': () =>
        json({
          issuer: provider.issuer,
          authorization_endpoint: `${provider.issuer}/authorize`,
          token_endpoint: `${provider.issuer}/token`,
          userinfo_endpoint: `${provider.issuer}/userinfo`,
          jwks_uri: `${provider.issuer}/jwks`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
          code_challenge_methods_supported: ['S256'],
        }),
      '/authorize': () => {
        const code = randomUUID()
        grants.set(code, { person: provider.person, nonce: url.searchParams.get('nonce') ?? undefined, client: url.searchParams.get('client_id') })
        const back = new URL(url.searchParams.get('redirect_uri'))
        back.searchParams.set('code', code)
        if (url.searchParams.has('state')) back.searchParams.set('state', url.searchParams.get('state'))
        response.writeHead(302, { location: back.href }).end()
      },
      '/token': () => {
        const { person, nonce, client } = grants.get(new URLSearchParams(body).get('code'))
        const now = Math.floor(Date.now() / 1000)
        json({
          access_token: `access-${person.sub}`,
          token_type: 'Bearer',
          expires_in: 3600,
          id_token: signed({ iss: provider.issuer, aud: client, iat: now, exp: now + 3600, nonce, ...person }),
          // What real providers add, and other adapters stumble over.
          'not-before-policy': 0,
          ext_expires_in: 7200,
          refresh_expires_in: 1800,
        })
      },
      '/userinfo': () => json(provider.person),
      '/jwks': () => json({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'key', alg: 'RS256', use: 'sig' }] }),
    }
    if (pages[url.pathname]) pages[url.pathname]()
    else response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  provider.issuer = `http://127.0.0.1:${server.address().port}`
  provider.end = () => {
    server.close()
    server.closeAllConnections()
  }
  return provider
}
