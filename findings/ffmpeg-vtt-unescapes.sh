#!/usr/bin/env bash
# ffmpeg 5.1 (Debian 12): WebVTT that passes its encoder loses its escapes. "a &lt;b&gt; &amp; c" is written as "a <b> & c", in which "<b>"
# is a tag: the reader sees "a & c" and the rest in bold. Voices, classes and the settings of the cue go too. So does SubRip with
# "5 < 6": the text from "<" on is a tag for a WebVTT reader.
# For us: captions are escaped by our own writer; ffmpeg is not asked.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
command -v ffmpeg >/dev/null || apt-get install -y -q ffmpeg=7:5.1\* >/dev/null
printf 'WEBVTT\n\n00:01.000 --> 00:02.000 line:0\n<v Ann>a &lt;b&gt; &amp; c</v>\n' > in.vtt
printf '1\n00:00:01,000 --> 00:00:02,000\n5 < 6 & 7\n' > in.srt
diff - <(for f in in.vtt in.srt; do ffmpeg -v error -i $f -c:s webvtt -f webvtt -; done) <<'E'
WEBVTT

00:01.000 --> 00:02.000
a <b> & c
WEBVTT

00:01.000 --> 00:02.000
5 < 6 & 7
E
echo 'ffmpeg 5.1: what was escaped in WebVTT comes out as markup'
