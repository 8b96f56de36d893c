#!/usr/bin/env bash
# STYLE and REGION blocks stand before the cues of a WebVTT file (W3C WebVTT 1, 4.1). What common readers make of a file with one:
#   ffmpeg 5.1 (Debian 12)   exits with 0 and writes no cue at all
#   node-webvtt 2.0.0        an error about the first cue
#   subtitle 4.2.2           an error about a timestamp
# For us: captions are read by our own reader, which skips the blocks; ffmpeg never converts them.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
command -v ffmpeg >/dev/null || apt-get install -y -q ffmpeg=7:5.1\* >/dev/null
npm install --silent --no-audit --no-fund node-webvtt@2.0.0 subtitle@4.2.2
printf 'WEBVTT\n\nSTYLE\n::cue { color: red }\n\n00:01.000 --> 00:02.000\nhello\n' > in.vtt
ffmpeg -v error -i in.vtt out.vtt
cat > run.cjs <<'E'
const fs = require('fs'), text = fs.readFileSync('in.vtt', 'utf8')
const tried = (f) => { try { return f().length + ' cues' } catch (e) { return 'error: ' + e.message } }
console.log('node-webvtt', tried(() => require('node-webvtt').parse(text).cues))
console.log('subtitle', tried(() => require('subtitle').parseSync(text)))
console.log('ffmpeg', JSON.stringify(fs.readFileSync('out.vtt', 'utf8')))
E
diff - <(node run.cjs) <<'E'
node-webvtt error: Cue identifier needs to be followed by timestamp (cue #0)
subtitle error: expected timestamp at row 3, but received: "STYLE"
ffmpeg "WEBVTT\n"
E
echo 'a STYLE block: ffmpeg 5.1 loses every cue and reports success, two parsers refuse the file'
