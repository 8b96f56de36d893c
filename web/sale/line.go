package sale

import (
	"context"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/risk"
	"videomall/web/page"
	"videomall/web/queue"
)

// Line is where people wait when more want to buy than the mall can write down at once.
type Line struct {
	Queue *risk.Queue
	Name  func(campaignID int64) string
	Floor func(ctx context.Context, name string) (risk.Floor, error)
	Asks  func(echo.Context) risk.Subject // address and device
	// Secure says that people reach the mall over https; it names the cookie of a pass.
	Secure bool
}

// glance is how long this process remembers how many wait: in a crowd it is asked a thousand times a second.
const glance = time.Second

// waits remembers which sales have a line.
type waits struct {
	Line
	mu    sync.Mutex
	known map[int64]seen
}

type seen struct {
	waiting int
	at      time.Time
}

// inLine says whether somebody who would buy now has to stand in line first: others do, and this person has no pass.
// Where the line can't be asked, nobody waits.
func (w *waits) inLine(c *page.Ctx, campaignID int64) bool {
	name := w.Name(campaignID)
	if w.Queue.CheckPass(name, queue.Pass(c.Context, name, w.Secure), w.person(c)) == nil {
		return false
	}
	w.mu.Lock()
	s := w.known[campaignID]
	if fresh := time.Since(s.at) < glance; fresh {
		w.mu.Unlock()
		return s.waiting > 0
	}
	// Others go by the last number while this one asks.
	s.at = time.Now()
	w.known[campaignID] = s
	w.mu.Unlock()
	s = seen{at: time.Now()}
	if floor, err := w.Floor(c.Request().Context(), name); err == nil {
		s.waiting, _ = w.Queue.Waiting(c.Request().Context(), floor) // an ended sale's line is empty
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.known) > 1000 {
		clear(w.known) // sales that were, most of them
	}
	w.known[campaignID] = s
	return s.waiting > 0
}

// join sends somebody into the line, from which they come back to the sale.
func (w *waits) join(c *page.Ctx, campaignID int64) error {
	return c.Redirect(queue.URL(w.Name(campaignID), saleURL(campaignID)))
}

// leave gives the place on the floor to the next one. What fails costs the rest of a lease.
func (w *waits) leave(c *page.Ctx, campaignID int64) {
	name := w.Name(campaignID)
	if queue.Pass(c.Context, name, w.Secure) == "" {
		return
	}
	if floor, err := w.Floor(c.Request().Context(), name); err == nil {
		_ = w.Queue.Leave(c.Request().Context(), floor, w.person(c))
	}
}

func (w *waits) person(c *page.Ctx) risk.Subject {
	s := w.Asks(c.Context)
	s.UserID = c.Viewer.UserID
	return s
}
