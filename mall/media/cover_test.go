package media_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os/exec"
	"strconv"
	"testing"

	"golang.org/x/image/webp"

	"videomall/db/dbtest"
	"videomall/mall/media"
)

// halves is red on the left and blue on the right.
func halves(w, h int) image.Image {
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 0, 0, 255}
			if x >= w/2 {
				c = color.RGBA{0, 0, 255, 255}
			}
			p.SetRGBA(x, y, c)
		}
	}
	return p
}

func encoded(t *testing.T, encode func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// held marks a JPEG as the picture of a telephone that was held that way.
func held(raw []byte, orientation uint16) []byte {
	exif := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01")
	exif = binary.BigEndian.AppendUint16(exif, orientation)
	exif = append(exif, 0, 0, 0, 0, 0, 0)
	out := append([]byte{}, raw[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(exif)+2))
	return append(append(out, exif...), raw[2:]...)
}

func (f fixture) cover(t *testing.T, stem string, width int) image.Image {
	t.Helper()
	h, err := f.Covers.Open(t.Context(), stem+"-"+strconv.Itoa(width)+".webp")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	p, err := webp.Decode(h)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCovers_Save_three_sizes(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		dbtest.Missing(t, err)
	}
	both(t, func(t *testing.T, f fixture) {
		for name, raw := range map[string][]byte{
			"png":      encoded(t, func(w io.Writer) error { return png.Encode(w, halves(800, 800)) }),
			"jpeg":     encoded(t, func(w io.Writer) error { return jpeg.Encode(w, halves(1600, 700), nil) }),
			"mirrored": held(encoded(t, func(w io.Writer) error { return jpeg.Encode(w, halves(2400, 1350), nil) }), 2),
			"turned":   held(encoded(t, func(w io.Writer) error { return jpeg.Encode(w, halves(900, 1600), nil) }), 6),
		} {
			stem, err := f.Covers.Save(t.Context(), creator,
				bytes.NewReader(append(raw, "<script>secret tail</script>"...)))
			if err != nil || len(stem) != 26 {
				t.Fatalf("%s: %q, %v", name, stem, err)
			}
			for _, width := range media.CoverWidths {
				p := f.cover(t, stem, width)
				if size := p.Bounds().Size(); size.X != width || size.Y != width*9/16 {
					t.Fatalf("%s: %v", name, size)
				}
				r, _, b, _ := p.At(width/4, 20).RGBA()
				left := r > b
				if name == "turned" { // what was left is above
					r, _, b, _ = p.At(width/2, 20).RGBA()
					left = r > b
				}
				if left == (name == "mirrored") {
					t.Errorf("%s at %d: the halves are the wrong way round", name, width)
				}
			}
			h, err := f.Covers.Open(t.Context(), stem+"-960.webp")
			if err != nil {
				t.Fatal(err)
			}
			kept, _ := io.ReadAll(h)
			h.Close()
			if bytes.Contains(kept, []byte("secret")) {
				t.Errorf("%s: what was uploaded is served", name)
			}
		}
		for _, name := range []string{
			"x", "../secret", "aaaaaaaaaaaaaaaaaaaaaaaaaa-320.webp",
			"aaaaaaaaaaaaaaaaaaaaaaaaaa-100.webp",
		} {
			if _, err := f.Covers.Open(t.Context(), name); !errors.Is(err, media.ErrNoCover) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// claims is the head of a PNG that says it is that large.
func claims(w, h uint32) []byte {
	head := []byte("IHDR")
	head = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(head, w), h)
	head = append(head, 8, 6, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	return binary.BigEndian.AppendUint32(append(out, head...), crc32.ChecksumIEEE(head))
}

func TestCovers_Save_refused(t *testing.T) {
	t.Parallel()
	f := open(t)
	whole := encoded(t, func(w io.Writer) error { return jpeg.Encode(w, halves(800, 450), nil) })
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"huge":            {claims(100_000, 100_000), media.ErrCoverPixels},
		"huge and narrow": {claims(2_000_000_000, 300), media.ErrCoverPixels},
		"just too many":   {claims(8000, 5001), media.ErrCoverPixels},
		"tiny": {encoded(t, func(w io.Writer) error {
			return png.Encode(w, halves(100, 60))
		}), media.ErrCoverPixels},
		"cut off":      {whole[:len(whole)/2], media.ErrCoverKind},
		"a head alone": {claims(800, 450), media.ErrCoverKind},
		"text":         {[]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), media.ErrCoverKind},
		"nothing":      {nil, media.ErrCoverKind},
		"too heavy":    {append(whole, make([]byte, 15<<20)...), media.ErrCoverSize},
	} {
		if stem, err := f.Covers.Save(t.Context(), creator, bytes.NewReader(c.raw)); !errors.Is(err, c.want) {
			t.Errorf("%s: %q, %v", name, stem, err)
		}
	}
}
