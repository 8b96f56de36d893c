package media

import (
	"encoding/binary"
	"image"
	"image/color"
)

// A telephone writes the pixels as its sensor lies, and beside them how it was held, as the EXIF tag 0x0112 (Exif 2.32,
// 4.6.4): a number from 1, upright, to 8.

const orientationTag = 0x0112

// exifOrientation finds that number in an EXIF block, which is a TIFF file without pictures; 1 where there is none to
// be found.
func exifOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(tiff[:2]) == "MM" {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	entries := int64(order.Uint16(tiff[at:]))
	for e := at + 2; entries > 0 && e+12 <= int64(len(tiff)); e, entries = e+12, entries-1 {
		if order.Uint16(tiff[e:]) == orientationTag {
			if n := int(order.Uint16(tiff[e+8:])); n >= 1 && n <= 8 {
				return n
			}
			return 1
		}
	}
	return 1
}

// upright is the picture as it was seen.
func upright(p image.Image, orientation int) image.Image {
	if orientation == 1 {
		return p
	}
	return &turned{p, orientation}
}

// turned looks at a picture from another side, without a copy of its pixels.
type turned struct {
	image.Image
	orientation int
}

// Bounds are those of the picture as it was seen, from 0, 0 on.
func (t *turned) Bounds() image.Rectangle {
	size := t.Image.Bounds().Size()
	if t.orientation >= 5 {
		size.X, size.Y = size.Y, size.X
	}
	return image.Rectangle{Max: size}
}

// At is the pixel that was seen there.
func (t *turned) At(x, y int) color.Color {
	b := t.Image.Bounds()
	w, h := b.Dx()-1, b.Dy()-1
	switch t.orientation {
	case 2: // mirrored
		x = w - x
	case 3: // upside down
		x, y = w-x, h-y
	case 4:
		y = h - y
	case 5:
		x, y = y, x
	case 6: // turned to the left
		x, y = y, h-x
	case 7:
		x, y = w-y, h-x
	case 8: // turned to the right
		x, y = w-y, x
	}
	return t.Image.At(b.Min.X+x, b.Min.Y+y)
}
