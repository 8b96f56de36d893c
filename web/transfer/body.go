package transfer

import (
	"io"
	"sync"
	"time"

	"videomall/mall/fault"
)

// ErrSlow is a body whose bytes come more slowly than BodyLimits.Rate.
var ErrSlow = fault.New(fault.Unavailable, "too_slow",
	"The file arrives too slowly. What arrived of a video is kept: go on with a better connection.")

const (
	// patience is how long the next bytes may take.
	patience = 30 * time.Second
	// window is how much waiting the rate is measured over.
	window = 30 * time.Second
	// prolongEvery is how often the connection's deadline is set anew.
	prolongEvery = 5 * time.Second
)

// BodyLimits are those of one request's body.
type BodyLimits struct {
	// Rate is the fewest bytes a second, over a window of 30 s in which the mall waited for them. 0: any.
	Rate int64
	// Within is how long the whole body may take; 0: any time.
	Within time.Duration
	// Stopping, when closed, ends the reading at once: what arrived is kept. nil never closes.
	Stopping <-chan struct{}
	// Now is the clock; nil: the machine's, which connections go by.
	Now func() time.Time
}

// Deadlines is an *http.ResponseController.
type Deadlines interface{ SetReadDeadline(time.Time) error }

// Body reads a request that may take hours: the server's limit for a whole request becomes one for the next bytes, and
// one for how few they may be. It belongs to one goroutine. End must be called.
type Body struct {
	r          io.Reader
	connection Deadlines
	limits     BodyLimits
	end        time.Time // of the whole; zero: none
	next       time.Time // when the deadline is set anew
	waited     time.Duration
	came       int64 // bytes within waited

	mu      sync.Mutex // guards stopped against a deadline that is set anew
	stopped bool
	ended   chan struct{}
}

// NewBody reads r, which comes over the connection.
func NewBody(r io.Reader, connection Deadlines, limits BodyLimits) *Body {
	if limits.Now == nil {
		limits.Now = time.Now
	}
	b := &Body{
		r:          r,
		connection: connection,
		limits:     limits,
		ended:      make(chan struct{}),
	}
	if limits.Within > 0 {
		b.end = limits.Now().Add(limits.Within)
	}
	go func() {
		select {
		case <-b.ended:
		case <-limits.Stopping:
			b.stop()
		}
	}()
	return b
}

// End releases the body.
func (b *Body) End() { close(b.ended) }

// stop ends a read that waits, and every later one; the server doesn't wait for the rest either.
func (b *Body) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	_ = b.connection.SetReadDeadline(time.Unix(1, 0))
}

// Read returns ErrSlow when fewer bytes came than must. The time that the caller spends between two calls does not
// count.
func (b *Body) Read(p []byte) (int, error) {
	began := b.limits.Now()
	if began.After(b.next) {
		b.prolong(began)
	}
	n, err := b.r.Read(p)
	b.came += int64(n)
	if b.waited += b.limits.Now().Sub(began); b.waited >= window {
		if err == nil && float64(b.came) < float64(b.limits.Rate)*b.waited.Seconds() {
			b.stop()
			return n, ErrSlow.Because("%d bytes in %s", b.came, b.waited)
		}
		b.waited = 0
		b.came = 0
	}
	return n, err
}

func (b *Body) prolong(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return
	}
	deadline := now.Add(patience)
	if !b.end.IsZero() && b.end.Before(deadline) {
		deadline = b.end
	}
	_ = b.connection.SetReadDeadline(deadline) // a connection that can't has no deadline either
	b.next = now.Add(prolongEvery)
}
