package money

import "math/bits"

// Share returns sum × part / whole, rounding half a minor unit up. All must be at least 0, whole must be above 0, and
// part at most whole.
func Share(sum, part, whole int64) int64 {
	high, low := bits.Mul64(uint64(sum), uint64(part))
	// For an odd whole, whole/2 is rounded down; its exact half never occurs.
	low, carry := bits.Add64(low, uint64(whole/2), 0)
	quotient, _ := bits.Div64(high+carry, low, uint64(whole))
	return int64(quotient)
}
