#!/usr/bin/env bash
# tus-js-client 4.3.1 (npm): an upload that is resumed by its address is not compared with the file in hand. The server answers HEAD with
# Upload-Length 1000 and Upload-Offset 400; a file of 700 bytes has its bytes from 400 on sent, and success is reported at 700 although the
# server still waits for 300. With all 1000 bytes there, success is reported for the file of 700 without a byte sent.
# For us: our uploader resumes a file by its name, length and time of change; another file begins anew.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund tus-js-client@4.3.1
cat > run.cjs <<'E'
const http = require('http'), tus = require('tus-js-client')
const uploads = { '/half': 400, '/whole': 1000 }
const server = http.createServer((request, response) => {
  let size = 0
  request.on('data', (d) => { size += d.length }).on('end', () => {
    response.setHeader('Tus-Resumable', '1.0.0')
    if (request.method === 'PATCH') uploads[request.url] += size
    response.setHeader('Upload-Offset', uploads[request.url]).setHeader('Upload-Length', 1000)
    response.writeHead(request.method === 'PATCH' ? 204 : 200).end()
  })
})
server.listen(0, '127.0.0.1', async () => {
  for (const path of Object.keys(uploads)) {
    const uploadUrl = `http://127.0.0.1:${server.address().port}${path}`
    const end = await new Promise((done) => new tus.Upload(Buffer.alloc(700), {
      uploadUrl, retryDelays: null, onSuccess: () => done('success'), onError: (e) => done(e.message),
    }).start())
    console.log(path, end, 'with', uploads[path], 'of 1000 bytes there')
  }
  server.close()
})
E
diff - <(timeout 60 node run.cjs) <<'E'
/half success with 700 of 1000 bytes there
/whole success with 1000 of 1000 bytes there
E
echo 'tus-js-client 4.3.1: success is reported for a file of another length'
