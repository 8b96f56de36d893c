package sale

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"

	saleview "videomall/views/sale"
	"videomall/web/formvalue"
)

const (
	heartbeat = 15 * time.Second // below what proxies take for silence
	reconnect = 3 * time.Second  // what a browser waits before it comes back
)

// shown is what all streams of the process share.
type shown struct {
	Deps
	hub *hub
}

// live reads how campaigns stand now: two queries, however many there are.
func (s *shown) live(ctx context.Context, ids []int64) (map[int64]saleview.Live, error) {
	campaigns, err := s.Promotions.Find(ctx, ids)
	if err != nil {
		return nil, err
	}
	counts, err := s.Inventory.CampaignCounts(ctx, ids)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	states := make(map[int64]saleview.Live, len(campaigns))
	for _, c := range campaigns {
		states[c.ID] = saleview.LiveOf(c, counts, now)
	}
	return states, nil
}

// event is one state as the page's script reads it. Times are milliseconds since 1970 by the mall's clock.
type event struct {
	Now    int64          `json:"now"`
	Phase  saleview.Phase `json:"phase"`
	Starts int64          `json:"starts"`
	Ends   int64          `json:"ends"`
	Lots   []eventLot     `json:"lots"`
}

type eventLot struct {
	SKU   int64          `json:"sku"`
	Left  int64          `json:"left"`
	Phase saleview.Phase `json:"phase"`
}

// follow streams a sale's states as server-sent events, until the visitor leaves, the sale is over or the server stops.
// It is public and the same for everybody, so it asks for no session: that would be a query for each of a crowd.
func (s *shown) follow(c echo.Context) error {
	ctx, id := c.Request().Context(), formvalue.ID(c.Param("id"))
	if !s.hub.knows(id) {
		if _, err := s.Promotions.Public(ctx, id); err != nil {
			return err
		}
	}
	at, _ := netip.ParseAddr(c.RealIP()) // what is no address is not counted by it
	v, leave, err := s.hub.join(id, at)
	if err != nil {
		return err
	}
	defer leave()
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events back until its buffer is full
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil // a stream has no end
	}
	w := stream{c.Response(), http.NewResponseController(c.Response())}
	if err := w.send(fmt.Sprintf("retry: %d\n\n", reconnect.Milliseconds())); err != nil {
		return nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var message string
		over := false
		select {
		case <-ctx.Done():
			return nil
		case <-s.Stopping:
			return nil
		case <-beat.C:
			message = ": still here\n\n"
		case state := <-v.states:
			over = state.Phase == saleview.Ended
			if message, err = s.written(state); err != nil {
				return err
			}
		}
		if err := w.send(message); err != nil || over {
			return nil // whoever does not read has left
		}
	}
}

func (s *shown) written(l saleview.Live) (string, error) {
	e := event{
		Now:    s.Now().UnixMilli(),
		Phase:  l.Phase,
		Starts: l.StartsAt.UnixMilli(),
		Ends:   l.EndsAt.UnixMilli(),
		Lots:   []eventLot{},
	}
	for _, k := range l.Lots {
		e.Lots = append(e.Lots, eventLot{k.SKUID, k.Left, k.Phase})
	}
	data, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("write down a sale: %w", err)
	}
	return "data: " + string(data) + "\n\n", nil
}

// stream writes at once. The listener cuts a reader off that takes nothing: see web/transfer.
type stream struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (w stream) send(message string) error {
	if _, err := w.Write([]byte(message)); err != nil {
		return err
	}
	return w.control.Flush()
}
