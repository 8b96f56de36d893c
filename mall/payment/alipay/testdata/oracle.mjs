// Asks Alipay's own SDK for Node. stdin: {keys, jobs}; stdout: the results, one for each job. The time zone of the
// process must be that of Beijing, since the SDK sends local time.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { AlipaySdk } from 'alipay-sdk'

const require = createRequire(import.meta.url)
const { getSN } = require(join(dirname(require.resolve('alipay-sdk')), 'antcertutil.js'))

const { keys, jobs } = JSON.parse(readFileSync(0, 'utf8'))

function sdk(job) {
  const config = { appId: keys.appId, privateKey: keys.private, gateway: job.gateway, camelcase: false }
  if (job.certificates) {
    config.appCertContent = keys.appCertificate
    config.alipayPublicCertContent = keys.alipayCertificate
    config.alipayRootCertContent = keys.roots
  } else {
    config.alipayPublicKey = job.publicKey ?? keys.alipay
  }
  return new AlipaySdk(config)
}

const does = {
  exec: job => sdk(job).exec(job.method, { bizContent: job.biz }, { validateSign: true }),
  page: job => sdk(job).pageExecute(job.method, 'GET', { bizContent: job.biz, returnUrl: job.returnUrl }),
  notice: job => {
    const form = Object.fromEntries(new URLSearchParams(job.form))
    return [sdk(job).checkNotifySign(form, true), sdk(job).checkNotifySignV2(form)]
  },
  verify: job => sdk(job).rsaCheck(job.text, job.sign, 'RSA2'),
  serial: job => getSN(job.certificate, job.root),
}

const results = []
for (const job of jobs) {
  try {
    results.push({ value: await does[job.do](job) })
  } catch (e) {
    results.push({ error: String(e.message ?? e) })
  }
}
// The SDK keeps connections open, which would keep the process alive.
process.stdout.write(JSON.stringify(results), () => process.exit())
