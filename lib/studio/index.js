'use strict'

const { described, invalid } = require('../error.js')
const { callOptions, isBoolean } = require('../options.js')
const { STUDIO } = require('../requests.js')

const isFunction = (value) => typeof value === 'function'
const OPTIONS = {
  authorize: [isFunction, 'a function that takes the request and says whether it may come in'],
  write: [isBoolean, 'true or false'],
}

/**
 * The studio as a part of an app: takes a `Request` and resolves to a `Response`. Who may come in the app
 * says: without `authorize` there is no studio.
 */
function studio(store, options) {
  const own = store?.[STUDIO]
  if (own === undefined)
    throw invalid('Arguments', [{ path: 'store', expected: 'a store', received: described(store) }])
  const { authorize, write = false } = callOptions(options ?? {}, OPTIONS)
  if (authorize === undefined) {
    const received = 'nothing: whoever knew the address could read and change everything'
    throw invalid('Options', [{ path: 'authorize', expected: OPTIONS.authorize[1], received }])
  }
  // Here, since it takes as long to load as all the rest of the package, and few processes have a studio.
  const { handler } = require('./handler.js')
  const answer = handler(own, { write })
  return async (request) => {
    const verdict = await authorize(request)
    if (verdict instanceof Response) return verdict
    if (verdict !== true) return new Response('You may not come in here.\n', { status: 403 })
    return answer(request)
  }
}

module.exports = { studio }
