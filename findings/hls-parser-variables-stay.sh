#!/usr/bin/env bash
# hls-parser 0.16.1 (npm): variables of EXT-X-DEFINE are not substituted. The address of the variant reads "{$base}/720.m3u8", which a
# program that follows it asks its own server for. RFC 8216bis 4.3 has a client substitute them; m3u8-parser 7.2.0 does, on the same
# playlist.
# For us: playlists that we write define no variables.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund hls-parser@0.16.1 m3u8-parser@7.2.0
cat > in.m3u8 <<'E'
#EXTM3U
#EXT-X-VERSION:8
#EXT-X-DEFINE:NAME="base",VALUE="https://cdn.example/films"
#EXT-X-STREAM-INF:BANDWIDTH=1280000,CODECS="avc1.640028,mp4a.40.2",RESOLUTION=1280x720
{$base}/720.m3u8
E
cat > run.cjs <<'E'
const text = require('fs').readFileSync('in.m3u8', 'utf8')
const hls = require('hls-parser'), { Parser } = require('m3u8-parser')
const a = hls.parse(text)
console.log('hls-parser:', a.variants[0].uri)
const b = new Parser(); b.push(text); b.end()
console.log('m3u8-parser:', b.manifest.playlists[0].uri)
E
diff - <(node run.cjs) <<'E'
hls-parser: {$base}/720.m3u8
m3u8-parser: https://cdn.example/films/720.m3u8
E
echo 'hls-parser 0.16.1: a variable of EXT-X-DEFINE stays in the address'
