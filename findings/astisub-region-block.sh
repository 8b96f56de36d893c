#!/usr/bin/env bash
# github.com/asticode/go-astisub v0.34.0 (Go): a region written as the standard has it since 2014, a REGION block of lines "name:value", is
# not read; a cue that names it then fails the whole file with "Unknown region". The older form, "Region: id=top", is read.
# For us: captions are read by our own reader, which shows a cue of a region it does not keep at the usual place.
set -euo pipefail
dir=$(mktemp -d); trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT; cd "$dir"
export GOFLAGS=-mod=mod
cat > go.mod <<'E'
module example.test/regions

go 1.24

require github.com/asticode/go-astisub v0.34.0
E
cat > main.go <<'E'
package main

import (
	"fmt"
	"strings"

	"github.com/asticode/go-astisub"
)

func main() {
	for _, region := range []string{"REGION\nid:top\nwidth:40%", "Region: id=top width=40%"} {
		s, err := astisub.ReadFromWebVTT(strings.NewReader("WEBVTT\n\n" + region + "\n\n00:01.000 --> 00:02.000 region:top\nhello\n"))
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(len(s.Items), "cue")
	}
}
E
diff - <(go run . 2>go.log || cat go.log) <<'E'
astisub: line 7: Unknown region top
1 cue
E
echo 'go-astisub v0.34.0: a REGION block is not known, and its cue fails the file'
