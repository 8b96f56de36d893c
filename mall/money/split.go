package money

import (
	"cmp"
	"math/bits"
	"slices"
)

// Split divides a sum among parts in proportion to their weights, to the last minor unit: each gets its share rounded
// down, and what is left goes to those who lost most by it, the first of equals. No part exceeds its weight as long as
// the sum does not exceed all of them. Weights and sum are not negative; without any weight nobody gets anything.
func Split(sum int64, weights []int64) []int64 {
	parts := make([]int64, len(weights))
	var total uint64
	for _, w := range weights {
		total += uint64(w)
	}
	if total == 0 {
		return parts
	}
	lost, order, left := make([]uint64, len(weights)), make([]int, len(weights)), sum
	for n, w := range weights {
		hi, lo := bits.Mul64(uint64(sum), uint64(w)) // two sums of 63 bits need more than 64
		part, rest := bits.Div64(hi, lo, total)
		parts[n] = int64(part)
		lost[n] = rest
		order[n] = n
		left -= parts[n]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lost[b], lost[a]) })
	for _, n := range order[:left] {
		parts[n]++
	}
	return parts
}
