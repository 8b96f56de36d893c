#!/usr/bin/env bash
# A WebVTT cue without text is valid (it clears what an editor left between two lines). Two parsers differ from the standard on it:
# @plussub/srt-vtt-parser 2.0.5 takes the whole next cue, its times included, for the text of the empty one; node-webvtt 2.0.0 leaves the
# empty cue out. webvtt-parser 2.2.0, the W3C's reading, gives two cues.
# For us: cues without text are dropped when captions are read in, so that no player meets one.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm install --silent --no-audit --no-fund @plussub/srt-vtt-parser@2.0.5 node-webvtt@2.0.0 webvtt-parser@2.2.0
cat > run.cjs <<'E'
const text = 'WEBVTT\n\n00:01.000 --> 00:02.000\n\n00:03.000 --> 00:04.000\nho\n'
const say = (name, cues) => console.log(name, JSON.stringify(cues))
say('webvtt-parser', new (require('webvtt-parser').WebVTTParser)().parse(text, 'subtitles').cues.map((c) => [c.startTime, c.endTime, c.text]))
say('@plussub', require('@plussub/srt-vtt-parser').parse(text).entries.map((c) => [c.from, c.to, c.text]))
say('node-webvtt', require('node-webvtt').parse(text).cues.map((c) => [c.start, c.end, c.text]))
E
diff - <(node run.cjs) <<'E'
webvtt-parser [[1,2,""],[3,4,"ho"]]
@plussub [[1000,2000,"\n00:03.000 --> 00:04.000\nho"]]
node-webvtt [[3,4,"ho"]]
E
echo 'an empty WebVTT cue swallows the next one in one parser and is gone in another'
