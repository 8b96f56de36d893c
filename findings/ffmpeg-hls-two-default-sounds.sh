#!/usr/bin/env bash
# ffmpeg 5.1 (Debian 12): two sounds in one agroup of var_stream_map, none of them marked, are both written with DEFAULT=YES, although a group
# must not have two of those (RFC 8216 4.3.4.1.1), and each is listed as a variant of its own beside the picture, without one. With
# default:yes on the first of them both are gone.
# For us: the first sound is marked as the default, and the master playlist is written anew by the mall.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
command -v ffmpeg >/dev/null || apt-get install -y -q ffmpeg=7:5.1\* >/dev/null
master() {
  ffmpeg -v error -y -f lavfi -i testsrc=s=64x36:r=10:d=2 -f lavfi -i sine=f=300:d=2 -f lavfi -i sine=f=900:d=2 -map 0 -map 1 -map 2 \
    -c:v libx264 -g 20 -c:a aac -f hls -hls_time 2 -hls_playlist_type vod -master_pl_name master.m3u8 \
    -var_stream_map "v:0,agroup:s,name:picture a:0,agroup:s$1,name:one a:1,agroup:s,name:two" %v.m3u8
  sed -nE 's/.*(DEFAULT=[A-Z]+).*/\1/p; s/^([a-z]+\.m3u8)$/variant \1/p' master.m3u8
}
diff - <(master ''; echo; master ',default:yes') <<'E2'
DEFAULT=YES
DEFAULT=YES
variant picture.m3u8
variant one.m3u8
variant two.m3u8

DEFAULT=YES
DEFAULT=NO
variant picture.m3u8
E2
echo 'ffmpeg 5.1: two sounds of one group are both the default, and each is a variant, too'
