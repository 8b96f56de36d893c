package sale

import (
	"context"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/waitingroom"
	saleview "videomall/views/sale"
	"videomall/web/page"
	web "videomall/web/waitingroom"
)

// WaitingRoom is where people wait when more want to buy than the mall can write down at once.
type WaitingRoom struct {
	Queue     *waitingroom.Queue
	Room      func(campaignID int64) string
	Admission func(ctx context.Context, room string) (waitingroom.Admission, error)
	Device    func(echo.Context) string // of the signed cookie, "" without one
	// Secure says that people reach the mall over https; it names the cookie of a ticket.
	Secure bool
}

// waitingTTL is how long this process remembers how many wait: in a crowd it is asked a thousand times a second.
const waitingTTL = time.Second

// gate remembers before which sales people wait.
type gate struct {
	WaitingRoom
	mu    sync.Mutex
	known map[int64]count
}

type count struct {
	waiting int
	at      time.Time
}

// mustWait says whether somebody who would buy now has to wait first: others do, and this visitor has no ticket. Where
// the queue can't be asked, nobody waits.
func (w *gate) mustWait(c *page.Ctx, campaignID int64) bool {
	room := w.Room(campaignID)
	if w.Queue.CheckTicket(room, web.Ticket(c.Context, room, w.Secure), w.visitor(c)) == nil {
		return false
	}
	w.mu.Lock()
	s := w.known[campaignID]
	if fresh := time.Since(s.at) < waitingTTL; fresh {
		w.mu.Unlock()
		return s.waiting > 0
	}
	// Others go by the last number while this one asks.
	s.at = time.Now()
	w.known[campaignID] = s
	w.mu.Unlock()
	s = count{at: time.Now()}
	if admission, err := w.Admission(c.Request().Context(), room); err == nil {
		s.waiting, _ = w.Queue.Waiting(c.Request().Context(), admission) // an ended sale's queue is empty
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.known) > 1000 {
		clear(w.known) // sales that were, most of them
	}
	w.known[campaignID] = s
	return s.waiting > 0
}

// join sends somebody into the waiting room, from which they come back to the sale.
func (w *gate) join(c *page.Ctx, campaignID int64) error {
	return c.Redirect(web.URL(w.Room(campaignID), saleview.URL(campaignID)))
}

// leave gives the slot to the next one. What fails costs the rest of a lease.
func (w *gate) leave(c *page.Ctx, campaignID int64) {
	room := w.Room(campaignID)
	if web.Ticket(c.Context, room, w.Secure) == "" {
		return
	}
	if admission, err := w.Admission(c.Request().Context(), room); err == nil {
		_ = w.Queue.Leave(c.Request().Context(), admission, w.visitor(c))
	}
}

func (w *gate) visitor(c *page.Ctx) waitingroom.Visitor {
	return waitingroom.Visitor{UserID: c.Viewer.UserID, Device: w.Device(c.Context)}
}
