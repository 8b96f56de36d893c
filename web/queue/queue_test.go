package queue_test

import (
	"context"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/db/dbtest"
	"videomall/mall/account"
	"videomall/mall/risk"
	"videomall/web/page"
	"videomall/web/queue"
	"videomall/web/webtest"
)

// sale is a mall with one line, "campaign:7", before a floor for one.
type sale struct {
	*webtest.Mall
	queue *risk.Queue
	ended atomic.Bool
}

func open(t *testing.T) *sale {
	t.Helper()
	t.Parallel()
	s := &sale{}
	floor := func(_ context.Context, name string) (risk.Floor, error) {
		f := risk.Floor{Name: "campaign:7", Slots: 1}
		if name != f.Name {
			return risk.Floor{}, risk.ErrNoQueue
		}
		if s.ended.Load() {
			f.Ends = time.Unix(1, 0)
		}
		return f, nil
	}
	s.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		var err error
		s.queue, err = risk.NewQueue(dbtest.Redis(t), []byte("a key of thirty-two bytes, no less"), nil,
			slog.New(slog.DiscardHandler), m.Now)
		if err != nil {
			t.Fatal(err)
		}
		asks := func(echo.Context) risk.Subject {
			return risk.Subject{Address: netip.MustParseAddr("192.0.2.1")}
		}
		queue.Routes(g, queue.Deps{
			Site:  m.Site,
			Queue: s.queue,
			Floor: floor,
			Asks:  asks,
		})
		g.GET("/shop", m.Site.Handle(func(c *page.Ctx) error { // what a buying verb does
			who := asks(c.Context)
			who.UserID = c.Viewer.UserID
			if err := s.queue.CheckPass("campaign:7", queue.Pass(c.Context, "campaign:7", false), who); err != nil {
				return err
			}
			return c.NoContent(204)
		}))
	}})
	return s
}

func (s *sale) visitor(name string) *webtest.Browser {
	return s.Browser(s.Person(name, account.RoleShopper).ID)
}

const line = "/queue/campaign:7?next=%2Fshop"

func TestSomebodyWaitsAndGoesOnByThemselves(t *testing.T) {
	s := open(t)
	ann, bob, eve := s.visitor("ann"), s.visitor("bob"), s.visitor("eve")
	if a := ann.Get(line).Wants(303); a.Location != "/shop" {
		t.Fatalf("led to %q", a.Location)
	}
	ann.Get("/shop").Wants(204)
	if a := bob.Get("/shop"); a.Status != 403 {
		t.Errorf("without a pass: %d", a.Status)
	}
	page := bob.Get(line).Wants(200).Shows("You are in line", "Your place 1", "You are next.", "You have just joined")
	if !page.Has(`hx-get="/queue/campaign:7?next=%2Fshop&amp;from=0"`) || !page.Has(`hx-trigger="every 2s"`) ||
		!page.Has(`<meta http-equiv="refresh" content="6;url=/queue/campaign:7?next=%2Fshop&amp;from=0">`) ||
		!page.Has("No. 1 in line") {
		t.Errorf("the page does not ask by itself: %s", page.Body)
	}
	eve.Lang = "zh-CN"
	eve.Get(line).Wants(200).Shows("正在排队", "您的位置 2", "前面还有 1 人。")
	eve.Get(line).Wants(200).Shows("您的位置 2") // a refresh keeps it
	if a := eve.HTMX(line+"&from=1", nil).Wants(200).Shows("您的位置 2"); strings.Contains(a.Body, "<html") ||
		!a.Has(`id="queue"`) {
		t.Errorf("no fragment: %s", a.Body)
	}
	s.Advance(30 * time.Second)
	bob.HTMX(line, nil).Wants(200)
	eve.HTMX(line, nil).Wants(200)
	s.Advance(30 * time.Second) // ann's minute is over
	a := bob.HTMX(line, nil).Wants(200)
	if a.Header.Get("Hx-Redirect") != "/shop" || a.Body != "" {
		t.Errorf("stays at %v %s", a.Header, a.Body)
	}
	bob.Get("/shop").Wants(204)
	eve.Lang = "en"
	eve.HTMX(line+"&from=1", nil).Wants(200).
		Shows("Your place 1", "You are next.", "1 person has gone in since you joined")
	if got := ann.Get("/shop").Status; got != 403 {
		t.Errorf("a pass outlives its lease: %d", got)
	}
}

// TestQueue_a_link_of_another_site: it shows the page, and nobody stands in line for having followed it.
func TestQueue_a_link_of_another_site(t *testing.T) {
	s := open(t)
	ann, bob := s.visitor("ann"), s.visitor("bob")
	ann.Get(line).Wants(303)
	elsewhere := http.Header{"Sec-Fetch-Site": {"cross-site"}, "Accept": {"text/html"}}
	a := bob.Send("GET", line, elsewhere, "").Wants(200).Shows("You are not in line yet", "Join the line")
	if a.Has("hx-get") || !a.Has(`href="/queue/campaign:7?next=%2Fshop"`) {
		t.Errorf("no way to join: %s", a.Body)
	}
	bob.HTMX(line, nil).Wants(200).Shows("Your place was given on")
	bob.Get(line).Wants(200).Shows("Your place 1")
	bob.Send("GET", line, elsewhere, "").Wants(200).Shows("Your place 1") // who stands there stays
}

func TestALostPlaceIsToldAndNotTakenAgainByThePage(t *testing.T) {
	s := open(t)
	ann, bob := s.visitor("ann"), s.visitor("bob")
	ann.Get(line).Wants(303)
	bob.Get(line).Wants(200)
	s.Advance(10 * time.Minute)
	s.visitor("carl").Get(line).Wants(303) // the floor is taken anew
	for range 2 {
		a := bob.HTMX(line, nil).Wants(200).Shows("Your place was given on", "Stand in line again")
		if a.Has("hx-get") {
			t.Errorf("asks on: %s", a.Body)
		}
	}
	bob.Get(line).Wants(200).Shows("Your place 1")
	if a := bob.Post("/queue/campaign:7/leave", url.Values{}).Wants(303); a.Location != "/" {
		t.Errorf("led to %q", a.Location)
	}
	bob.HTMX(line, nil).Wants(200).Shows("Your place was given on")
}

func TestAnEndedSaleSaysSoAndAnUnknownOneIsNothing(t *testing.T) {
	s := open(t)
	ann, bob := s.visitor("ann"), s.visitor("bob")
	ann.Get(line).Wants(303)
	bob.Get(line).Wants(200)
	s.ended.Store(true)
	a := bob.HTMX(line, nil).Wants(200).Shows("This sale has ended", "nothing was charged")
	if a.Has("hx-get") || a.Has("http-equiv") {
		t.Errorf("asks on: %s", a.Body)
	}
	bob.Get(line).Wants(200).Shows("This sale has ended")
	bob.Get("/queue/campaign:8").Wants(404)
}

func TestItGoesOnInsideTheMallOnly(t *testing.T) {
	s := open(t)
	for next, want := range map[string]string{"//evil.example/": "/", "https://evil.example/": "/",
		`/\evil.example`: "/", "/cart?a=b": "/cart?a=b"} {
		b := s.visitor("p" + hex.EncodeToString([]byte(next)))
		if a := b.Get("/queue/campaign:7?next=" + url.QueryEscape(next)).Wants(303); a.Location != want {
			t.Errorf("%s leads to %q", next, a.Location)
		}
		b.Post("/queue/campaign:7/leave", url.Values{}).Wants(303)
	}
}
