package media_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os/exec"
	"strconv"
	"testing"

	"videomall/db/dbtest"
	"videomall/mall/media"
)

// adobeRGB is a profile of the primaries and the gamma of Adobe RGB (1998).
func adobeRGB() []byte {
	tags := []struct {
		name string
		data []byte
	}{
		{"rXYZ", numbers("XYZ ", 0.60974, 0.31111, 0.01947)},
		{"gXYZ", numbers("XYZ ", 0.20528, 0.62567, 0.06087)},
		{"bXYZ", numbers("XYZ ", 0.14919, 0.06322, 0.74457)},
	}
	for _, name := range []string{"rTRC", "gTRC", "bTRC"} {
		tags = append(tags, struct {
			name string
			data []byte
		}{name, []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33")})
	}
	raw := make([]byte, 132)
	copy(raw[16:], "RGB XYZ ")
	copy(raw[36:], "acsp")
	raw[131] = byte(len(tags))
	var data []byte
	for _, t := range tags {
		raw = append(raw, t.name...)
		raw = binary.BigEndian.AppendUint32(raw, uint32(132+12*len(tags)+len(data)))
		raw = binary.BigEndian.AppendUint32(raw, uint32(len(t.data)))
		data = append(data, t.data...)
	}
	return append(raw, data...)
}

func numbers(kind string, values ...float64) []byte {
	tag := append([]byte(kind), 0, 0, 0, 0)
	for _, v := range values {
		tag = binary.BigEndian.AppendUint32(tag, uint32(int32(math.Round(v*65536))))
	}
	return tag
}

func plain(c color.Color) image.Image {
	p := image.NewRGBA(image.Rect(0, 0, 640, 360))
	for y := range 360 {
		for x := range 640 {
			p.Set(x, y, c)
		}
	}
	return p
}

// segment puts a marker segment behind the begin of a JPEG.
func segment(raw []byte, marker byte, body string) []byte {
	out := append([]byte{}, raw[:2]...)
	out = append(out, 0xff, marker)
	out = binary.BigEndian.AppendUint16(out, uint16(len(body)+2))
	return append(append(out, body...), raw[2:]...)
}

// chunked puts a chunk behind the head of a PNG.
func chunked(raw []byte, kind string, body []byte) []byte {
	chunk := append([]byte(kind), body...)
	out := append([]byte{}, raw[:33]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
	out = append(out, chunk...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
	return append(out, raw[33:]...)
}

func packed(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return append([]byte("icc\x00\x00"), out.Bytes()...)
}

// extended wraps a WebP as one with chunks besides its pixels.
func extended(raw []byte, flags byte, kind string, body []byte) []byte {
	chunk := func(kind string, body []byte) []byte {
		out := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
		out = append(out, body...)
		if len(body)%2 == 1 {
			out = append(out, 0)
		}
		return out
	}
	head := chunk("VP8X", []byte{flags, 0, 0, 0, 0x7f, 2, 0, 0x67, 1, 0}) // 640 × 360
	pixels := raw[12:]
	var all []byte
	if kind == "ICCP" {
		all = append(append(append([]byte("WEBP"), head...), chunk(kind, body)...), pixels...)
	} else {
		all = append(append(append([]byte("WEBP"), head...), pixels...), chunk(kind, body)...)
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(all))), all...)
}

// shown is what ffmpeg, which knows the range of a WebP's numbers, makes of a picture's middle.
func shown(t *testing.T, raw []byte) (r, g, b uint8) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "image2pipe", "-c:v", "webp", "-i", "-", "-vf",
		"crop=16:16", "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
	c.Stdin = bytes.NewReader(raw)
	out, err := c.Output()
	if err != nil || len(out) != 3*16*16 {
		t.Fatalf("%d bytes: %v", len(out), err)
	}
	return out[0], out[1], out[2]
}

func (f fixture) coverFile(t *testing.T, stem string, width int) []byte {
	t.Helper()
	h, err := f.Covers.Open(t.Context(), stem+"-"+strconv.Itoa(width)+".webp")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	raw, err := io.ReadAll(h)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// asWebP has ffmpeg write a lossy WebP, as photographs are.
func asWebP(t *testing.T, p image.Image) []byte {
	t.Helper()
	c := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "image2pipe", "-c:v", "png", "-i", "-", "-c:v",
		"libwebp", "-quality", "95", "-f", "image2pipe", "-")
	c.Stdin = bytes.NewReader(encoded(t, func(w io.Writer) error { return png.Encode(w, p) }))
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The row of cases/README.md: (254, 128, 0) as it looks, in Adobe RGB.
func TestCoverTurn_Save_profile(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		dbtest.Missing(t, err)
	}
	f := open(t)
	orange := plain(color.RGBA{227, 127, 30, 255})
	asPNG := encoded(t, func(w io.Writer) error { return png.Encode(w, orange) })
	asJPEG := encoded(t, func(w io.Writer) error { return jpeg.Encode(w, orange, &jpeg.Options{Quality: 95}) })
	profile := adobeRGB()
	half := len(profile) / 2
	pieces := segment(segment(asJPEG, 0xe2, "ICC_PROFILE\x00\x02\x02"+string(profile[half:])), 0xe2,
		"ICC_PROFILE\x00\x01\x02"+string(profile[:half]))
	for name, c := range map[string]struct {
		raw  []byte
		want color.RGBA
	}{
		"JPEG": {
			segment(asJPEG, 0xe2, "ICC_PROFILE\x00\x01\x01"+string(profile)),
			color.RGBA{254, 128, 0, 255},
		},
		"JPEG, in two pieces": {pieces, color.RGBA{254, 128, 0, 255}},
		"JPEG, a piece missing": {
			segment(asJPEG, 0xe2, "ICC_PROFILE\x00\x01\x02"+string(profile)),
			color.RGBA{227, 127, 30, 255},
		},
		"PNG":                 {chunked(asPNG, "iCCP", packed(profile)), color.RGBA{254, 128, 0, 255}},
		"PNG, broken profile": {chunked(asPNG, "iCCP", packed(profile[:200])), color.RGBA{227, 127, 30, 255}},
		"PNG without":         {asPNG, color.RGBA{227, 127, 30, 255}},
		"WebP without":        {asWebP(t, orange), color.RGBA{227, 127, 30, 255}},
		"WebP":                {extended(asWebP(t, orange), 0x20, "ICCP", profile), color.RGBA{254, 128, 0, 255}},
	} {
		stem, err := f.Covers.Save(t.Context(), creator, bytes.NewReader(c.raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r, g, b := shown(t, f.coverFile(t, stem, 960))
		for i, d := range []int{int(r) - int(c.want.R), int(g) - int(c.want.G), int(b) - int(c.want.B)} {
			if d < -6 || d > 6 { // WebP halves the colours' lines and rounds
				t.Errorf("%s: channel %d of %d,%d,%d, not %v", name, i, r, g, b, c.want)
			}
		}
	}
}

func TestCoverTurn_Save_orientation(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		dbtest.Missing(t, err)
	}
	f := open(t)
	// mirrored
	exif := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x02\x00\x00\x00\x00\x00\x00")
	asPNG := encoded(t, func(w io.Writer) error { return png.Encode(w, halves(640, 360)) })
	asLossy := asWebP(t, halves(640, 360))
	for name, c := range map[string]struct {
		raw     []byte
		redLeft bool
	}{
		"PNG":                {asPNG, true},
		"PNG with eXIf":      {chunked(asPNG, "eXIf", exif), false},
		"WebP":               {asLossy, true},
		"WebP with EXIF":     {extended(asLossy, 0x08, "EXIF", exif), false},
		"WebP with a prefix": {extended(asLossy, 0x08, "EXIF", append([]byte("Exif\x00\x00"), exif...)), false},
	} {
		stem, err := f.Covers.Save(t.Context(), creator, bytes.NewReader(c.raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r, _, b, _ := f.cover(t, stem, 320).At(80, 90).RGBA()
		if (r > b) != c.redLeft {
			t.Errorf("%s: red is on the wrong side", name)
		}
	}
}

// Pixels of every kind that a decoder makes come out the same: large ones averaged, transparent ones on white.
func TestSmallInSRGB(t *testing.T) {
	t.Parallel()
	size := image.Rect(0, 0, 2000, 1125)
	for name, c := range map[string]struct {
		picture interface {
			image.Image
			Set(x, y int, c color.Color)
		}
		dot, want color.Color
	}{
		"RGB":               {image.NewRGBA(size), color.RGBA{200, 100, 50, 255}, color.RGBA{200, 100, 50, 255}},
		"half transparent":  {image.NewNRGBA(size), color.NRGBA{0, 0, 0, 128}, color.RGBA{127, 127, 127, 255}},
		"quite transparent": {image.NewNRGBA64(size), color.NRGBA64{}, color.RGBA{255, 255, 255, 255}},
		"16 bits": {
			image.NewRGBA64(size),
			color.RGBA64{0xc8c8, 0x6464, 0x3232, 0xffff},
			color.RGBA{200, 100, 50, 255},
		},
		"grey":               {image.NewGray(size), color.Gray{90}, color.RGBA{90, 90, 90, 255}},
		"ink, without words": {image.NewCMYK(size), color.CMYK{0, 255, 255, 0}, color.RGBA{255, 0, 0, 255}},
	} {
		for y := range size.Dy() {
			for x := range size.Dx() {
				c.picture.Set(x, y, c.dot)
			}
		}
		small := media.SmallInSRGB(c.picture, nil)
		if got := small.Bounds().Size(); got != image.Pt(1000, 562) {
			t.Errorf("%s: %v", name, got)
		}
		if got := color.RGBAModel.Convert(small.At(700, 300)); got != c.want {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
	}
}
