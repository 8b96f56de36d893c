// Talks with the stand-in as the plugin's users talk with WeChat Pay, and reads what our own client has sent. It takes
// one JSON object on its input and writes one on its output.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import wechatpay from 'wechatpay-axios-plugin'

const { Wechatpay, Rsa, Aes, Formatter } = wechatpay
const input = JSON.parse(readFileSync(0, 'utf8'))
const out = { verified: [], notices: [] }

// The requests of our client: the plugin builds the text that is signed, and verifies it.
const merchant = Rsa.from(input.merchantKey, Rsa.KEY_TYPE_PRIVATE)
const { createPublicKey } = await import('node:crypto')
const merchantPublic = createPublicKey(merchant)
for (const r of input.requests) {
  const field = Object.fromEntries([...r.authorization.matchAll(/(\w+)="([^"]*)"/g)].map((m) => [m[1], m[2]]))
  const text = Formatter.request(r.method, r.uri, field.timestamp, field.nonce_str, r.body)
  out.verified.push(Rsa.verify(text, field.signature, merchantPublic))
}
// The arguments of the bridge.
const b = input.bridge
out.bridge = Rsa.verify(Formatter.joinedByLineFeed(b.appId, b.timeStamp, b.nonceStr, b.package), b.paySign, merchantPublic)

// The notices of the stand-in.
for (const n of input.notices) {
  const key = Rsa.from(input.platform[n.serial], Rsa.KEY_TYPE_PUBLIC)
  const good = Rsa.verify(Formatter.response(n.timestamp, n.nonce, n.body), n.signature, key)
  const { resource, event_type: event } = JSON.parse(n.body)
  const text = Aes.AesGcm.decrypt(resource.ciphertext, input.apiV3, resource.nonce, resource.associated_data)
  out.notices.push({ good, event, content: JSON.parse(text) })
}

// The plugin as a client of the stand-in.
const pay = new Wechatpay({
  mchid: input.merchant,
  serial: input.serial,
  privateKey: input.merchantKey,
  certs: input.platform,
  secret: input.apiV3,
  baseURL: input.base + '/',
})
const no = '01HNODE00000000000000001'
const order = {
  appid: input.app,
  mchid: input.merchant,
  description: '北境之光',
  out_trade_no: no,
  attach: 'umbrellas',
  notify_url: 'https://umbrellas.example/notify',
  amount: { total: 1290, currency: 'CNY' },
}
out.code = (await pay.v3.pay.transactions.native.post(order)).data.code_url
// A placeholder, since the plugin rewrites names in paths.
out.state = (await pay.v3.pay.transactions.outTradeNo['{no}'].get({ no, params: { mchid: input.merchant } })).data.trade_state
out.closed = (await pay.v3.pay.transactions.outTradeNo['{no}'].close.post({ mchid: input.merchant }, { no })).status
out.again = await pay.v3.pay.transactions.native.post(order).catch((e) => e.response.data.code)
const bill = (await pay.v3.bill.tradebill.get({ params: { bill_date: input.billDate, bill_type: 'ALL', tar_type: 'GZIP' } })).data
const token = new URL(bill.download_url).searchParams.get('token')
const file = await pay.v3.billdownload.file.get({ params: { token }, responseType: 'arraybuffer' })
const text = gunzipSync(file.data)
const { createHash } = await import('node:crypto')
out.hashed = createHash('sha1').update(text).digest('hex') === bill.hash_value
out.bill = Formatter.castCsvBill(text)
console.log(JSON.stringify(out))
