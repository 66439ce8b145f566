'use strict'

/** What a call gave, as the log takes it: a value, or the code of an error. */
const valueOf = (value) => ({ value: value === undefined ? null : value })
/** What the primary gave to a call, as a copy in which a time is its text. */
const answerTo = (call, value) => valueOf(JSON.parse(JSON.stringify(call.packed(value))))
const errorOf = (error) => ({ error: codeOf(error) })

/** Prisma's code, or that of the store below, or the error's name. */
function codeOf(error) {
  if (error?.name === 'PrismaClientValidationError') return error.name
  return String(error?.code ?? error?.cause?.code ?? error?.name ?? 'Error')
}

/** What `work` gives, or the error that it throws. */
async function answerOf(work) {
  try {
    return valueOf(await work())
  } catch (error) {
    return errorOf(error)
  }
}

/** Codes of errors after which nobody knows whether the primary has done it. */
const LOST = new Set(['P2024', 'P2028'])

/** Did the primary refuse a call, so that nothing was changed? */
const isRefusal = (error) => {
  const code = codeOf(error)
  return code === 'PrismaClientValidationError' || (/^P2\d{3}$/.test(code) && !LOST.has(code))
}

module.exports = { answerOf, answerTo, codeOf, errorOf, isRefusal, valueOf }
