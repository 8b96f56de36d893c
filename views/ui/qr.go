package ui

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// quietZone is the width of the white border around a QR code in modules, as ISO/IEC 18004 demands.
const quietZone = 4

// QR is a QR code as an SVG path, in modules. Size is its width and height with the border.
type QR struct {
	Path string
	Size int
}

// ViewBox is the part of the plane that the code takes.
func (q QR) ViewBox() string { return fmt.Sprintf("0 0 %d %d", q.Size, q.Size) }

// DrawQR draws a text as a QR code that survives 15 % of damage. It fails if the text is too long for one.
func DrawQR(text string) (QR, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return QR{}, fmt.Errorf("draw a QR code of %d bytes: %w", len(text), err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			run := 0
			for x+run < code.Size && code.Black(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quietZone, y+quietZone, run, run)
				x += run
			}
		}
	}
	return QR{path.String(), code.Size + 2*quietZone}, nil
}
