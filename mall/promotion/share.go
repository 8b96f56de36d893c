package promotion

import "math/bits"

// share is a percentage of a sum, rounded down.
func share(sum int64, percent int) int64 {
	hi, lo := bits.Mul64(uint64(sum), uint64(percent))
	part, _ := bits.Div64(hi, lo, 100)
	return int64(part)
}
