package admin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
	"videomall/mall/payment/settings"
	"videomall/web/webtest"
)

// settings has a provider to configure: the sandbox under the name of Stripe.
func (d *desk) settings(t *testing.T, m *webtest.Mall) *settings.Settings {
	t.Helper()
	s, err := settings.New(settings.Deps{
		Pool:     m.Pool,
		Now:      m.Now,
		Log:      slog.New(slog.DiscardHandler),
		Key:      bytes.Repeat([]byte{1}, 32),
		Payments: m.Payments,
		Kinds: []settings.Kind{{
			Provider: "stripe",
			Fields: []settings.Field{
				{Name: "secret_key", Secret: true},
				{Name: "webhook_secrets", Secret: true, Lines: true},
				{Name: "payment_methods", Optional: true},
			},
			Open: func(values map[string]string) (payment.Provider, error) {
				if !strings.HasPrefix(values["secret_key"], "sk_") {
					return nil, errors.New("this is no key of Stripe")
				}
				return asStripe{m.Sandbox}, nil
			},
		}},
		Audit: func(_ context.Context, _ pgx.Tx, actorID int64, verb, _ string, _ any) error {
			d.audited = append(d.audited, fmt.Sprint(actorID, " ", verb))
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type asStripe struct{ payment.Provider }

func (asStripe) Name() string { return "stripe" }

func TestProviders_settings(t *testing.T) {
	d := open(t)
	page := "/admin/providers/stripe"
	d.b.Get("/admin/providers").Wants(200).Shows("Stripe", "Not set up", "Sandbox")
	form := d.b.Get(page).Wants(200).Shows("Not set up", "/api/v1/mall/payments/callback/stripe").Form(page)
	form.Set("secret_key", "pk_verysecret")
	form.Set("webhook_secrets", "whsec_verysecret")
	form.Set("payment_methods", "card")
	d.b.Post(page, form).Wants(422).Shows("this is no key of Stripe", "card").Hides("verysecret")
	form.Set("secret_key", "")
	d.b.Post(page, form).Wants(422).Shows("Please fill this in.")
	form.Set("secret_key", "sk_verysecret")
	d.b.Post(page, form).Wants(303)
	d.b.Get(page).Wants(200).Shows("The settings are saved.", "Set up, not offered", "Stored; leave empty").Hides("verysecret")
	d.b.Post(page, form).Wants(303) // another operator's page
	d.b.Get(page).Shows("Somebody else has changed these settings")

	offer := page + "/offer"
	form = d.b.Get(page).Form(offer)
	d.b.Post(offer, form).Wants(303)
	d.b.Get(page).Shows("Shoppers can choose this provider now.", "Stop offering")
	d.b.Post(offer, form).Wants(303)
	d.b.Get(page).Shows("Somebody else has changed these settings")
	form = d.b.Get(page).Form(offer)
	d.b.Post(offer, form).Wants(303)
	d.b.Get(page).Shows("Shoppers can’t choose this provider any more.", "Offer to shoppers")

	d.b.Get("/admin/providers/nobody").Wants(404)
	d.b.Post("/admin/providers/nobody", url.Values{"version": {"0"}}).Wants(404)
	d.b.Post("/admin/providers/sandbox", url.Values{"version": {"0"}}).Wants(404)
	d.b.Get("/admin/providers/sandbox").Wants(200).Shows("Configured by the environment")
	d.Browser(d.mia.ID).Get(page).Wants(404)
	d.Advance(20 * time.Minute)
	d.b.Post(page, form).Wants(403)
	d.b.Post(offer, form).Wants(403)
}

func TestProviders_test_payment(t *testing.T) {
	d := open(t)
	page := "/admin/providers/sandbox"
	at := page + "/tests"
	form := d.b.Get(page).Wants(200).Form(at)
	for field, wrong := range map[string][]string{"amount": {"", "0", "-1", "1.234", "10000"}, "currency": {"", "XXX", "EURO"}} {
		for _, value := range wrong {
			bad := url.Values{"key": form["key"], "amount": {"1"}, "currency": {"CNY"}}
			bad.Set(field, value)
			d.b.Post(at, bad).Wants(422)
		}
	}
	form.Set("amount", "1.50")
	form.Set("currency", "cny")
	for range 2 { // the second click leads to the same payment
		d.b.Post(at, form).Wants(303)
	}
	attempts := webtest.Query[string](d.Mall, "select action->>'url' from video_payment")
	if len(attempts) != 1 {
		t.Fatalf("attempts: %v", attempts)
	}
	test := at + "/" + form.Get("key")
	d.b.Get(test).Wants(200).Shows("CN¥1.50", "Go on to the payment", "Ask the provider now")
	if _, err := d.Sandbox.Pay(t.Context(), path.Base(attempts[0]), sandbox.PayOptions{}); err != nil {
		t.Fatal(err)
	}
	d.b.Post(test+"/ask", nil).Wants(303)
	d.b.Get(test).Shows("The money has arrived").Hides("Ask the provider now")
	d.DeliverNotices()
	for _, no := range webtest.Query[string](d.Mall, "select refund_no from payment_refund") {
		_ = d.Orders.Refunds().Submit(t.Context(), no) // the notice settles what the bank is still processing
	}
	d.DeliverNotices()
	d.b.Get(test).Shows("Everything works: the payment, its notice and the refund.")
	d.b.Get(page).Shows("Paid and refunded")
	d.b.Get("/admin/providers/stripe/tests/" + form.Get("key")).Wants(404)
	d.b.Get(at + "/ABC").Wants(404)
	d.Browser(d.mia.ID).Get(test).Wants(404)
	if want := fmt.Sprint(d.olga.ID, " payment.test"); len(d.audited) == 0 || d.audited[0] != want {
		t.Errorf("audited %v, want %s", d.audited, want)
	}
	d.Advance(20 * time.Minute)
	d.b.Post(at, form).Wants(403)
}
