#!/usr/bin/env bash
# ffmpeg 5.1 (Debian 12): the webp muxer, writing a picture of more than its buffer of 32 KB into a pipe, leaves the length in the RIFF header
# at 0 and reports success; strict readers (golang.org/x/image/webp v0.47: "short chunk data") refuse the file, browsers show it. The muxer
# image2pipe, which passes on what libwebp made, writes the length.
# For us: covers are encoded through image2pipe, and the demo's sheets into a file.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
command -v ffmpeg >/dev/null || apt-get install -y -q ffmpeg=7:5.1\* >/dev/null
picture() { ffmpeg -v error -f lavfi -i testsrc2=s=1000x1000,noise=alls=60 -frames:v 1 -c:v libwebp -quality 80 -f "$1" "$2"; }
says() { test "$(stat -c %s "$1")" -gt 32768 && od -An -tu4 -j4 -N4 "$1" | tr -d ' ' | sed "s/^$(($(stat -c %s "$1") - 8))$/its length/"; }
picture webp pipe:1 > a; picture webp b.webp; picture image2pipe pipe:1 > c
diff - <(says a; says b.webp; says c) <<'E2'
0
its length
its length
E2
echo 'ffmpeg 5.1: a WebP in a pipe has the length 0'
