package sale

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"videomall/mall/fault"
	"videomall/web/transfer"

	saleview "videomall/views/sale"
)

const (
	maxViewers  = 20_000          // open streams of this process
	maxOfOne    = 100             // of them, of one address: an office or a school shares one
	readTimeout = 5 * time.Second // of one look at the database
)

var errTooManyViewers = fault.New(fault.Unavailable, "too_many_viewers",
	"Very many people are watching this. The page shows the stock when you load it.")

// hub sends the state of a sale to everybody who watches it. However many they are, one goroutine of the process reads
// it, once a tick, and only while somebody watches. A viewer who reads slowly delays nobody: each has room for one
// state, which a newer one replaces. It is safe for concurrent use.
type hub struct {
	read  func(ctx context.Context, ids []int64) (map[int64]saleview.Live, error)
	ticks func() (ticks <-chan time.Time, stop func())

	mu      sync.Mutex
	watched map[int64]*watch
	viewers int
	from    map[netip.Prefix]int // viewers of each address
	stop    context.CancelFunc   // stops reading; nil while nobody watches
}

// watch is a sale that somebody watches, with its latest known state.
type watch struct {
	viewers map[*viewer]struct{}
	latest  *saleview.Live // nil before the first look
}

// viewer is one open stream. States come in through a channel with room for one.
type viewer struct{ states chan saleview.Live }

func newHub(read func(context.Context, []int64) (map[int64]saleview.Live, error),
	ticks func() (<-chan time.Time, func()),
) *hub {
	return &hub{
		read:    read,
		ticks:   ticks,
		watched: map[int64]*watch{},
		from:    map[netip.Prefix]int{},
	}
}

func everySecond() (<-chan time.Time, func()) {
	t := time.NewTicker(time.Second)
	return t.C, t.Stop
}

// knows reports whether somebody watches the sale and it exists, so that the next viewer needs no lookup.
func (h *hub) knows(id int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	w, ok := h.watched[id]
	return ok && w.latest != nil
}

// join adds a viewer at an address, who first hears how the sale stood at the last look. Errors: errTooManyViewers.
// leave must be called.
func (h *hub) join(id int64, at netip.Addr) (v *viewer, leave func(), err error) {
	network, counted := transfer.Network(at)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.viewers >= maxViewers || h.from[network] >= maxOfOne {
		return nil, nil, errTooManyViewers
	}
	if counted {
		h.from[network]++
	}
	v = &viewer{states: make(chan saleview.Live, 1)}
	w := h.watched[id]
	if w == nil {
		w = &watch{viewers: map[*viewer]struct{}{}}
		h.watched[id] = w
	}
	w.viewers[v] = struct{}{}
	h.viewers++
	if w.latest != nil {
		v.states <- *w.latest
	}
	if h.stop == nil {
		ctx, stop := context.WithCancel(context.Background())
		h.stop = stop
		go h.ask(ctx)
	}
	return v, sync.OnceFunc(func() { h.leave(id, v, network) }), nil
}

func (h *hub) leave(id int64, v *viewer, network netip.Prefix) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.watched[id]
	delete(w.viewers, v)
	h.viewers--
	if h.from[network]--; h.from[network] <= 0 { // an address that is not counted stands at -1
		delete(h.from, network)
	}
	if len(w.viewers) == 0 {
		delete(h.watched, id)
	}
	if h.viewers == 0 {
		h.stop()
		h.stop = nil
	}
}

// ask reads the states at every tick until nobody watches. It ignores an error: the next read comes a second later, and
// viewers keep the last known state.
func (h *hub) ask(ctx context.Context) {
	ticks, stop := h.ticks()
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			h.look(ctx)
		}
	}
}

func (h *hub) look(ctx context.Context) {
	h.mu.Lock()
	ids := make([]int64, 0, len(h.watched))
	for id := range h.watched {
		ids = append(ids, id)
	}
	h.mu.Unlock()
	slices.Sort(ids)
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	states, err := h.read(ctx, ids)
	if err != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, state := range states {
		w := h.watched[id]
		if w == nil || w.latest != nil && same(*w.latest, state) {
			continue
		}
		w.latest = &state
		for v := range w.viewers {
			v.put(state)
		}
	}
}

// put replaces a state that was not read yet. Only the hub puts, under its lock, so the room it makes stays free.
func (v *viewer) put(state saleview.Live) {
	select {
	case <-v.states:
	default:
	}
	v.states <- state
}

func same(a, b saleview.Live) bool {
	return a.Phase == b.Phase && a.StartsAt.Equal(b.StartsAt) && a.EndsAt.Equal(b.EndsAt) &&
		slices.Equal(a.Lots, b.Lots)
}
