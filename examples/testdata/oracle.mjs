// Verifies the test vectors by code that is not the mall's: node:crypto for VM1, and the package http-message-signatures
// for RFC 9421. It also signs each vector anew with the client of examples/node. Reads {vectors}; writes for each what
// was found.
import {createHmac, createPublicKey, verify} from 'node:crypto'
import {httpbis} from 'http-message-signatures'
import {sortQuery, signMessage, signVM1} from '../node/client.mjs'

const parts = []
for await (const part of process.stdin) parts.push(part)
const {vectors} = JSON.parse(Buffer.concat(parts))

async function verified(v) {
  if (v.form === 'vm1') {
    const [, ts, nonce, method, host, path, query, hash] = v.text.split('\n')
    const url = new URL(v.url)
    const target = v.url.replace(/^[a-z]+:\/\/[^/]+/, '')
    const [rawPath, ...rest] = target.split('?')
    const fits = ts === String(v.timestamp) && nonce === v.nonce && method === v.method && host === url.host &&
      path === (rawPath || '/') && query === sortQuery(rest.join('?')) && /^[0-9a-f]{64}$/.test(hash)
    const key = Buffer.from(v.secret.slice('vmsec_'.length), 'base64url')
    const mac = createHmac('sha256', key).update(v.text).digest('hex')
    return fits && v.headers.authorization.endsWith(`, body=${hash}, signature=${mac}`)
  }
  const key = createPublicKey(v.publicKey)
  return await httpbis.verifyMessage({
    notAfter: new Date((v.timestamp + 300) * 1000),
    keyLookup: async () => ({
      id: v.keyId,
      algs: ['ed25519'],
      verify: async (data, signature) => verify(null, data, key, signature),
    }),
  }, {method: v.method, url: v.url, headers: v.headers})
}

const answers = []
for (const v of vectors) {
  const request = {method: v.method, url: new URL(v.url), body: v.body, timestamp: v.timestamp, nonce: v.nonce}
  const signed = v.form === 'vm1' ? signVM1(v, request) : signMessage(v, request)
  let found
  try {
    found = await verified(v)
  } catch (error) {
    found = String(error)
  }
  answers.push({name: v.name, verified: found === true, detail: String(found), signed})
}
process.stdout.write(JSON.stringify(answers))
