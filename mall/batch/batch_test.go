package batch_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/batch"
)

// desk is a Gatherer that doubles numbers; the test lets each set finish.
type desk struct {
	*batch.Gatherer[int, int]
	mu   sync.Mutex
	sets [][]int
	in   chan struct{} // receives when a set has begun
	out  chan struct{} // a send lets a set finish
}

func open(o batch.Options) *desk {
	d := &desk{in: make(chan struct{}, 100), out: make(chan struct{}, 100)}
	d.Gatherer = batch.New(o, func(_ context.Context, set []int) []batch.Result[int] {
		d.mu.Lock()
		d.sets = append(d.sets, slices.Clone(set))
		d.mu.Unlock()
		d.in <- struct{}{}
		<-d.out
		results := make([]batch.Result[int], len(set))
		for i, n := range set {
			if n < 0 {
				panic("a negative number")
			}
			results[i].Value = 2 * n
		}
		return results
	})
	return d
}

// begin calls Do, and returns when the set has begun.
func (d *desk) begin(ctx context.Context, n int) <-chan batch.Result[int] {
	answer := d.asking(ctx, n)
	<-d.in
	return answer
}

// queue calls Do, and returns when the caller waits behind a running set.
func (d *desk) queue(t *testing.T, ctx context.Context, n int) <-chan batch.Result[int] {
	t.Helper()
	before := d.Waiting()
	answer := d.asking(ctx, n)
	for deadline := time.Now().Add(20 * time.Second); d.Waiting() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the caller never came to wait")
		}
	}
	return answer
}

func (d *desk) asking(ctx context.Context, n int) <-chan batch.Result[int] {
	answer := make(chan batch.Result[int], 1)
	go func() {
		v, err := d.Do(ctx, n)
		answer <- batch.Result[int]{Value: v, Err: err}
	}()
	return answer
}

