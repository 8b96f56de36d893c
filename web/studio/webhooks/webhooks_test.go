package webhooks_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/order"
	"videomall/mall/outbox"
	"videomall/mall/subscriber"
	"videomall/mall/webhook"
	"videomall/web/studio/webhooks"
	"videomall/web/webtest"
)

// desk is a mall with webhooks and a receiver for them. All its videos belong to the creator.
type desk struct {
	*webtest.Mall
	t           *testing.T
	hooks       *webhook.Webhooks
	creator     account.User
	lastBody    atomic.Value // the last body that the receiver got
	status      atomic.Int64 // what the receiver answers
	receiverURL string
}

func open(t *testing.T) *desk {
	t.Helper()
	t.Parallel()
	d := &desk{t: t}
	d.status.Store(200)
	d.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		var err error
		d.hooks, err = webhook.New(webhook.Deps{
			Pool:     m.Pool,
			River:    m.Jobs,
			Key:      make([]byte, 32),
			Loopback: true,
			Now:      m.Now,
		})
		d.ok(err)
		webhooks.Routes(g, webhooks.Deps{Site: m.Site, Webhooks: d.hooks})
	}})
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		d.lastBody.Store(string(body))
		w.WriteHeader(int(d.status.Load()))
		fmt.Fprint(w, "thank you kindly")
	}))
	t.Cleanup(receiver.Close)
	d.receiverURL = receiver.URL + "/hook"
	d.creator = d.Person("carl", account.RoleCreator)
	return d
}

func (d *desk) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func typed(address string, types ...string) url.Values {
	return url.Values{"url": {address}, "types": types}
}

// added adds a webhook with the receiver's address, and returns its page.
func (d *desk) added(b *webtest.Browser) string {
	d.t.Helper()
	b.Post("/studio/webhooks", typed(d.receiverURL, webhook.Types()...)).Wants(200)
	id := webtest.Query[int64](d.Mall, `select max(id) from webhook_endpoint`)[0]
	return fmt.Sprint("/studio/webhooks/", id)
}

// deliver sends the messages that are due.
func (d *desk) deliver() {
	d.t.Helper()
	for _, id := range webtest.Query[int64](d.Mall, `select id from webhook_endpoint`) {
		_, err := d.hooks.Turn(d.t.Context(), id)
		d.ok(err)
	}
}

// notify notifies creators of all events in the outbox, as the relay does.
func (d *desk) notify() {
	d.t.Helper()
	d.ok(db.InTx(d.t.Context(), d.Pool, func(tx pgx.Tx) error {
		rows, _ := tx.Query(d.t.Context(), `select id, type, aggregate, payload, created_at from outbox_event
			where type in ('order.paid', 'order.delivered', 'order.refunded') order by id`)
		events, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[outbox.Event])
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := subscriber.NotifyOfOrder(d.t.Context(), tx, d.hooks, e); err != nil {
				return err
			}
		}
		return nil
	}))
}

var secretShown = regexp.MustCompile(`whsec_[A-Za-z0-9+/]+=*`)

