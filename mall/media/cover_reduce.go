package media

import (
	"image"
	"image/color"

	"videomall/mall/media/icc"
)

// reducedWidth is the most pixels along 16 of a picture that is 16:9 after it was reduced: twice a cover's width.
const reducedWidth = 1920

// reduce cuts the middle of 16:9 out of a decoded picture and averages squares of its pixels, so that at most
// reducedWidth by 1080 are left and everything after it is cheap. What is transparent lies on white. studio says that
// luma and chroma have the range of television, see rows. The result is an *image.RGBA in the picture's own colour
// space, or an *image.CMYK.
func reduce(p image.Image, orientation int, studio bool) image.Image {
	part := middle(p.Bounds())
	along := part.Dx()
	if orientation >= 5 { // it lies on its side: 9:16 of it are 16:9 of what was seen
		b := p.Bounds()
		lying := middle(image.Rect(b.Min.Y, b.Min.X, b.Max.Y, b.Max.X))
		part = image.Rect(lying.Min.Y, lying.Min.X, lying.Max.Y, lying.Max.X)
		along = part.Dy()
	}
	by := (along + reducedWidth - 1) / reducedWidth
	width, height := part.Dx()/by, part.Dy()/by
	_, isCMYK := p.(*image.CMYK)
	pix := make([]uint8, 4*width*height)
	read, row, sums := rows(p, studio), make([]uint8, 4*width*by), make([]uint32, 4*width)
	for y := range height {
		clear(sums)
		for n := range by {
			read(part.Min.X, part.Min.Y+y*by+n, row)
			for x := range width {
				sum := sums[4*x : 4*x+4]
				for at := 4 * x * by; at < 4*(x+1)*by; at += 4 {
					sum[0] += uint32(row[at])
					sum[1] += uint32(row[at+1])
					sum[2] += uint32(row[at+2])
					sum[3] += uint32(row[at+3])
				}
			}
		}
		for i, sum := range sums {
			pix[4*width*y+i] = uint8((sum + uint32(by*by)/2) / uint32(by*by))
		}
	}
	size := image.Rect(0, 0, width, height)
	if isCMYK {
		return &image.CMYK{
			Pix:    pix,
			Stride: 4 * width,
			Rect:   size,
		}
	}
	return &image.RGBA{
		Pix:    pix,
		Stride: 4 * width,
		Rect:   size,
	}
}

// rows returns how to read the pixels from x, y on to the right, as many as fit: four bytes each, CMYK or opaque RGB.
// The kinds that Go's decoders make of photographs are read without a call for each pixel.
//
// Lossy WebP has luma from 16 to 235 (RFC 9649, 2.5, as BT.601). golang.org/x/image/webp hands these numbers out as an
// image.YCbCr, whose numbers are of the full range, as in JPEG: taken for those, every colour loses contrast.
func rows(p image.Image, studio bool) func(x, y int, row []uint8) {
	toRGB := color.YCbCrToRGB
	if studio {
		toRGB = studioToRGB
	}
	switch p := p.(type) {
	case *image.CMYK:
		return func(x, y int, row []uint8) { copy(row, p.Pix[p.PixOffset(x, y):]) }
	case *image.RGBA:
		return func(x, y int, row []uint8) {
			copy(row, p.Pix[p.PixOffset(x, y):])
			onWhite(row)
		}
	case *image.YCbCr:
		return func(x, y int, row []uint8) {
			for i := 0; i < len(row); i += 4 {
				luma, chroma := p.YOffset(x, y), p.COffset(x, y)
				row[i], row[i+1], row[i+2] = toRGB(p.Y[luma], p.Cb[chroma], p.Cr[chroma])
				row[i+3] = 0xff
				x++
			}
		}
	}
	if p, ok := p.(*image.NYCbCrA); ok {
		opaque := rows(&p.YCbCr, studio)
		return func(x, y int, row []uint8) {
			opaque(x, y, row)
			for i := 0; i < len(row); i += 4 {
				a := uint16(p.A[p.AOffset(x, y)])
				for k := range 3 { // on white
					row[i+k] = uint8((uint16(row[i+k])*a + 0xff*(0xff-a) + 0x7f) / 0xff)
				}
				x++
			}
		}
	}
	return func(x, y int, row []uint8) {
		for i := 0; i < len(row); i += 4 {
			r, g, b, a := p.At(x, y).RGBA()
			row[i] = uint8(r >> 8)
			row[i+1] = uint8(g >> 8)
			row[i+2] = uint8(b >> 8)
			row[i+3] = uint8(a >> 8)
			x++
		}
		onWhite(row)
	}
}

// studioToRGB is BT.601 with luma from 16 to 235 and chroma from 16 to 240.
func studioToRGB(y, cb, cr uint8) (r, g, b uint8) {
	light, blue, red := 298*(int(y)-16), int(cb)-128, int(cr)-128
	channel := func(v int) uint8 { return uint8(min(max((v+128)>>8, 0), 255)) }
	return channel(light + 409*red), channel(light - 100*blue - 208*red), channel(light + 516*blue)
}

// onWhite lays premultiplied pixels on white.
func onWhite(row []uint8) {
	for i := 0; i < len(row); i += 4 {
		rest := 0xff - row[i+3]
		row[i] += rest
		row[i+1] += rest
		row[i+2] += rest
		row[i+3] = 0xff
	}
}

// inSRGB converts a reduced picture in place where it names another colour space. A profile that can't be read, or that
// belongs to another kind of pixels, is left out, as programs do that know no profiles.
func inSRGB(p image.Image, profile []byte) image.Image {
	var convert func([4]uint8) [3]uint8
	if transform, err := icc.Parse(profile); err == nil {
		convert = transform.SRGB
		if _, isCMYK := p.(*image.CMYK); isCMYK != (transform.Space == icc.CMYK) {
			convert = nil
		}
	}
	switch p := p.(type) {
	case *image.RGBA:
		if convert != nil {
			convertPixels(p.Pix, convert)
		}
	case *image.CMYK:
		if convert == nil {
			convert = func(c [4]uint8) (rgb [3]uint8) {
				rgb[0], rgb[1], rgb[2] = color.CMYKToRGB(c[0], c[1], c[2], c[3])
				return rgb
			}
		}
		convertPixels(p.Pix, convert)
		return &image.RGBA{
			Pix:    p.Pix,
			Stride: p.Stride,
			Rect:   p.Rect,
		}
	}
	return p
}

func convertPixels(pix []uint8, convert func([4]uint8) [3]uint8) {
	for i := 0; i+4 <= len(pix); i += 4 {
		rgb := convert([4]uint8(pix[i : i+4]))
		copy(pix[i:], rgb[:])
		pix[i+3] = 0xff
	}
}
