// A partner's shop in one file: a page that shows a video of the mall with its price, a button that leads the buyer to
// the mall's checkout, and an address that the mall tells when it was paid.
//
//   MALL=https://mall.example KEY_ID=pk_… SECRET=vmsec_… WEBHOOK_SECRET=whsec_… SKU=7 PORT=3000 node shop.mjs
import {createServer} from 'node:http'
import {randomUUID} from 'node:crypto'
import {Client, verifyWebhook} from './client.mjs'

const {MALL, KEY_ID, SECRET, PRIVATE_KEY, WEBHOOK_SECRET, SKU, PORT = '3000', HOST = '127.0.0.1'} = process.env
if (!MALL || !KEY_ID || !WEBHOOK_SECRET || !SKU) {
  console.error('MALL, KEY_ID, WEBHOOK_SECRET and SKU have to be set')
  process.exit(2)
}
const mall = new Client(MALL, PRIVATE_KEY ? {keyId: KEY_ID, privateKey: PRIVATE_KEY} : {keyId: KEY_ID, secret: SECRET})
const sales = new Map() // by reference; a real shop keeps them in its database
const seen = new Set() // ids of messages

const escape = text => String(text).replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`)

const digits = currency => new Intl.NumberFormat('en', {style: 'currency', currency}).resolvedOptions().maximumFractionDigits
const price = ({amount, currency}) =>
  new Intl.NumberFormat('en', {style: 'currency', currency}).format(amount / 10 ** digits(currency))

async function showVideo(response) {
  const video = await mall.call('GET', `/videos/${SKU}`)
  response.writeHead(200, {'content-type': 'text/html; charset=utf-8'})
  response.end(`<!doctype html><html lang="en"><meta charset="utf-8"><title>${escape(video.title)}</title>
<h1>${escape(video.title)}</h1><p>${video.price ? escape(price(video.price)) : 'Not for sale at the moment'}</p>
<form method="post" action="/buy"><button>Buy at the mall</button></form></html>`)
}

async function buy(response) {
  const reference = randomUUID()
  sales.set(reference, 'waiting')
  const link = await mall.call('POST', '/links', {reference, skuId: Number(SKU)})
  response.writeHead(303, {location: link.url})
  response.end()
}

async function takeMessage(request, response) {
  const parts = []
  let size = 0
  for await (const part of request) {
    if ((size += part.length) > 64 * 1024) { // a message of the mall is far shorter
      response.writeHead(413, {connection: 'close'})
      return response.end()
    }
    parts.push(part)
  }
  const body = Buffer.concat(parts)
  if (!verifyWebhook(WEBHOOK_SECRET, request.headers, body)) {
    response.writeHead(401)
    return response.end()
  }
  const {type, data} = JSON.parse(body)
  if (!seen.has(request.headers['webhook-id'])) {
    seen.add(request.headers['webhook-id'])
    sales.set(data.reference, type)
  }
  response.writeHead(204)
  response.end()
}

const server = createServer(async (request, response) => {
  try {
    if (request.method === 'GET' && request.url === '/') await showVideo(response)
    else if (request.method === 'POST' && request.url === '/buy') await buy(response)
    else if (request.method === 'POST' && request.url === '/hook') await takeMessage(request, response)
    else if (request.method === 'GET' && request.url === '/sales') {
      response.writeHead(200, {'content-type': 'application/json'})
      response.end(JSON.stringify(Object.fromEntries(sales)))
    } else {
      response.writeHead(404)
      response.end()
    }
  } catch (error) {
    console.error(error.message)
    response.writeHead(502, {'content-type': 'text/plain'})
    response.end('The mall could not be reached. Try again in a moment.\n')
  }
})
server.listen(Number(PORT), HOST, () => console.log(`http://${HOST}:${server.address().port}`))
