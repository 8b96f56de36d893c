package batch_test

import (
	"context"
	"fmt"

	"videomall/mall/batch"
)

// Callers that come while a set is running share the next one, and each gets its own result.
func ExampleGatherer_Do() {
	double := batch.New(batch.Options{}, func(_ context.Context, set []int) []batch.Result[int] {
		answers := make([]batch.Result[int], len(set))
		for i, n := range set {
			if n < 0 {
				answers[i].Err = fmt.Errorf("%d is below zero", n)
				continue
			}
			answers[i].Value = 2 * n
		}
		return answers
	})
	fmt.Println(double.Do(context.Background(), 21))
	fmt.Println(double.Do(context.Background(), -1))
	// Output:
	// 42 <nil>
	// 0 -1 is below zero
}
