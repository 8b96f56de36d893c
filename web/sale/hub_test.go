package sale_test

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	saleview "videomall/views/sale"
	"videomall/web/sale"
)

// bench is a hub with ticks and a database that the test controls.
type bench struct {
	t       *testing.T
	join    func(int64, netip.Addr) (sale.Viewer, error)
	knows   func(int64) bool
	ticks   chan time.Time // unbuffered: the hub receives a tick after it has handled the one before
	stopped chan struct{}  // one for each time that the hub stopped its ticks
	reads   atomic.Int64
	asked   atomic.Pointer[[]int64]
	answer  atomic.Pointer[map[int64]saleview.Live]
	broken  atomic.Bool
}

func newBench(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	b := &bench{
		t:       t,
		ticks:   make(chan time.Time),
		stopped: make(chan struct{}, 100),
	}
	b.says(nil)
	b.join, b.knows = sale.NewHub(func(_ context.Context, ids []int64) (map[int64]saleview.Live, error) {
		b.reads.Add(1)
		b.asked.Store(&ids)
		if b.broken.Load() {
			return nil, errors.New("no database")
		}
		return *b.answer.Load(), nil
	}, func() (<-chan time.Time, func()) { return b.ticks, func() { b.stopped <- struct{}{} } })
	return b
}

func (b *bench) says(states map[int64]saleview.Live) { b.answer.Store(&states) }

func (b *bench) joins(id int64) sale.Viewer {
	b.t.Helper()
	v, err := b.join(id, netip.Addr{})
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// tick makes the hub read n times. When tick returns, the last read may still be running.
func (b *bench) tick(n int) {
	b.t.Helper()
	for range n {
		select {
		case b.ticks <- time.Time{}:
		case <-time.After(time.Minute):
			b.t.Fatal("timed out waiting for the hub to receive a tick")
		}
	}
}

func left(n int64) saleview.Live {
	return saleview.Live{Phase: saleview.Running, Lots: []saleview.LiveLot{{
		SKUID: 1,
		Left:  n,
		Phase: saleview.Running,
	}}}
}

// next waits for a viewer's state.
func next(t *testing.T, v sale.Viewer) int64 {
	t.Helper()
	select {
	case s := <-v.States:
		return s.Lots[0].Left
	case <-time.After(time.Minute):
		t.Fatal("timed out waiting for a state")
		return 0
	}
}

func nothing(t *testing.T, v sale.Viewer) {
	t.Helper()
	select {
	case s := <-v.States:
		t.Fatalf("got state %+v, want none", s)
	default:
	}
}

func TestHub_reads_once_a_tick(t *testing.T) {
	b := newBench(t)
	var viewers []sale.Viewer
	for n := range 2000 {
		viewers = append(viewers, b.joins(int64(n%2+1)))
	}
	for round := range int64(5) {
		b.says(map[int64]saleview.Live{1: left(100 - round), 2: left(50 - round)})
		b.tick(1)
		for n, v := range viewers {
			if got, want := next(t, v), 100-round-50*int64(n%2); got != want {
				t.Fatalf("viewer %d: got %d in round %d, want %d", n, got, round, want)
			}
		}
	}
	if n := b.reads.Load(); n != 5 {
		t.Errorf("reads of the database: got %d, want 5", n)
	}
	if diff := cmp.Diff([]int64{1, 2}, *b.asked.Load()); diff != "" {
		t.Errorf("sales read (-want +got):\n%s", diff)
	}
}

func TestHub_sends_changes_only(t *testing.T) {
	b := newBench(t)
	b.says(map[int64]saleview.Live{1: left(3)})
	v := b.joins(1)
	b.tick(1)
	if got := next(t, v); got != 3 {
		t.Fatalf("first state: got %d, want 3", got)
	}
	b.tick(4)
	nothing(t, v)
	late := b.joins(1) // receives the last state at once, without another read
	if got := next(t, late); got != 3 || !b.knows(1) || b.knows(2) {
		t.Errorf("state for a viewer who joins late: got %d, want 3", got)
	}
}

func TestHub_slow_viewer(t *testing.T) {
	b := newBench(t)
	slow, quick := b.joins(1), b.joins(1)
	for n := int64(10); n > 0; n-- {
		b.says(map[int64]saleview.Live{1: left(n)})
		b.tick(1)
		if got := next(t, quick); got != n {
			t.Fatalf("fast viewer: got %d, want %d", got, n)
		}
	}
	b.tick(1)
	if got := next(t, slow); got != 1 {
		t.Errorf("slow viewer: got %d, want 1", got)
	}
	nothing(t, slow)
}

func TestHub_reads_nothing_without_viewers(t *testing.T) {
	b := newBench(t)
	for range 3 {
		one, two := b.joins(1), b.joins(2)
		b.tick(1)
		one.Leave()
		one.Leave() // a second time changes nothing
		b.tick(1)
		two.Leave()
		select {
		case <-b.stopped:
		case <-time.After(time.Minute):
			t.Fatal("timed out waiting for the hub to stop without viewers")
		}
		if b.knows(1) || b.knows(2) {
			t.Error("hub still knows sales that nobody watches")
		}
	}
}

func TestHub_database_error_keeps_streams(t *testing.T) {
	b := newBench(t)
	v := b.joins(1)
	b.says(map[int64]saleview.Live{1: left(3)})
	b.broken.Store(true)
	b.tick(2)
	nothing(t, v)
	b.broken.Store(false)
	b.tick(1)
	if got := next(t, v); got != 3 {
		t.Errorf("state after the database has returned: got %d, want 3", got)
	}
}

func TestHub_viewer_limit(t *testing.T) {
	b := newBench(t)
	first := b.joins(1)
	for range sale.MaxViewers - 1 {
		b.joins(1)
	}
	if _, err := b.join(1, netip.Addr{}); err == nil {
		t.Fatal("viewer above the limit could join")
	}
	first.Leave()
	b.joins(1)
}

func TestHub_viewer_limit_of_an_address(t *testing.T) {
	b := newBench(t)
	joins := func(address string) (sale.Viewer, error) { return b.join(1, netip.MustParseAddr(address)) }
	first, err := joins("203.0.113.7")
	if err != nil {
		t.Fatal(err)
	}
	for range sale.MaxOfOne - 1 {
		if _, err := joins("203.0.113.7"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := joins("203.0.113.7"); err == nil {
		t.Fatal("viewer above the limit of an address could join")
	}
	if _, err := joins("203.0.113.8"); err != nil {
		t.Fatalf("viewer of another address: got error %v", err)
	}
	for range sale.MaxOfOne + 1 { // many people may share a proxy on this machine
		if _, err := joins("127.0.0.1"); err != nil {
			t.Fatal(err)
		}
	}
	first.Leave()
	first.Leave() // a second time changes nothing
	if _, err := joins("203.0.113.7"); err != nil {
		t.Fatalf("viewer after another one has left: got error %v", err)
	}
	if _, err := joins("203.0.113.7"); err == nil {
		t.Fatal("a viewer who leaves twice frees two places")
	}
}
