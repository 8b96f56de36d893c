package main

import "math"

// dice returns a fixed pseudo-random number 0..1 for the given integers, because videos must be the same on every
// machine and frames may be painted in any order.
func dice(n ...int) float64 {
	h := uint64(0x9E3779B97F4A7C15)
	for _, v := range n {
		h ^= uint64(v) * 0xBF58476D1CE4E5B9
		h = (h ^ h>>30) * 0x94D049BB133111EB
		h ^= h >> 27
	}
	return float64(h>>11) / (1 << 53)
}

func lattice(x, y, z int) float64 {
	h := uint32(x)*374761393 + uint32(y)*668265263 + uint32(z)*2147483647
	h = (h ^ h>>13) * 1274126177
	return float64(h^h>>16) / (1 << 32)
}

func soft(k float64) float64 { return k * k * k * (k*(k*6-15) + 10) }

// noise returns smooth value noise, 0..1.
func noise(x, y, z float64) float64 {
	fx, fy, fz := math.Floor(x), math.Floor(y), math.Floor(z)
	i, j, k := int(fx), int(fy), int(fz)
	u, v, w := soft(x-fx), soft(y-fy), soft(z-fz)
	plane := func(k int) float64 {
		a := lerp(lattice(i, j, k), lattice(i+1, j, k), u)
		b := lerp(lattice(i, j+1, k), lattice(i+1, j+1, k), u)
		return lerp(a, b, v)
	}
	if w == 0 {
		return plane(k)
	}
	return lerp(plane(k), plane(k+1), w)
}

// fbm sums octaves of noise, 0..1.
func fbm(x, y, z float64, octaves int) float64 {
	sum, amp, total := 0.0, 0.5, 0.0
	for o := 0; o < octaves; o++ {
		sum += amp * noise(x, y, z+float64(o)*17)
		total += amp
		x = x * 2.03
		y = y * 2.03
		amp = amp * 0.5
	}
	return sum / total
}
