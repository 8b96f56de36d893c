package waitingroom_test

import (
	"context"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/db/dbtest"
	"videomall/mall/account"
	"videomall/mall/waitingroom"
	"videomall/web/page"
	web "videomall/web/waitingroom"
	"videomall/web/webtest"
)

// sale is a mall with one waiting room, "campaign:7", which admits one person at a time.
type sale struct {
	*webtest.Mall
	queue *waitingroom.Queue
	ended atomic.Bool
}

func open(t *testing.T) *sale {
	t.Helper()
	t.Parallel()
	s := &sale{}
	admission := func(_ context.Context, room string) (waitingroom.Admission, error) {
		a := waitingroom.Admission{Room: "campaign:7", Slots: 1}
		if room != a.Room {
			return waitingroom.Admission{}, waitingroom.ErrUnknown
		}
		if s.ended.Load() {
			a.Ends = time.Unix(1, 0)
		}
		return a, nil
	}
	s.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		var err error
		s.queue, err = waitingroom.New(waitingroom.Deps{
			Redis: dbtest.Redis(t),
			Key:   []byte("a key of thirty-two bytes, no less"),
			Log:   slog.New(slog.DiscardHandler),
			Now:   m.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		web.Routes(g, web.Deps{
			Site:      m.Site,
			Queue:     s.queue,
			Admission: admission,
			Device:    func(echo.Context) string { return "" },
		})
		g.GET("/shop", m.Site.Handle(func(c *page.Ctx) error { // checks the ticket, as a page that sells does
			who := waitingroom.Visitor{UserID: c.Viewer.UserID}
			if err := s.queue.CheckTicket("campaign:7", web.Ticket(c.Context, "campaign:7", false), who); err != nil {
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

const room = "/queue/campaign:7?next=%2Fshop"

func TestWaitingRoom_poll_admits_the_next(t *testing.T) {
	s := open(t)
	ann, bob, eve := s.visitor("ann"), s.visitor("bob"), s.visitor("eve")
	if a := ann.Get(room).Wants(303); a.Location != "/shop" {
		t.Fatalf("redirect of the first visitor: got %q, want /shop", a.Location)
	}
	ann.Get("/shop").Wants(204)
	if a := bob.Get("/shop"); a.Status != 403 {
		t.Errorf("shop without a ticket: got %d, want 403", a.Status)
	}
	page := bob.Get(room).Wants(200).Shows("You are in line", "Your place 1", "You are next.", "You have just joined")
	if !page.Has(`hx-get="/queue/campaign:7?next=%2Fshop&amp;from=0"`) || !page.Has(`hx-trigger="every 2s"`) ||
		!page.Has(`<meta http-equiv="refresh" content="6;url=/queue/campaign:7?next=%2Fshop&amp;from=0">`) ||
		!page.Has("No. 1 in line") {
		t.Errorf("page does not poll: %s", page.Body)
	}
	eve.Lang = "zh-CN"
	eve.Get(room).Wants(200).Shows("正在排队", "您的位置 2", "前面还有 1 人。")
	eve.Get(room).Wants(200).Shows("您的位置 2") // a reload keeps the place
	if a := eve.HTMX(room+"&from=1", nil).Wants(200).Shows("您的位置 2"); strings.Contains(a.Body, "<html") ||
		!a.Has(`id="queue"`) {
		t.Errorf("answer to htmx is not the fragment: %s", a.Body)
	}
	s.Advance(30 * time.Second)
	bob.HTMX(room, nil).Wants(200)
	eve.HTMX(room, nil).Wants(200)
	s.Advance(30 * time.Second) // Ann's ticket has expired
	a := bob.HTMX(room, nil).Wants(200)
	if a.Header.Get("Hx-Redirect") != "/shop" || a.Body != "" {
		t.Errorf("poll of the next visitor: got %v %s, want Hx-Redirect to /shop", a.Header, a.Body)
	}
	bob.Get("/shop").Wants(204)
	eve.Lang = "en"
	eve.HTMX(room+"&from=1", nil).Wants(200).
		Shows("Your place 1", "You are next.", "1 person has gone in since you joined")
	if got := ann.Get("/shop").Status; got != 403 {
		t.Errorf("shop with an expired ticket: got %d, want 403", got)
	}
}

// TestWaitingRoom_link_from_another_site checks that following such a link shows the page, but does not join the queue.
func TestWaitingRoom_link_from_another_site(t *testing.T) {
	s := open(t)
	ann, bob := s.visitor("ann"), s.visitor("bob")
	ann.Get(room).Wants(303)
	elsewhere := http.Header{"Sec-Fetch-Site": {"cross-site"}, "Accept": {"text/html"}}
	a := bob.Send("GET", room, elsewhere, "").Wants(200).Shows("You are not in line yet", "Join the line")
	if a.Has("hx-get") || !a.Has(`href="/queue/campaign:7?next=%2Fshop"`) {
		t.Errorf("page polls, or lacks the link to join: %s", a.Body)
	}
	bob.HTMX(room, nil).Wants(200).Shows("Your place was given on")
	bob.Get(room).Wants(200).Shows("Your place 1")
	bob.Send("GET", room, elsewhere, "").Wants(200).Shows("Your place 1") // whoever waits already keeps their place
}

func TestWaitingRoom_lost_position_is_not_restored(t *testing.T) {
	s := open(t)
	ann, bob := s.visitor("ann"), s.visitor("bob")
	ann.Get(room).Wants(303)
	bob.Get(room).Wants(200)
	s.Advance(10 * time.Minute)
	s.visitor("carl").Get(room).Wants(303) // the slot is taken again
	for range 2 {
		a := bob.HTMX(room, nil).Wants(200).Shows("Your place was given on", "Stand in line again")
		if a.Has("hx-get") {
			t.Errorf("page of a lost place still polls: %s", a.Body)
		}
	}
	bob.Get(room).Wants(200).Shows("Your place 1")
	if a := bob.Post("/queue/campaign:7/leave", url.Values{}).Wants(303); a.Location != "/" {
		t.Errorf("redirect after leaving: got %q, want /", a.Location)
	}
	bob.HTMX(room, nil).Wants(200).Shows("Your place was given on")
}

func TestWaitingRoom_ended_and_unknown_sale(t *testing.T) {
	s := open(t)
	ann, bob := s.visitor("ann"), s.visitor("bob")
	ann.Get(room).Wants(303)
	bob.Get(room).Wants(200)
	s.ended.Store(true)
	a := bob.HTMX(room, nil).Wants(200).Shows("This sale has ended", "nothing was charged")
	if a.Has("hx-get") || a.Has("http-equiv") {
		t.Errorf("page of an ended sale still polls: %s", a.Body)
	}
	bob.Get(room).Wants(200).Shows("This sale has ended")
	bob.Get("/queue/campaign:8").Wants(404)
}

func TestWaitingRoom_redirects_within_the_mall(t *testing.T) {
	s := open(t)
	for next, want := range map[string]string{
		"//evil.example/": "/", "https://evil.example/": "/",
		`/\evil.example`: "/", "/cart?a=b": "/cart?a=b",
	} {
		b := s.visitor("p" + hex.EncodeToString([]byte(next)))
		if a := b.Get("/queue/campaign:7?next=" + url.QueryEscape(next)).Wants(303); a.Location != want {
			t.Errorf("redirect with next=%s: got %q, want %q", next, a.Location, want)
		}
		b.Post("/queue/campaign:7/leave", url.Values{}).Wants(303)
	}
}
