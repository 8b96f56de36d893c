#!/usr/bin/env bash
# WebVTT hours are "two or more digits". subsrt-ts 2.1.2 and media-captions 1.0.4 (npm, the captions of Vidstack) drop a cue at 100 hours
# or later without an error; webvtt-parser 2.2.0 reads it. Streams that run for days have such cues.
# For us: no film is that long; a partner who plays our captions in a running stream may meet it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund subsrt-ts@2.1.2 media-captions@1.0.4 webvtt-parser@2.2.0
cat > run.mjs <<'E'
import { createRequire } from 'node:module'
import { parseText } from 'media-captions'
const require = createRequire(import.meta.url)
const text = 'WEBVTT\n\n99:59:59.000 --> 99:59:59.500\nlast\n\n100:00:01.000 --> 100:00:02.000\nlate\n'
const read = new (require('webvtt-parser').WebVTTParser)().parse(text, 'subtitles')
console.log('webvtt-parser', read.cues.length, 'errors', read.errors.length)
console.log('subsrt-ts', require('subsrt-ts').parse(text, { format: 'vtt' }).filter((c) => c.type === 'caption').length)
const captions = await parseText(text, { type: 'vtt' })
console.log('media-captions', captions.cues.length, 'errors', captions.errors.length)
E
diff - <(node run.mjs) <<'E'
webvtt-parser 2 errors 0
subsrt-ts 1
media-captions 1 errors 0
E
echo 'cues from 100 hours on are dropped by subsrt-ts 2.1.2 and media-captions 1.0.4'
