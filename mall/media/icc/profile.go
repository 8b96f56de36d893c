// Package icc converts colours from the space that an ICC profile describes to sRGB. It owns the reading of profiles
// (ICC.1:2022, and the older forms of version 2) and the arithmetic; it knows no picture formats.
//
// It reads what cameras, screens and print shops write: RGB profiles of three curves and a matrix, grey profiles of one
// curve, and RGB or CMYK profiles with a lookup table of the types lut8 and lut16. It doesn't read lutAToBType ("mAB ",
// which some profiles of version 4 have alone), named colours and device links, and it doesn't compensate for black
// points. Colours that sRGB can't show are clipped.
package icc

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrUnsupported is a profile that is broken, or of a kind that this package doesn't read.
var ErrUnsupported = errors.New("icc: unsupported profile")

// Space is the colour space of a profile's device side.
type Space string

// The spaces that are read.
const (
	RGB  Space = "RGB "
	Gray Space = "GRAY"
	CMYK Space = "CMYK"
)

// Transform converts device colours to sRGB. It may be used by one goroutine at a time.
type Transform struct {
	Space Space
	// convert takes the device values from 0 to 1 to linear sRGB, which may lie outside of 0 to 1.
	convert func(device [4]float64) [3]float64

	last   [4]uint8
	answer [3]uint8
	known  bool
}

// SRGB converts one colour of 8 bits a channel. Grey uses the first channel, RGB three; CMYK is 255 where all ink is
// printed.
func (t *Transform) SRGB(device [4]uint8) [3]uint8 {
	if t.known && device == t.last { // pictures have areas
		return t.answer
	}
	var values [4]float64
	for i, v := range device {
		values[i] = float64(v) / 255
	}
	linear := t.convert(values)
	for i, v := range linear {
		t.answer[i] = encode(v)
	}
	t.last = device
	t.known = true
	return t.answer
}

const (
	headerSize = 128
	maxTags    = 200
)

// profile gives the tags of a profile by their signatures.
type profile struct {
	raw  []byte
	pcs  string
	tags map[string][]byte
}

// Parse reads a profile, or says ErrUnsupported.
func Parse(raw []byte) (*Transform, error) {
	p, err := readProfile(raw)
	if err != nil {
		return nil, err
	}
	t := &Transform{Space: Space(raw[16:20])}
	switch t.Space {
	case RGB:
		if _, curves := p.tags["rTRC"]; curves && p.pcs == "XYZ " {
			t.convert, err = p.matrix()
		} else {
			t.convert, err = p.table(3)
		}
	case CMYK:
		t.convert, err = p.table(4)
	case Gray:
		t.convert, err = p.gray()
	default:
		err = fmt.Errorf("%w: colour space %.4q", ErrUnsupported, t.Space)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// readProfile reads the header and the table of tags.
func readProfile(raw []byte) (profile, error) {
	if len(raw) < headerSize+4 || string(raw[36:40]) != "acsp" {
		return profile{}, fmt.Errorf("%w: no header in %d bytes", ErrUnsupported, len(raw))
	}
	p := profile{
		raw:  raw,
		pcs:  string(raw[20:24]),
		tags: map[string][]byte{},
	}
	if p.pcs != "XYZ " && p.pcs != "Lab " {
		return profile{}, fmt.Errorf("%w: connection space %.4q", ErrUnsupported, p.pcs)
	}
	count := binary.BigEndian.Uint32(raw[headerSize:])
	if count > maxTags || headerSize+4+12*int(count) > len(raw) {
		return profile{}, fmt.Errorf("%w: %d tags", ErrUnsupported, count)
	}
	for i := range int(count) {
		entry := raw[headerSize+4+12*i:]
		from := int64(binary.BigEndian.Uint32(entry[4:]))
		size := int64(binary.BigEndian.Uint32(entry[8:]))
		if from+size > int64(len(raw)) {
			return profile{}, fmt.Errorf("%w: tag %.4q ends behind the profile", ErrUnsupported, entry[:4])
		}
		p.tags[string(entry[:4])] = raw[from : from+size]
	}
	return p, nil
}

// matrix is the model of three curves and a matrix to XYZ.
func (p profile) matrix() (func([4]float64) [3]float64, error) {
	var curves [3]curve
	var columns [3][3]float64
	for i, name := range []string{"r", "g", "b"} {
		var err error
		if curves[i], err = parseCurve(p.tags[name+"TRC"]); err != nil {
			return nil, err
		}
		if columns[i], err = parseXYZ(p.tags[name+"XYZ"]); err != nil {
			return nil, err
		}
	}
	return func(device [4]float64) [3]float64 {
		var xyz [3]float64
		for i := range 3 {
			v := curves[i].at(device[i])
			for k := range 3 {
				xyz[k] += v * columns[i][k]
			}
		}
		return linearSRGB(xyz)
	}, nil
}

// gray is the model of one curve, which leads from black to the connection space's white.
func (p profile) gray() (func([4]float64) [3]float64, error) {
	c, err := parseCurve(p.tags["kTRC"])
	if err != nil {
		return nil, err
	}
	return func(device [4]float64) [3]float64 {
		v := c.at(device[0])
		if p.pcs == "Lab " {
			return linearSRGB(xyzOfLab(100*v, 0, 0))
		}
		return [3]float64{v, v, v}
	}, nil
}

func parseXYZ(tag []byte) (xyz [3]float64, err error) {
	if len(tag) < 20 || string(tag[:4]) != "XYZ " {
		return xyz, fmt.Errorf("%w: no XYZ in a tag of %d bytes", ErrUnsupported, len(tag))
	}
	for i := range xyz {
		xyz[i] = fixed(tag[8+4*i:])
	}
	return xyz, nil
}

// fixed reads an s15Fixed16Number.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }
