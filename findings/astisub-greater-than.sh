#!/usr/bin/env bash
# github.com/asticode/go-astisub v0.34.0 (Go): "&gt;" in a WebVTT cue is not decoded although "&lt;" and "&amp;" are, and on writing its "&"
# is escaped again: every pass through the library adds an "amp;", and the viewer reads "&gt;" in the picture.
# For us: captions are read and written by mall/media, which knows all six escapes of the standard.
set -euo pipefail
dir=$(mktemp -d); trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT; cd "$dir"
export GOFLAGS=-mod=mod
cat > go.mod <<'E'
module example.test/escapes

go 1.24

require github.com/asticode/go-astisub v0.34.0
E
cat > main.go <<'E'
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/asticode/go-astisub"
)

func main() {
	s, err := astisub.ReadFromWebVTT(strings.NewReader("WEBVTT\n\n00:01.000 --> 00:02.000\na &lt;b&gt; &amp; c\n"))
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Items[0].String())
	if err := s.WriteToWebVTT(os.Stdout); err != nil {
		panic(err)
	}
}
E
diff - <(go run . 2>go.log || cat go.log) <<'E'
a <b&gt; & c
WEBVTT

1
00:00:01.000 --> 00:00:02.000
a &lt;b&amp;gt; &amp; c
E
echo 'go-astisub v0.34.0: &gt; stays as it is and is escaped twice on writing'
