package icc

import "math"

// white is the connection space's, D50 (ICC.1:2022, 7.2.16).
var white = [3]float64{0.9642, 1, 0.8249}

// linearSRGB takes a colour of the connection space to linear sRGB. The matrix is the inverse of the sRGB primaries as
// they are adapted to D50 by Bradford's method (IEC 61966-2-1, ICC.1:2022 annex E).
func linearSRGB(xyz [3]float64) [3]float64 {
	x, y, z := xyz[0], xyz[1], xyz[2]
	return [3]float64{
		3.1338561*x - 1.6168667*y - 0.4906146*z,
		-0.9787684*x + 1.9161415*y + 0.0334540*z,
		0.0719453*x - 0.2289914*y + 1.4052427*z,
	}
}

// xyzOfLab is CIE 15:2004, 8.2.1, with the connection space's white.
func xyzOfLab(l, a, b float64) [3]float64 {
	const edge = 6.0 / 29
	y := (l + 16) / 116
	f := [3]float64{y + a/500, y, y - b/200}
	var xyz [3]float64
	for i, v := range f {
		if v > edge {
			v = v * v * v
		} else {
			v = 3 * edge * edge * (v - 4.0/29)
		}
		xyz[i] = v * white[i]
	}
	return xyz
}

// encode is the transfer function of IEC 61966-2-1 in 8 bits.
func encode(v float64) uint8 {
	v = min(max(v, 0), 1)
	if v <= 0.0031308 {
		v *= 12.92
	} else {
		v = 1.055*math.Pow(v, 1/2.4) - 0.055
	}
	return uint8(v*255 + 0.5)
}
