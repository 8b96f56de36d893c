package icc

import (
	"encoding/binary"
	"fmt"
	"math"
)

// curve is a tone curve, from device values to light, both from 0 to 1. It is sampled: 8 bits come in.
type curve [curveSamples]float64

// curveSamples is one more than a multiple of 255, so that each 8-bit value meets a sample exactly.
const curveSamples = 255*4 + 1

// at interpolates between the samples.
func (c *curve) at(x float64) float64 { return interpolate(c[:], x) }

func interpolate(samples []float64, x float64) float64 {
	at := min(max(x, 0), 1) * float64(len(samples)-1)
	i := min(int(at), len(samples)-2)
	part := at - float64(i)
	return samples[i]*(1-part) + samples[i+1]*part
}

// parseCurve reads curveType (ICC.1:2022, 10.6) and parametricCurveType (10.18).
func parseCurve(tag []byte) (c curve, err error) {
	if len(tag) < 12 {
		return c, fmt.Errorf("%w: a curve of %d bytes", ErrUnsupported, len(tag))
	}
	var f func(float64) float64
	switch string(tag[:4]) {
	case "curv":
		f, err = sampledCurve(tag[8:])
	case "para":
		f, err = parametricCurve(tag[8:])
	default:
		err = fmt.Errorf("%w: a curve of type %.4q", ErrUnsupported, tag)
	}
	if err != nil {
		return c, err
	}
	for i := range c {
		if c[i] = f(float64(i) / (curveSamples - 1)); math.IsNaN(c[i]) || math.IsInf(c[i], 0) {
			return c, fmt.Errorf("%w: a curve without a value at %d", ErrUnsupported, i)
		}
	}
	return c, nil
}

func sampledCurve(b []byte) (func(float64) float64, error) {
	count := int64(binary.BigEndian.Uint32(b))
	if 4+2*count > int64(len(b)) {
		return nil, fmt.Errorf("%w: a curve of %d samples in %d bytes", ErrUnsupported, count, len(b))
	}
	switch count {
	case 0:
		return func(x float64) float64 { return x }, nil
	case 1:
		gamma := float64(binary.BigEndian.Uint16(b[4:])) / 256
		return func(x float64) float64 { return math.Pow(x, gamma) }, nil
	}
	samples := make([]float64, count)
	for i := range samples {
		samples[i] = float64(binary.BigEndian.Uint16(b[4+2*i:])) / 65535
	}
	return func(x float64) float64 { return interpolate(samples, x) }, nil
}

// parametricCurve reads the function types 0 to 4 with their parameters g, a, b, c, d, e, f.
func parametricCurve(raw []byte) (func(float64) float64, error) {
	counts := [...]int{1, 3, 4, 5, 7}
	kind := int(binary.BigEndian.Uint16(raw))
	if kind >= len(counts) || 4+4*counts[kind] > len(raw) {
		return nil, fmt.Errorf("%w: a parametric curve of type %d in %d bytes", ErrUnsupported, kind, len(raw))
	}
	var v [7]float64
	for i := range counts[kind] {
		v[i] = fixed(raw[4+4*i:])
	}
	g, a, b, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind {
	case 0:
		a = 1
	case 1: // zero below -b/a
		if a == 0 {
			return nil, fmt.Errorf("%w: a parametric curve that divides by zero", ErrUnsupported)
		}
		d = -b / a
		c = 0
	case 2: // c there, and everywhere else c is added
		if a == 0 {
			return nil, fmt.Errorf("%w: a parametric curve that divides by zero", ErrUnsupported)
		}
		d = -b / a
		e = c
		f = c
		c = 0
	}
	return func(x float64) float64 {
		if x < d {
			return c*x + f
		}
		return math.Pow(max(a*x+b, 0), g) + e
	}, nil
}
