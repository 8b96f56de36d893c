#!/usr/bin/env bash
# @plussub/srt-vtt-parser 2.0.5 (npm): a WebVTT cue whose times have no hours and whose line carries settings ends at another time: a cue of
# one second that is to stand at the top lasts two minutes. Without settings, or with hours, the same times are read right.
# For us: our writer gives hours always, so that a player with this parser shows our captions when they are due.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund @plussub/srt-vtt-parser@2.0.5
cat > run.cjs <<'E'
const { parse } = require('@plussub/srt-vtt-parser')
for (const times of ['00:01.000 --> 00:02.000', '00:01.000 --> 00:02.000 line:0', '00:00:01.000 --> 00:00:02.000 line:0']) {
  const [cue] = parse(`WEBVTT\n\n${times}\nhello\n`).entries
  console.log(times, '=', cue.from, cue.to)
}
E
diff - <(node run.cjs) <<'E'
00:01.000 --> 00:02.000 = 1000 2000
00:01.000 --> 00:02.000 line:0 = 1000 120000
00:00:01.000 --> 00:00:02.000 line:0 = 1000 2000
E
echo '@plussub/srt-vtt-parser 2.0.5: settings behind times without hours move the end of a cue'
