package sale

import (
	"context"
	"net/netip"
	"time"

	saleview "videomall/views/sale"
)

// Viewer is one stream of a hub under test.
type Viewer struct {
	States <-chan saleview.Live
	Leave  func()
}

// NewHub creates a hub with ticks from the test. It returns the methods to join it and to ask whether it knows a sale.
func NewHub(read func(context.Context, []int64) (map[int64]saleview.Live, error),
	ticks func() (<-chan time.Time, func()),
) (join func(int64, netip.Addr) (Viewer, error), knows func(int64) bool) {
	h := newHub(read, ticks)
	return func(id int64, at netip.Addr) (Viewer, error) {
		v, leave, err := h.join(id, at)
		if err != nil {
			return Viewer{}, err
		}
		return Viewer{v.states, leave}, nil
	}, h.knows
}

// MaxViewers is the limit of viewers of a hub, MaxOfOne that of one address.
const (
	MaxViewers = maxViewers
	MaxOfOne   = maxOfOne
)
