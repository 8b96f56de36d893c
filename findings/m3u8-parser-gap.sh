#!/usr/bin/env bash
# m3u8-parser 7.2.0 (npm, the parser of video.js): EXT-X-GAP is dropped without a word. A segment that the playlist declares absent
# (RFC 8216bis 4.4.4.7: "a Client SHOULD NOT attempt to load") looks like every other one; hls-parser 0.16.1 keeps the mark.
# For us: a packager of ours leaves no gaps, as this player would fetch the segment and fail.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund hls-parser@0.16.1 m3u8-parser@7.2.0
cat > in.m3u8 <<'E'
#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:4
#EXT-X-PLAYLIST-TYPE:VOD
#EXTINF:4,
a.ts
#EXT-X-GAP
#EXTINF:4,
b.ts
#EXT-X-ENDLIST
E
cat > run.cjs <<'E'
const text = require('fs').readFileSync('in.m3u8', 'utf8')
const hls = require('hls-parser'), { Parser } = require('m3u8-parser')
const p = new Parser(); p.push(text); p.end()
console.log('m3u8-parser:', JSON.stringify(p.manifest.segments))
console.log('hls-parser: second segment is a gap:', hls.parse(text).segments[1].gap)
E
diff - <(node run.cjs) <<'E'
m3u8-parser: [{"duration":4,"uri":"a.ts","timeline":0},{"duration":4,"uri":"b.ts","timeline":0}]
hls-parser: second segment is a gap: true
E
echo 'm3u8-parser 7.2.0: EXT-X-GAP leaves no trace'
