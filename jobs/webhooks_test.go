package jobs_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/webhook"
)

// heard is somebody's server: which orders it was told of, in which order, and how often under the same id.
type heard struct {
	mu    sync.Mutex
	told  map[string][]string // types by order
	times map[string]int      // by id
}

func (h *heard) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var m struct {
		Type string
		Data struct{ OrderNo string }
	}
	_ = json.Unmarshal(body, &m)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told[m.Data.OrderNo] = append(h.told[m.Data.OrderNo], m.Type)
	h.times[r.Header.Get("webhook-id")]++
}

func (h *heard) of(orderNo string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.told[orderNo])
}

func TestWorkers_webhooks_beside_a_receiver_that_hangs(t *testing.T) {
	m := open(t)
	h := &heard{told: map[string][]string{}, times: map[string]int{}}
	healthy := httptest.NewServer(h)
	t.Cleanup(healthy.Close)
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(hangs.Close) // after the workers have ended
	for _, url := range []string{hangs.URL, healthy.URL} {
		_, _, err := m.Webhooks.Add(m.Ctx, 1, webhook.Draft{URL: url, Types: webhook.Types()})
		m.OK(err)
	}
	video := m.Sells(990, -1)
	work(m)
	work(m)
	var orders []order.Order
	for buyer := range 5 {
		o := m.Place(int64(100+buyer), video)
		m.Pay(o, sandbox.PayOptions{})
		orders = append(orders, o)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		missing := slices.DeleteFunc(slices.Clone(orders), func(o order.Order) bool {
			return slices.Equal(h.of(o.OrderNo), []string{"order.paid", "order.delivered"})
		})
		if len(missing) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("of %s was told %v", missing[0].OrderNo, h.of(missing[0].OrderNo))
		}
	}
	time.Sleep(3 * time.Second) // a few more turns, which have nothing to send
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, n := range h.times {
		if n != 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
}
