package media

import (
	"encoding/binary"
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

// A telephone writes the pixels as its sensor lies and how it was held beside them, as the EXIF tag 0x0112 (Exif 2.32, 4.6.4): a number from
// 1, upright, to 8.

const orientationTag = 0x0112

// orientation finds that number in a JPEG file; 1 where there is none to be found.
func orientation(jpeg []byte) int {
	for at := 2; at+4 <= len(jpeg) && jpeg[at] == 0xff; {
		marker, length := jpeg[at+1], int(binary.BigEndian.Uint16(jpeg[at+2:]))
		end := at + 2 + length
		if length < 2 || end > len(jpeg) || marker == 0xda { // the pixels begin
			return 1
		}
		if marker == 0xe1 && length > 8 && string(jpeg[at+4:at+10]) == "Exif\x00\x00" {
			return exifOrientation(jpeg[at+10 : end])
		}
		at = end
	}
	return 1
}

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
	// Looking at pixels one by one is slow: no more of them than a cover needs.
	if size := p.Bounds().Size(); max(size.X, size.Y) > turnedMost {
		by := float64(turnedMost) / float64(max(size.X, size.Y))
		small := image.NewRGBA(image.Rect(0, 0, max(1, int(float64(size.X)*by)), max(1, int(float64(size.Y)*by))))
		draw.CatmullRom.Scale(small, small.Bounds(), p, p.Bounds(), draw.Src, nil)
		p = small
	}
	return &turned{p, orientation}
}

// turnedMost is the longer side of what is turned, in pixels: twice a cover's width.
const turnedMost = 1920

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
