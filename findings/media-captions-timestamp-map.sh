#!/usr/bin/env bash
# media-captions 1.0.4 (npm): the header X-TIMESTAMP-MAP, by which segments of WebVTT in HLS say what their zero is (RFC 8216 3.5), is cut at
# its first colon: its value reads "MPEGTS". The offset is lost, and captions of a stream that begins at 10 s stand 10 s early.
# For us: captions are one file beside the stream with times from its beginning, without the header.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund media-captions@1.0.4
cat > run.mjs <<'E'
import { parseText } from 'media-captions'
const { cues, errors, metadata } = await parseText(
  'WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n00:01.000 --> 00:02.000\nhello\n', { type: 'vtt' })
console.log(cues[0].startTime, errors.length, JSON.stringify(metadata))
E
diff - <(node run.mjs) <<'E'
1 0 {"X-TIMESTAMP-MAP":"MPEGTS"}
E
echo 'media-captions 1.0.4: X-TIMESTAMP-MAP is cut at its first colon'
