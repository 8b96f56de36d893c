#!/usr/bin/env bash
# ffmpeg 5.1 (Debian 12): the hls muxer cuts and measures by the picture alone. Of 4 s of picture with 9 s of sound the playlist says two
# segments of 2 s, and its last one holds 7 s: 5 s of sound for which a player has no place on its time line, and a length that is wrong by
# more than half. EXT-X-TARGETDURATION says 2 for it as well, against RFC 8216 4.3.3.1.
# For us: both tracks are brought to one length before they are cut (the last picture stands, or silence follows).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
command -v ffmpeg >/dev/null || apt-get install -y -q ffmpeg=7:5.1\* >/dev/null
ffmpeg -v error -f lavfi -i testsrc=s=64x36:r=10:d=4 -f lavfi -i sine=d=9 -c:v libx264 -g 20 -c:a aac -f hls -hls_time 2 -hls_playlist_type vod out.m3u8
diff - <(grep -E 'TARGET|INF' out.m3u8; ffprobe -v error -show_entries format=duration -of csv=p=0 out1.ts | cut -d. -f1) <<'E'
#EXT-X-TARGETDURATION:2
#EXTINF:2.000000,
#EXTINF:2.000000,
7
E
echo 'ffmpeg 5.1: the last segment is said to last 2 s and holds 7 s'
