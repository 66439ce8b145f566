// A small OpenID provider on loopback: `/hall` gives ID tokens, `/guild` plain OAuth with userinfo.
'use strict'

const { createHash, generateKeyPairSync, randomUUID, sign } = require('node:crypto')
const { listen, textOf } = require('./http.cjs')

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const CLIENT = { id: 'the-app', secret: 'its secret' }

/** What real providers add to a token response, beyond the standard. */
const EXTRAS = {
  'not-before-policy': 0,
  refresh_expires_in: 1800,
  ext_expires_in: 3599,
  session_state: 'b1f0',
  'urn:custom': { nested: [1, null, 'two'] },
}

const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

function idToken(claims) {
  const now = Math.floor(Date.now() / 1000)
  const text = `${base64({ alg: 'RS256', kid: 'one' })}.${base64({ ...claims, iat: now, exp: now + 600 })}`
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`
}

/** Who signs in there is told by the query `as`, which the browser of a test adds. */
async function startProvider(t) {
  const granted = new Map()
  const { url } = await listen(t, async (req, res) => {
    const { pathname, searchParams } = new URL(req.url, 'http://provider')
    const [, name, ...rest] = pathname.split('/')
    const issuer = `${url}/${name}`
    const json = (body, status = 200) => {
      res.writeHead(status, { 'content-type': 'application/json' })
      res.end(JSON.stringify(body))
    }
    switch (rest.join('/')) {
      case '.well-known/openid-configuration':
        return json({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          userinfo_endpoint: `${issuer}/userinfo`,
          jwks_uri: `${issuer}/jwks`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        })
      case 'jwks':
        return json({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }] })
      case 'authorize': {
        const code = randomUUID()
        const asked = Object.fromEntries(searchParams)
        granted.set(code, { ...asked, person: JSON.parse(asked.as) })
        const back = new URL(asked.redirect_uri)
        back.searchParams.set('code', code)
        if (asked.state) back.searchParams.set('state', asked.state)
        res.writeHead(302, { location: back.href })
        return res.end()
      }
      case 'token': {
        const form = new URLSearchParams(await textOf(req))
        const grant = granted.get(form.get('code'))
        granted.delete(form.get('code'))
        const basic = Buffer.from(req.headers.authorization.split(' ')[1], 'base64').toString()
        const verifier = createHash('sha256')
          .update(form.get('code_verifier') ?? '')
          .digest('base64url')
        const known = decodeURIComponent(basic.replaceAll('+', ' ')) === `${CLIENT.id}:${CLIENT.secret}`
        if (!known || !grant || grant.redirect_uri !== form.get('redirect_uri'))
          return json({ error: 'invalid_grant' }, 400)
        if (grant.code_challenge && grant.code_challenge !== verifier) return json({ error: 'invalid_grant' }, 400)
        const access = randomUUID()
        granted.set(access, grant)
        const { nonce, person } = grant
        return json({
          access_token: access,
          refresh_token: randomUUID(),
          token_type: 'bearer',
          scope: grant.scope,
          expires_in: 300,
          ...EXTRAS,
          ...(name === 'hall' && { id_token: idToken({ iss: issuer, aud: CLIENT.id, nonce, ...person }) }),
        })
      }
      case 'userinfo': {
        const grant = granted.get(req.headers.authorization?.split(' ')[1])
        return grant ? json(grant.person) : json({ error: 'invalid_token' }, 401)
      }
      default:
        return json({ error: 'not_found' }, 404)
    }
  })
  return { url }
}

module.exports = { CLIENT, EXTRAS, startProvider }