func TestWebhooks_add_shows_secret_once(t *testing.T) {
	d := open(t)
	b := d.Browser(d.creator.ID)
	b.Get("/studio/webhooks").Wants(200).Shows("No webhook yet", "Add a webhook")
	b.Get("/studio/webhooks/new").Wants(200).Shows("order.paid", "order.refunded")
	wrong := b.Post("/studio/webhooks", typed("https://10.0.0.1/inside")).Wants(422).
		Shows("That is not the name of a public server.", "Choose at least one.")
	if !wrong.Has(`id="url-error"`) || wrong.Form("/studio/webhooks").Get("url") != "https://10.0.0.1/inside" {
		t.Error("form lost the typed address, or its field has no error")
	}
	made := b.Post("/studio/webhooks", typed(d.receiverURL, "order.paid")).Wants(200).
		Shows("it is not shown again", d.receiverURL)
	secret := secretShown.FindString(made.Text())
	if secret == "" || !strings.Contains(made.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("answer with the secret: got %q, %v, want a secret and no-store", secret, made.Header)
	}
	// A reload sends the form again.
	b.Post("/studio/webhooks", typed(d.receiverURL, "order.paid")).Wants(422).
		Shows("You have a webhook with that address.")
	b.Get("/studio/webhooks").Wants(200).Shows(d.receiverURL, "On", "order.paid").Hides("order.refunded", "whsec_")
	id := webtest.Query[int64](d.Mall, `select id from webhook_endpoint`)[0]
	here := fmt.Sprint("/studio/webhooks/", id)
	page := b.Get(here).Wants(200).Shows(d.receiverURL, "No messages", "New secret").Hides("whsec_")
	again := b.Post(here+"/rotate", page.Form(here+"/rotate")).Wants(200).Shows("For 24 hours")
	if next := secretShown.FindString(again.Text()); next == "" || next == secret {
		t.Errorf("rotated secret: got %q, want a new one", next)
	}
	b.Post(here+"/rotate", page.Form(here+"/rotate")).Wants(303) // an old form
	b.Get(here).Wants(200).Shows("The webhook has changed since you looked", "The old one signs as well until")
	form := b.Get(here).Form(here)
	form["types"] = []string{"order.refunded", "webhook.test", "made.up"}
	b.Post(here, form).Wants(303)
	if kinds := webtest.Query[[]string](d.Mall, `select types from webhook_endpoint`)[0]; len(kinds) != 1 ||
		kinds[0] != "order.refunded" {
		t.Errorf("types of the webhook: got %v, want only order.refunded", kinds)
	}
	form = b.Get(here).Form(here)
	form.Set("url", "http://192.168.0.1/")
	b.Post(here, form).Wants(422).Shows("It must begin with https://.", "Messages")
	b.Post(here+"/remove", b.Get(here).Form(here+"/remove")).Wants(303)
	b.Get(here).Wants(404)
	for n := range webhook.MaxEndpoints {
		b.Post("/studio/webhooks", typed(fmt.Sprint(d.receiverURL, n), "order.paid")).Wants(200)
	}
	b.Post("/studio/webhooks", typed(d.receiverURL, "order.paid")).Wants(409).Shows("You have five webhooks")
	b.Get("/studio/webhooks").Wants(200).Hides("Add a webhook")
}

func TestWebhooks_sale_without_buyer(t *testing.T) {
	d := open(t)
	video := d.Video(990, -1)
	mia := d.Person("mia", account.RoleShopper)
	b := d.Browser(d.creator.ID)
	here := d.added(b)
	o := d.Bought(mia.ID, video)
	d.notify()
	d.notify() // delivers the events a second time
	d.deliver()
	log := b.Get(here).Wants(200).Shows("order.paid", "order.delivered", "order:"+o.OrderNo, "Delivered", "200 OK")
	if n := strings.Count(log.Text(), "200 OK"); n != 2 {
		t.Errorf("messages: got %d, want 2", n)
	}
	last := d.lastBody.Load().(string)
	for _, want := range []string{
		`"type":"order.delivered"`, o.OrderNo, `"amount":{"amount":990,"currency":"CNY"}`,
		`"quantity":1`,
	} {
		if !strings.Contains(last, want) {
			t.Errorf("message lacks %s: %s", want, last)
		}
	}
	for _, secret := range []string{"mia", "example.test", "userId", "creatorId"} {
		if strings.Contains(last, secret) {
			t.Errorf("message contains %s: %s", secret, last)
		}
	}
	id := webtest.Query[int64](d.Mall, `select max(id) from webhook_delivery`)[0]
	b.Get(fmt.Sprint(here, "/deliveries/", id)).Wants(200).
		Shows("webhook-signature: v1,", "webhook-id: msg_", "thank you kindly", `"orderNo": "`+o.OrderNo, "Resend")
	d.lastBody.Store("")
	b.Post(fmt.Sprint(here, "/deliveries/", id, "/resend"), url.Values{}).Wants(303)
	b.Get(fmt.Sprint(here, "/deliveries/", id)).Wants(200).Shows("on its way again", "Next try:")
	d.deliver()
	if d.lastBody.Load().(string) != last {
		t.Errorf("resent message: got %s, want %s", d.lastBody.Load(), last)
	}
}

func TestWebhooks_refund_names_items(t *testing.T) {
	d := open(t)
	video, other := d.Video(990, -1), d.Video(500, -1)
	b := d.Browser(d.creator.ID)
	here := d.added(b)
	o := d.Bought(d.Person("mia", account.RoleShopper).ID, video, other)
	r, err := d.Orders.Refunds().Request(t.Context(), order.RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: []int64{o.Items[0].ID},
		Key:     "k",
		Actor:   "operator:1",
	})
	d.ok(err)
	if err := d.Orders.Refunds().Submit(t.Context(), r.RefundNo); err != nil && !errors.Is(err, order.ErrAwaitsProvider) {
		t.Fatal(err)
	}
	d.DeliverNotices()
	d.notify()
	d.deliver()
	last := d.lastBody.Load().(string)
	if !strings.Contains(last, `"type":"order.refunded"`) ||
		!strings.Contains(last, fmt.Sprintf(`"skuId":%d,`, video)) ||
		strings.Contains(last, fmt.Sprintf(`"skuId":%d,`, other)) || strings.Contains(last, "quantity") {
		t.Errorf("message: got %s, want only the refunded item", last)
	}
	b.Get(here).Wants(200).Shows("order.refunded")
}

