package icc

import (
	"encoding/binary"
	"fmt"
)

// table is the model of a lookup table, lut8Type (ICC.1:2022, 10.10) or lut16Type (10.9): a curve for each channel, a
// grid of colours between whose points is interpolated, and a curve for each of the results.
type table struct {
	inputs int
	side   int // grid points along each channel
	in     [][]float64
	grid   []float32 // three values a point, the last channel moves fastest
	out    [3][]float64
	lab    func(v [3]float64) (l, a, b float64) // of values from 0 to 1; nil where they are XYZ
}

const maxSide = 64

// table reads the perceptual table, A2B0. The matrix in front of it counts only for tables from XYZ, which these are
// not.
func (p profile) table(inputs int) (func([4]float64) [3]float64, error) {
	tag := p.tags["A2B0"]
	if len(tag) < 52 {
		return nil, fmt.Errorf("%w: a lookup table of %d bytes", ErrUnsupported, len(tag))
	}
	t := table{
		inputs: inputs,
		side:   int(tag[10]),
	}
	if int(tag[8]) != inputs || tag[9] != 3 || t.side < 2 || t.side > maxSide {
		return nil, fmt.Errorf("%w: a lookup table from %d to %d channels with %d points", ErrUnsupported, tag[8],
			tag[9], t.side)
	}
	points := 3
	for range inputs {
		points *= t.side
	}
	read, inSize, outSize, err := tableValues(tag)
	if err != nil {
		return nil, err
	}
	if inSize < 2 || outSize < 2 || read.size(inputs*inSize+points+3*outSize) > len(read.raw) {
		return nil, fmt.Errorf("%w: a lookup table that ends behind its tag", ErrUnsupported)
	}
	t.fill(&read, inSize, points, outSize)
	if p.pcs == "Lab " {
		t.lab = lab8
		if read.wide {
			t.lab = lab16
		}
	}
	return t.convert, nil
}

// fill reads the curves and the grid, in the order in which they stand in the tag.
func (t *table) fill(read *values, inSize, points, outSize int) {
	for range t.inputs {
		t.in = append(t.in, read.next(inSize))
	}
	t.grid = make([]float32, 0, points)
	for _, v := range read.next(points) {
		t.grid = append(t.grid, float32(v))
	}
	for i := range t.out {
		t.out[i] = read.next(outSize)
	}
}

// tableValues finds the numbers of a lookup table, and how many of them each of its curves has.
func tableValues(tag []byte) (read values, inSize, outSize int, err error) {
	switch kind := string(tag[:4]); kind {
	case "mft1":
		return values{raw: tag[48:]}, 256, 256, nil
	case "mft2":
		inSize = int(binary.BigEndian.Uint16(tag[48:]))
		outSize = int(binary.BigEndian.Uint16(tag[50:]))
		return values{raw: tag[52:], wide: true}, inSize, outSize, nil
	default:
		return values{}, 0, 0, fmt.Errorf("%w: a lookup table of type %.4q", ErrUnsupported, kind)
	}
}

// values reads numbers of 8 or 16 bits as 0 to 1.
type values struct {
	raw  []byte
	wide bool
}

func (v *values) size(n int) int {
	if v.wide {
		return 2 * n
	}
	return n
}

func (v *values) next(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		if v.wide {
			list[i] = float64(binary.BigEndian.Uint16(v.raw[2*i:])) / 65535
		} else {
			list[i] = float64(v.raw[i]) / 255
		}
	}
	v.raw = v.raw[v.size(n):]
	return list
}

func (t *table) convert(device [4]float64) [3]float64 {
	var base [4]int
	var part [4]float64
	for i := range t.inputs {
		at := interpolate(t.in[i], device[i]) * float64(t.side-1)
		base[i] = min(int(at), t.side-2)
		part[i] = at - float64(base[i])
	}
	var v [3]float64
	for corner := range 1 << t.inputs {
		weight, point := 1.0, 0
		for i := range t.inputs {
			point *= t.side
			if corner>>i&1 == 1 {
				weight *= part[i]
				point += base[i] + 1
			} else {
				weight *= 1 - part[i]
				point += base[i]
			}
		}
		if weight == 0 {
			continue
		}
		for k := range v {
			v[k] += weight * float64(t.grid[3*point+k])
		}
	}
	for k := range v {
		v[k] = interpolate(t.out[k], v[k])
	}
	if t.lab == nil {
		const most = 1 + 32767.0/32768 // XYZ is a u1Fixed15Number
		return linearSRGB([3]float64{v[0] * most, v[1] * most, v[2] * most})
	}
	return linearSRGB(xyzOfLab(t.lab(v)))
}

// lab8 reads CIELAB as lut8Type writes it: L* over all of the range, a* and b* with 128 in the middle.
func lab8(v [3]float64) (l, a, b float64) { return 100 * v[0], 255*v[1] - 128, 255*v[2] - 128 }

// lab16 reads CIELAB as lut16Type writes it, in version 4 too (ICC.1:2022, table 42): 0xff00 is L* 100, and 0x8000 is 0
// of a* and b*.
func lab16(v [3]float64) (l, a, b float64) {
	return 100 * v[0] * 65535 / 65280, v[1]*65535/256 - 128, v[2]*65535/256 - 128
}
