#!/usr/bin/env bash
# codeberg.org/go-pdf/fpdf v0.12.0 changes the bytes that AddUTF8FontFromBytes was given: while it writes the document, it reads the advance width of
# a glyph that shares the last one in the table hmtx, and appends the side bearing to that slice, which is the font itself. A program that keeps one
# font for all documents has a data race, and a font with another width in it from then on.
# For us: each PDF gets a copy of the font (web/typeface/typeface.go).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
cat > main.go <<'E'
package main

import (
	"bytes"
	"fmt"
	"io"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gomono"
)

func main() {
	font := bytes.Clone(gomono.TTF)
	p := fpdf.New("P", "mm", "A4", "")
	p.AddUTF8FontFromBytes("mono", "", font)
	p.AddPage()
	p.SetFont("mono", "", 12)
	p.Cell(40, 10, "Statement")
	if err := p.Output(io.Discard); err != nil {
		panic(err)
	}
	fmt.Println("the font is as it was:", bytes.Equal(font, gomono.TTF))
}
E
go mod init font 2>/dev/null
go get codeberg.org/go-pdf/fpdf@v0.12.0 golang.org/x/image@v0.48.0 2>/dev/null
diff - <(go run .) <<'E'
the font is as it was: false
E
echo 'fpdf v0.12.0 writes into the bytes of a font that it was given'
