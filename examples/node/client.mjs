// A partner's program for Node 18 and later, without dependencies: it signs requests to the mall in either of the two
// ways, and verifies the mall's webhooks. Copy it.
import {createHash, createHmac, createPrivateKey, randomBytes, sign, timingSafeEqual} from 'node:crypto'

const sha256 = body => createHash('sha256').update(body)

/** A refusal. Programs rely on `code`. */
export class Problem extends Error {
  constructor(status, problem) {
    super(`${status} ${problem.code}: ${problem.detail}`)
    Object.assign(this, problem, {status})
  }
}

/** The authority as it is signed; URL has it in lower case and without the usual port already. */
const authority = url => url.host

/** The pairs in the order of their names; those of one name stay in their order. Nothing is decoded. */
export function sortQuery(query) {
  const name = pair => Buffer.from(pair.split('=', 1)[0])
  return query.split('&').sort((a, b) => Buffer.compare(name(a), name(b))).join('&')
}

/** The lines that VM1 signs. */
export function vm1Text({method, url, body, timestamp, nonce}) {
  return ['VM1', timestamp, nonce, method, authority(url), url.pathname, sortQuery(url.search.slice(1)),
    sha256(body).digest('hex')].join('\n')
}

/** The headers of a request that is signed by VM1 with a secret vmsec_…. */
export function signVM1({keyId, secret}, request) {
  const key = Buffer.from(secret.replace(/^vmsec_/, ''), 'base64url')
  const signature = createHmac('sha256', key).update(vm1Text(request)).digest('hex')
  const body = sha256(request.body).digest('hex')
  return {authorization: `VM1 key=${keyId}, timestamp=${request.timestamp}, nonce=${request.nonce}, body=${body}, ` +
    `signature=${signature}`}
}

/** The signature base of RFC 9421, and the value of Signature-Input without its label. */
export function messageBase({keyId}, {method, url, timestamp, nonce}, digest) {
  const lines = [['@method', method], ['@authority', authority(url)], ['@path', url.pathname],
    ['@query', url.search || '?']]
  if (digest) lines.push(['content-digest', digest])
  const input = `(${lines.map(([name]) => `"${name}"`).join(' ')});created=${timestamp};nonce="${nonce}"` +
    `;keyid="${keyId}";alg="ed25519"`
  return {base: lines.map(([name, value]) => `"${name}": ${value}\n`).join('') + `"@signature-params": ${input}`, input}
}

/** The headers of a request that is signed as RFC 9421 says, with an Ed25519 private key in PEM. */
export function signMessage({keyId, privateKey}, request) {
  const digest = request.body.length ? `sha-256=:${sha256(request.body).digest('base64')}:` : ''
  const {base, input} = messageBase({keyId}, request, digest)
  const signature = sign(null, Buffer.from(base), createPrivateKey(privateKey)).toString('base64')
  return {...(digest && {'content-digest': digest}), 'signature-input': `mall=${input}`, signature: `mall=:${signature}:`}
}

/** Sends signed requests. key is {keyId, secret} or {keyId, privateKey}. */
export class Client {
  constructor(baseUrl, key) {
    this.baseUrl = baseUrl
    this.key = key
  }

  /** One request below /api/v1/mall/partner. A call that is repeated is signed again: a nonce is accepted once. */
  async call(method, path, send) {
    const url = new URL(`${this.baseUrl}/api/v1/mall/partner${path}`)
    const body = send === undefined ? '' : JSON.stringify(send)
    const request = {method, url, body, timestamp: Math.floor(Date.now() / 1000), nonce: randomBytes(16).toString('hex')}
    const headers = this.key.privateKey ? signMessage(this.key, request) : signVM1(this.key, request)
    if (body) headers['content-type'] = 'application/json'
    const answer = await fetch(url, {method, headers, ...(body && {body})})
    const json = await answer.json()
    if (!answer.ok) throw new Problem(answer.status, json)
    return json
  }
}

/** Whether a message is the mall's (Standard Webhooks 1.0). Skip a webhook-id that came before. */
export function verifyWebhook(secret, headers, body, now = Date.now() / 1000) {
  const {'webhook-id': id, 'webhook-timestamp': stamp, 'webhook-signature': signatures = ''} = headers
  if (!(Math.abs(now - Number(stamp)) <= 300)) return false
  const key = Buffer.from((secret ?? '').replace(/^whsec_/, ''), 'base64')
  if (key.length === 0) return false // anybody can sign with an empty key
  const want = createHmac('sha256', key).update(`${id}.${stamp}.`).update(body).digest()
  return signatures.split(' ').some(s => {
    const got = Buffer.from(s.replace(/^v1,/, ''), 'base64')
    return s.startsWith('v1,') && got.length === want.length && timingSafeEqual(got, want)
  })
}
