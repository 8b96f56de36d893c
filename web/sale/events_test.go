package sale_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/promotion"
)

// stream is the event source of a page.
type stream struct {
	t     *testing.T
	res   *http.Response
	lines *bufio.Scanner
}

func (f *fair) follow(path string) *stream {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), "GET", f.URL+path+"/events", nil)
	f.ok(err)
	res, err := http.DefaultClient.Do(r)
	f.ok(err)
	f.t.Cleanup(func() { _ = res.Body.Close() })
	return &stream{f.t, res, bufio.NewScanner(res.Body)}
}

type saleEvent struct {
	Now   int64  `json:"now"`
	Phase string `json:"phase"`
	Lots  []struct {
		SKU   int64  `json:"sku"`
		Left  int64  `json:"left"`
		Phase string `json:"phase"`
	} `json:"lots"`
}

// next waits for an event; ok is false if the server has ended the stream.
func (s *stream) next() (e saleEvent, ok bool) {
	s.t.Helper()
	for s.lines.Scan() {
		if data, is := strings.CutPrefix(s.lines.Text(), "data: "); is {
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				s.t.Fatal(err)
			}
			return e, true
		}
	}
	return e, false
}

func TestEvents_follow_stock_until_the_end(t *testing.T) {
	f := open(t)
	sku := f.Video(990, -1)
	c := f.ScheduledSale(5, sku)
	s := f.follow(path(c))
	if ct := s.res.Header.Get("Content-Type"); s.res.StatusCode != 200 || !strings.HasPrefix(ct, "text/event-stream") ||
		s.res.Header.Get("X-Accel-Buffering") != "no" || s.res.Header.Get("Cache-Control") != "no-store, no-transform" {
		t.Fatalf("event stream: got %d %v", s.res.StatusCode, s.res.Header)
	}
	is := func(phase string, left int64) {
		t.Helper()
		e, ok := s.next()
		if !ok || e.Phase != phase || len(e.Lots) != 1 || e.Lots[0].SKU != sku || e.Lots[0].Left != left ||
			e.Lots[0].Phase != phase {
			t.Fatalf("event: got %+v (%v), want %s with %d left", e, ok, phase, left)
		}
		if early := f.Now().UnixMilli() - e.Now; early < 0 || early > 60_000 {
			t.Errorf("time in the event: %d ms behind the clock", early)
		}
	}
	is("before", 5)
	f.TurnSales(61 * time.Minute)
	is("running", 5)
	f.SetSaleStock(c, 3, 2, 0)
	is("running", 3)
	f.SetSaleStock(c, 0, 2, 3)
	is("held", 0)
	f.SetSaleStock(c, 0, 0, 5)
	is("sold_out", 0)
	f.TurnSales(time.Hour)
	is("ended", 0)
	if _, ok := s.next(); ok {
		t.Error("stream continues after the end of the sale")
	}
}

func TestEvents_end_when_server_stops(t *testing.T) {
	f := open(t)
	c := f.ScheduledSale(5, f.Video(990, -1))
	s := f.follow(path(c))
	if _, ok := s.next(); !ok {
		t.Fatal("stream ends before the first event")
	}
	close(f.stopping)
	if e, ok := s.next(); ok {
		t.Errorf("event after the server has stopped: %+v", e)
	}
}

func TestEvents_announced_sales_only(t *testing.T) {
	f := open(t)
	by := promotion.Actor{UserID: f.olga.ID, Operator: true}
	draft, err := f.Promotions.Create(t.Context(), by, promotion.Draft{
		Name:     locale.Text{Zh: "草稿", En: "Draft"},
		StartsAt: f.Now(),
		EndsAt:   f.Now().Add(time.Hour),
		Items: []promotion.Item{{
			SKUID:   f.Video(990, -1),
			Amount:  money.Of(490, "CNY"),
			Units:   1,
			PerUser: 1,
		}},
	})
	f.ok(err)
	b := f.Browser(f.mia.ID)
	for _, p := range []string{path(draft), "/sales/999", "/sales/x"} {
		b.Get(p + "/events").Wants(404)
		b.Get(p).Wants(404)
		b.Post(p+"/buy", url.Values{"sku": {"1"}, "key": {"k"}}).Wants(404)
	}
	if len(f.asked) != 0 {
		t.Errorf("orders placed: got %+v, want none", f.asked)
	}
}