func TestWebhooks_test_button(t *testing.T) {
	d := open(t)
	b := d.Browser(d.creator.ID)
	here := d.added(b)
	d.status.Store(418)
	a := b.Post(here+"/test", url.Values{}).Wants(303)
	b.Get(a.Location).Wants(200).Shows("webhook.test", "418 I'm a teapot", "thank you kindly", "Set aside").
		Hides("Resend")
	b.Post(here+"/test", url.Values{}).Wants(303)
	b.Get(here).Wants(200).Shows("It was tested a moment ago", "On")
	b.Get(here + "?state=delivered").Wants(200).Hides("418 I'm a teapot")
	b.Get(here + "?state=dead").Wants(200).Shows("webhook.test")
	b.Post(here+"/off", b.Get(here).Form(here+"/off")).Wants(303)
	b.Get(here).Wants(200).Shows("The webhook is off", "Switch on")
	b.Post(here+"/on", b.Get(here).Form(here+"/on")).Wants(303)
	b.Get(here).Wants(200).Shows("The webhook is on")
}

func TestWebhooks_log_pages(t *testing.T) {
	d := open(t)
	b := d.Browser(d.creator.ID)
	here := d.added(b)
	_, err := d.Pool.Exec(t.Context(), `insert into webhook_delivery (endpoint_id, event_id, message_id, type,
		aggregate, body, next_at, created_at)
		select max(e.id), n, 'msg_' || n, 'order.paid', 'order:' || lpad(n::text, 3, '0'), '{}', now(), now()
		from webhook_endpoint e, generate_series(1, 31) n group by n order by n`)
	d.ok(err)
	first := b.Get(here+"?state=pending").Wants(200).Shows("order:031", "order:002").Hides("order:001")
	id := webtest.Query[int64](d.Mall, `select id from webhook_delivery where event_id = 2`)[0]
	next := fmt.Sprint(here, "?state=pending&amp;before=", id)
	if !first.Has(next) {
		t.Fatal("first page lacks the link to the next one")
	}
	b.Get(fmt.Sprint(here, "?state=pending&before=", id)).Wants(200).Shows("order:001").Hides("order:002")
	b.Get(here + "?before=x&state=y").Wants(200).Shows("order:031")
}

func TestWebhooks_access(t *testing.T) {
	d := open(t)
	mine := d.Browser(d.creator.ID)
	here := d.added(mine)
	a := mine.Post(here+"/test", url.Values{}).Wants(303)
	eve := d.Browser(d.Person("eve", account.RoleCreator).ID)
	theirs := d.added(eve)
	delivery := a.Location[strings.LastIndexByte(a.Location, '/'):]
	for name, b := range map[string]*webtest.Browser{
		"another creator": eve,
		"a shopper":       d.Browser(d.Person("mia", account.RoleShopper).ID),
		"an operator":     d.Browser(d.Person("olga", account.RoleOperator).ID),
	} {
		for _, path := range []string{here, a.Location, theirs + "/deliveries" + delivery} {
			if got := b.Get(path).Status; got != 404 {
				t.Errorf("%s: got %d from %s, want 404", name, got, path)
			}
		}
		for _, verb := range []string{
			"", "/rotate", "/on", "/off", "/remove", "/test",
			"/deliveries" + delivery + "/resend",
		} {
			if got := b.Post(here+verb, typed(d.receiverURL+"/stolen", "order.paid")).Status; got != 404 {
				t.Errorf("%s posts to %q: got %d, want 404", name, verb, got)
			}
		}
	}
	eve.Get("/studio/webhooks/x").Wants(404)
	if n := webtest.Query[int64](d.Mall,
		`select count(*) from webhook_endpoint where version <> 0 or state <> 'on'`)[0]; n != 0 {
		t.Errorf("webhooks changed by refused requests: got %d, want 0", n)
	}
	if guest := d.Browser(0).Get(here); guest.Status != 303 || !strings.HasPrefix(guest.Location, "/sign-in") {
		t.Errorf("page as a guest: got %d to %q, want 303 to the sign-in", guest.Status, guest.Location)
	}
}
