#!/usr/bin/env bash
# hls.js 1.7.4 (npm): without an IV attribute the IV of AES-128 is the media sequence number as 128 bits (RFC 8216 5.2). hls.js fills in its low
# 32 bits alone: from 4294967296 on, which live streams reach that number segments by the clock in milliseconds, its IV is another one and the
# first 16 bytes of each segment come out wrong.
# For us: our segments are numbered from 0, and a key covers a few of them.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund hls.js@1.7.4 esbuild@0.28.2 url-toolkit@2.2.5 @svta/cml-id3@1.0.6 @svta/cml-utils@1.5.0
cat > run.mjs <<'E'
import { LevelKey } from './node_modules/hls.js/src/loader/level-key'
const hex = (n) => [...new LevelKey('AES-128', 'https://a.test/key', 'identity', [1]).getDecryptData(n, undefined).iv].map((b) => b.toString(16).padStart(2, '0')).join('')
for (const n of [7, 4294967295, 4294967296, 4294967303]) console.log(n, hex(n), BigInt(n).toString(16).padStart(32, '0') === hex(n))
E
npx esbuild run.mjs --bundle --platform=node --log-level=error --outfile=out.cjs --define:__USE_EME_DRM__=false --resolve-extensions=.ts,.js
diff - <(node out.cjs) <<'E'
7 00000000000000000000000000000007 true
4294967295 000000000000000000000000ffffffff true
4294967296 00000000000000000000000000000000 false
4294967303 00000000000000000000000000000007 false
E
echo 'hls.js 1.7.4: the default IV is the low 32 bits of the sequence number'
