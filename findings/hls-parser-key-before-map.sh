#!/usr/bin/env bash
# hls-parser 0.16.1 (npm): a media playlist that is parsed and written again has its EXT-X-KEY above the EXT-X-MAP that stood above it.
# By RFC 8216 4.3.2.5 a Media Initialization Section is encrypted when a key applies to it: the clear init.mp4 is now to be decrypted, so
# that a player shows nothing. The same playlist goes in and comes out "valid".
# For us: playlists are written from our own tables and never passed through a parser on their way out.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund hls-parser@0.16.1
cat > in.m3u8 <<'E'
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="init.mp4"
#EXT-X-KEY:METHOD=AES-128,URI="key"
#EXTINF:4,
a.m4s
#EXT-X-ENDLIST
E
diff - <(node -e 'const h = require("hls-parser"); console.log(h.stringify(h.parse(require("fs").readFileSync("in.m3u8", "utf8"))))' |
	grep -E 'MAP|KEY') <<'E'
#EXT-X-KEY:METHOD=AES-128,URI="key"
#EXT-X-MAP:URI="init.mp4"
E
echo 'hls-parser 0.16.1: the key stands above the map after parse and stringify'
