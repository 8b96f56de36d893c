#!/usr/bin/env bash
# ffmpeg 5.1 (Debian 12): "-codec_whitelist h264" is meant to bound which decoders run. ffprobe with it fails for a film with AAC sound,
# even where -select_streams asks about the picture only; ffmpeg with the same option and "-map 0:v" prints the refusal as an error and
# succeeds. Given by stream index ("-codec_whitelist:0") it is quiet.
# For us: a film is first looked at without decoding, and the list then names the streams that are used, by index.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
command -v ffmpeg >/dev/null || apt-get install -y -q ffmpeg=7:5.1\* >/dev/null
ffmpeg -v error -f lavfi -i testsrc=s=64x36:r=10:d=1 -f lavfi -i sine=d=1 -c:v libx264 -c:a aac film.mp4
{
	ffprobe -v quiet -codec_whitelist h264 -select_streams v -show_entries stream=codec_name -of csv film.mp4 && echo 'ffprobe 0' || echo "ffprobe $?"
	ffmpeg -v error -codec_whitelist h264 -i film.mp4 -map 0:v -f null - 2>&1 | grep -q 'not on whitelist' && echo 'ffmpeg complains'
	ffmpeg -v error -codec_whitelist h264 -i film.mp4 -map 0:v -f null - 2>/dev/null && echo 'ffmpeg 0'
	[ -z "$(ffmpeg -v error -codec_whitelist:0 h264 -i film.mp4 -map 0:v -f null - 2>&1)" ] && echo 'by index: quiet'
} > seen
diff - seen <<'E'
ffprobe 1
ffmpeg complains
ffmpeg 0
by index: quiet
E
echo 'ffmpeg 5.1: codec_whitelist stops ffprobe at a stream that nobody asked for'
