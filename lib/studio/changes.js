'use strict'

const { HEADERS } = require('./responses.js')

/** Changes of so many milliseconds are told at once, and of so many records one by one. */
const TOGETHER = 100
const TOLD = 50
/** A connection on which nothing is said is ended by some proxies. */
const SIGN_OF_LIFE = 20_000

/** Tells whoever listens what changes in the store, whoever changes it: server-sent events. */
function changes(store) {
  return async (request) => {
    const encoder = new TextEncoder()
    let end = () => {}
    const body = new ReadableStream({
      start(controller) {
        let waiting = []
        let timer
        const say = (text) => controller.enqueue(encoder.encode(text))
        const tell = () => {
          timer = undefined
          say(`data: ${JSON.stringify(summed(waiting))}\n\n`)
          waiting = []
        }
        const off = store.on('change', (event) => {
          waiting.push(event)
          timer ??= setTimeout(tell, TOGETHER)
        })
        const alive = setInterval(() => say(': here\n\n'), SIGN_OF_LIFE)
        alive.unref()
        end = () => {
          off()
          clearTimeout(timer)
          clearInterval(alive)
        }
        say(': here\n\n')
      },
      cancel: () => end(),
    })
    request.signal?.addEventListener('abort', () => end(), { once: true })
    return new Response(body, { headers: { ...HEADERS, 'content-type': 'text/event-stream' } })
  }
}

/** Which models have changed, and which records where these are few. */
function summed(events) {
  const models = [...new Set(events.map(({ model }) => model))]
  return { models, events: events.length <= TOLD ? events : null }
}

module.exports = { changes }
