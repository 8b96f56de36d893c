package icc_test

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"videomall/mall/media/icc"
)

// made puts a profile together of its tags.
func made(space, pcs string, tags map[string][]byte) []byte {
	raw := make([]byte, 132)
	copy(raw[16:], space)
	copy(raw[20:], pcs)
	copy(raw[36:], "acsp")
	binary.BigEndian.PutUint32(raw[128:], uint32(len(tags)))
	at := len(raw) + 12*len(tags)
	var data []byte
	for name, tag := range tags {
		raw = append(raw, name...)
		raw = binary.BigEndian.AppendUint32(raw, uint32(at+len(data)))
		raw = binary.BigEndian.AppendUint32(raw, uint32(len(tag)))
		data = append(data, tag...)
	}
	return append(raw, data...)
}

func fixed(v float64) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(int32(math.Round(v*65536))))
}

func xyz(x, y, z float64) []byte {
	tag := append([]byte("XYZ \x00\x00\x00\x00"), fixed(x)...)
	return append(append(tag, fixed(y)...), fixed(z)...)
}

func gamma(g float64) []byte {
	tag := []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01")
	return binary.BigEndian.AppendUint16(tag, uint16(math.Round(g*256)))
}

// srgbCurve is parametricCurveType 3 with the numbers of IEC 61966-2-1.
func srgbCurve() []byte {
	tag := []byte("para\x00\x00\x00\x00\x00\x03\x00\x00")
	for _, v := range []float64{2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045} {
		tag = append(tag, fixed(v)...)
	}
	return tag
}

func rgb(curve []byte, r, g, b []byte) []byte {
	return made("RGB ", "XYZ ", map[string][]byte{
		"rTRC": curve, "gTRC": curve, "bTRC": curve, "rXYZ": r, "gXYZ": g, "bXYZ": b,
	})
}

// The primaries are those of the profiles that Adobe, Apple and the ICC publish.
var (
	adobeRGB = rgb(gamma(2.19921875), xyz(0.60974, 0.31111, 0.01947), xyz(0.20528, 0.62567, 0.06087),
		xyz(0.14919, 0.06322, 0.74457))
	p3 = rgb(srgbCurve(), xyz(0.51512, 0.24120, -0.00105), xyz(0.29198, 0.69225, 0.04189),
		xyz(0.15710, 0.06657, 0.78407))
	srgb = rgb(srgbCurve(), xyz(0.43607, 0.22249, 0.01392), xyz(0.38515, 0.71687, 0.09708),
		xyz(0.14307, 0.06061, 0.71410))
)

// inks is a CMYK table of two points a channel: no ink is white, black ink is black, and each of the others takes a
// third of the light.
func inks(kind string, lab func(l float64) []byte) []byte {
	tag := append([]byte(kind), 0, 0, 0, 0, 4, 3, 2, 0)
	tag = append(tag, make([]byte, 36)...)
	var line []byte
	if kind == "mft2" {
		tag = append(tag, 0, 2, 0, 2)
		line = []byte{0, 0, 255, 255}
	} else {
		for i := range 256 {
			line = append(line, byte(i))
		}
	}
	for range 4 {
		tag = append(tag, line...)
	}
	for point := range 16 { // the last channel, black, moves fastest
		l := 100.0
		for channel := range 3 {
			if point>>(3-channel)&1 == 1 {
				l -= 30
			}
		}
		if point&1 == 1 {
			l = 0
		}
		tag = append(tag, lab(l)...)
	}
	for range 3 {
		tag = append(tag, line...)
	}
	return made("CMYK", "Lab ", map[string][]byte{"A2B0": tag})
}

func inks8() []byte {
	return inks("mft1", func(l float64) []byte { return []byte{byte(math.Round(l * 2.55)), 128, 128} })
}

func inks16() []byte {
	return inks("mft2", func(l float64) []byte {
		b := binary.BigEndian.AppendUint16(nil, uint16(math.Round(l*652.8)))
		return append(b, 0x80, 0, 0x80, 0)
	})
}

func TestTransform_SRGB(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		profile []byte
		device  [4]uint8
		want    [3]uint8
	}{
		// By the chromaticities and D65 alone, without a profile's numbers, (254, 128, 0) of sRGB is (226.5, 127, 29.8)
		// of Adobe RGB.
		"orange of Adobe RGB":          {adobeRGB, [4]uint8{227, 127, 30}, [3]uint8{255, 128, 1}},
		"white of Adobe RGB":           {adobeRGB, [4]uint8{255, 255, 255}, [3]uint8{255, 255, 255}},
		"green beyond sRGB is clipped": {adobeRGB, [4]uint8{0, 255, 0}, [3]uint8{0, 255, 0}},
		"orange of Display P3":         {p3, [4]uint8{237, 137, 50}, [3]uint8{253, 130, 0}},
		"grey of Display P3":           {p3, [4]uint8{100, 100, 100}, [3]uint8{100, 100, 100}},
		"sRGB stays":                   {srgb, [4]uint8{224, 126, 30}, [3]uint8{224, 126, 30}},
		"grey of gamma 1.8": {
			made("GRAY", "XYZ ", map[string][]byte{"kTRC": gamma(1.8)}),
			[4]uint8{128, 128, 128},
			[3]uint8{147, 147, 147},
		},
		"paper, 8 bits":                 {inks8(), [4]uint8{}, [3]uint8{255, 255, 255}},
		"black ink, 8 bits":             {inks8(), [4]uint8{3: 255}, [3]uint8{0, 0, 0}},
		"paper, 16 bits":                {inks16(), [4]uint8{}, [3]uint8{255, 255, 255}},
		"black ink, 16 bits":            {inks16(), [4]uint8{3: 255}, [3]uint8{0, 0, 0}},
		"one ink is L* 70, 16 bits":     {inks16(), [4]uint8{255}, [3]uint8{171, 171, 171}},
		"half of one is L* 85, 16 bits": {inks16(), [4]uint8{0, 128}, [3]uint8{212, 212, 212}},
	} {
		transform, err := icc.Parse(c.profile)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for range 2 { // the second is remembered
			got := transform.SRGB(c.device)
			for i := range got {
				if d := int(got[i]) - int(c.want[i]); d < -2 || d > 2 {
					t.Errorf("%s: %v, not %v", name, got, c.want)
					break
				}
			}
		}
	}
}

func TestParse_refuses(t *testing.T) {
	t.Parallel()
	behind := append([]byte{}, adobeRGB...)
	binary.BigEndian.PutUint32(behind[132+4:], 1<<31)
	for name, raw := range map[string][]byte{
		"nothing":         nil,
		"text":            make([]byte, 500),
		"a tag behind":    behind,
		"a table cut off": inks16()[:300],
		"no curves":       made("RGB ", "XYZ ", nil),
		"another space":   made("HSV ", "XYZ ", nil),
		"a device link":   made("RGB ", "CMYK", nil),
		"a table of version4": made("CMYK", "Lab ",
			map[string][]byte{"A2B0": append([]byte("mAB \x00\x00\x00\x00\x04\x03\x02"), make([]byte, 90)...)}),
	} {
		if _, err := icc.Parse(raw); !errors.Is(err, icc.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Profiles come from strangers.
func FuzzParse(f *testing.F) {
	for _, raw := range [][]byte{adobeRGB, p3, inks8(), inks16()} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		transform, err := icc.Parse(raw)
		if err != nil {
			return
		}
		for _, v := range []uint8{0, 77, 255} {
			transform.SRGB([4]uint8{v, v, 255 - v, v})
		}
	})
}
