#!/usr/bin/env bash
# github.com/grafov/m3u8 v0.12.1 (Go): a byte range without an offset begins where the one before ended (RFC 8216 4.3.2.2). Read and
# written again it begins at 0, so that the second segment is other bytes of the file; and the BYTERANGE of EXT-X-MAP, a quoted string by
# 4.3.2.5, loses its quotes.
# For us: every segment is a file of its own, which no rewriting cache or origin can move.
set -euo pipefail
dir=$(mktemp -d); trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT; cd "$dir"
export GOFLAGS=-mod=mod
cat > go.mod <<'E'
module example.test/byteranges

go 1.24

require github.com/grafov/m3u8 v0.12.1
E
cat > main.go <<'E'
package main

import (
	"fmt"
	"strings"

	"github.com/grafov/m3u8"
)

const playlist = `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-MAP:URI="film.mp4",BYTERANGE="100@0"
#EXTINF:4.000,
#EXT-X-BYTERANGE:100@100
film.mp4
#EXTINF:4.000,
#EXT-X-BYTERANGE:50
film.mp4
#EXT-X-ENDLIST
`

func main() {
	p, _, err := m3u8.DecodeFrom(strings.NewReader(playlist), true)
	if err != nil {
		panic(err)
	}
	fmt.Print(p.String())
}
E
diff - <(go run . 2>go.log | grep BYTERANGE || cat go.log) <<'E'
#EXT-X-MAP:URI="film.mp4",BYTERANGE=100@0
#EXT-X-BYTERANGE:100@100
#EXT-X-BYTERANGE:50@0
E
echo 'grafov/m3u8 v0.12.1: a range that follows the one before is written as beginning at 0'
