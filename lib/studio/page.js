'use strict'

const { HEADERS } = require('./responses.js')

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escaped = (text) => text.replace(/[&<>"']/g, (letter) => ESCAPES[letter])

/** The page, for a studio that is mounted at a path. */
function page(base) {
  const at = (name) => escaped(`${base}/assets/${name}`)
  const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Studio</title>
    <link rel="icon" href="${at('icon.svg')}" />
    <link rel="stylesheet" href="${at('studio.css')}" />
    <script type="module" src="${at('studio.js')}"></script>
  </head>
  <body>
    <noscript>The studio needs JavaScript.</noscript>
    <div id="studio"></div>
  </body>
</html>
`
  return new Response(html, { headers: { ...HEADERS, 'content-type': 'text/html; charset=utf-8' } })
}

module.exports = { page }