func want(t *testing.T, answer <-chan batch.Result[int], value int, err error) {
	t.Helper()
	select {
	case got := <-answer:
		if got.Value != value || !errors.Is(got.Err, err) {
			t.Errorf("got %d, %v, want %d, %v", got.Value, got.Err, value, err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("no answer")
	}
}

func TestGatherer_Do_crowd_shares_a_set(t *testing.T) {
	t.Parallel()
	d, ctx := open(batch.Options{Set: 3}), t.Context()
	first := d.begin(ctx, 1)
	var crowd []<-chan batch.Result[int]
	for n := range 4 {
		crowd = append(crowd, d.queue(t, ctx, 10+n))
	}
	for range 3 {
		d.out <- struct{}{}
	}
	want(t, first, 2, nil)
	for n, answer := range crowd {
		want(t, answer, 2*(10+n), nil)
	}
	d.Wait()
	if diff := cmp.Diff([][]int{{1}, {10, 11, 12}, {13}}, d.sets); diff != "" {
		t.Errorf("sets (-want +got):\n%s", diff)
	}
}

func TestGatherer_Do_queue_full(t *testing.T) {
	t.Parallel()
	d, ctx := open(batch.Options{Set: 1, Waiting: 2}), t.Context()
	answers := []<-chan batch.Result[int]{d.begin(ctx, 0)}
	answers = append(answers, d.queue(t, ctx, 1), d.queue(t, ctx, 2))
	if _, err := d.Do(ctx, 3); !errors.Is(err, batch.ErrFull) {
		t.Fatalf("a third caller: %v", err)
	}
	for range 3 {
		d.out <- struct{}{}
	}
	for n, answer := range answers {
		want(t, answer, 2*n, nil)
	}
}

func TestGatherer_Do_canceled_caller(t *testing.T) {
	t.Parallel()
	d, ctx := open(batch.Options{}), t.Context()
	first := d.begin(ctx, 1)
	impatient, leave := context.WithCancel(ctx)
	left, stays := d.queue(t, impatient, 2), d.queue(t, ctx, 3)
	leave()
	want(t, left, 0, context.Canceled)
	d.out <- struct{}{}
	d.out <- struct{}{}
	want(t, first, 2, nil)
	want(t, stays, 6, nil)
	d.Wait()
	if diff := cmp.Diff([][]int{{1}, {3}}, d.sets); diff != "" {
		t.Errorf("sets (-want +got):\n%s", diff)
	}
	if _, err := d.Do(impatient, 4); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller whose context had ended before: %v", err)
	}
}

func TestGatherer_Do_panic(t *testing.T) {
	t.Parallel()
	d, ctx := open(batch.Options{}), t.Context()
	first := d.begin(ctx, 1)
	doomed := []<-chan batch.Result[int]{d.queue(t, ctx, 2), d.queue(t, ctx, -1)}
	d.out <- struct{}{}
	want(t, first, 2, nil)
	<-d.in
	next := d.queue(t, ctx, 5)
	d.out <- struct{}{}
	d.out <- struct{}{}
	for _, answer := range doomed {
		want(t, answer, 0, batch.ErrPanicked)
	}
	want(t, next, 10, nil)
}

func TestGatherer_Do_missing_answers(t *testing.T) {
	t.Parallel()
	g := batch.New(batch.Options{}, func(context.Context, []int) []batch.Result[int] { return nil })
	if _, err := g.Do(t.Context(), 1); err == nil {
		t.Error("a caller without a result got no error")
	}
}

func TestGatherer_Do_many_callers(t *testing.T) {
	t.Parallel()
	g := batch.New(batch.Options{
		Workers: 3,
		Set:     7,
		Waiting: 1000,
	}, func(_ context.Context, set []int) []batch.Result[int] {
		results := make([]batch.Result[int], len(set))
		for i, n := range set {
			results[i].Value = n * n
		}
		return results
	})
	var callers sync.WaitGroup
	for n := range 900 {
		callers.Go(func() {
			if got, err := g.Do(t.Context(), n); err != nil || got != n*n {
				t.Errorf("%d: %d, %v", n, got, err)
			}
		})
	}
	callers.Wait()
	g.Wait()
	if g.Waiting() != 0 {
		t.Error("callers still wait")
	}
}

func TestGatherer_Do_second_worker_for_a_crowd(t *testing.T) {
	d := open(batch.Options{
		Workers: 2,
		Crowd:   3,
		Set:     10,
		Slow:    time.Hour,
	})
	first := d.begin(t.Context(), 1)
	second, third := d.queue(t, t.Context(), 2), d.queue(t, t.Context(), 3)
	select {
	case <-d.in:
		t.Fatal("a set was begun for two callers beside the running one")
	case <-time.After(50 * time.Millisecond):
	}
	fourth := d.asking(t.Context(), 4) // the third waiting caller makes a crowd
	<-d.in
	d.out <- struct{}{}
	d.out <- struct{}{}
	for n, answer := range []<-chan batch.Result[int]{first, second, third, fourth} {
		if r := <-answer; r.Err != nil || r.Value != 2*(n+1) {
			t.Errorf("%d: %+v", n+1, r)
		}
	}
	d.out <- struct{}{}
	if r := <-d.begin(t.Context(), 5); r.Value != 10 { // a single caller is served at once again
		t.Errorf("a single caller: %+v", r)
	}
}

func TestGatherer_Do_second_worker_beside_a_slow_set(t *testing.T) {
	d := open(batch.Options{
		Workers: 2,
		Crowd:   3,
		Slow:    time.Millisecond,
	})
	first := d.begin(t.Context(), 1)
	time.Sleep(5 * time.Millisecond)
	second := d.begin(t.Context(), 2) // begins while the first set is still running
	d.out <- struct{}{}
	d.out <- struct{}{}
	if a, b := <-first, <-second; a.Value != 2 || b.Value != 4 {
		t.Errorf("%+v, %+v", a, b)
	}
}
