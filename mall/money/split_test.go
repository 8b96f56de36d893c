package money_test

import (
	"math/rand/v2"
	"testing"

	"videomall/mall/money"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 11))
	for range 20_000 {
		weights, total := make([]int64, r.IntN(50)+1), int64(0)
		most := []int64{3, 1000, 1 << 40}[r.IntN(3)]
		for n := range weights {
			weights[n] = r.Int64N(most)
			total += weights[n]
		}
		if total == 0 {
			continue
		}
		sum := r.Int64N(total + 1)
		parts, got := money.Split(sum, weights), int64(0)
		for n, p := range parts {
			got += p
			exact := float64(sum) * float64(weights[n]) / float64(total)
			if p < 0 || p > weights[n] || float64(p) < exact-1-exact*1e-9 || float64(p) > exact+1+exact*1e-9 {
				t.Fatalf("%d of %v: part %d is %d, exactly %f", sum, weights, n, p, exact)
			}
		}
		if got != sum {
			t.Fatalf("%d of %v: the parts %v sum to %d", sum, weights, parts, got)
		}
	}
	if parts := money.Split(5, []int64{0, 0}); parts[0] != 0 || parts[1] != 0 {
		t.Errorf("without weights: %v", parts)
	}
}
