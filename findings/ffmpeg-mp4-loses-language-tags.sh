#!/usr/bin/env bash
# ffmpeg 5.1 (Debian 12): a sound track's language is kept in MP4 only as three letters of ISO 639-2. "zh-CN", "en" or "pt-BR", which
# Matroska keeps and HLS asks for (RFC 5646), are dropped without a word; "chi" stays. A remux from Matroska to MP4 thus loses which
# track speaks what.
# For us: languages are read from the file that was uploaded, before any remux.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
command -v ffmpeg >/dev/null || apt-get install -y -q ffmpeg=7:5.1\* >/dev/null
for language in zh-CN en chi; do
	ffmpeg -v error -y -f lavfi -i sine=d=1 -metadata:s:a:0 language=$language -c:a aac in.mkv
	ffmpeg -v error -y -i in.mkv -c copy out.mp4
	for f in in.mkv out.mp4; do printf '%s in %s: %s\n' $language ${f#*.} "$(ffprobe -v error -show_entries stream_tags=language -of csv=p=0 $f)"; done
done > seen
diff - seen <<'E'
zh-CN in mkv: zh-CN
zh-CN in mp4: 
en in mkv: en
en in mp4: 
chi in mkv: chi
chi in mp4: chi
E
echo 'ffmpeg 5.1: MP4 keeps no language tag but three letters'
