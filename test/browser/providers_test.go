package browser_test

import (
	"testing"
	"time"

	"videomall/mall/payment"
	"videomall/mall/payment/stripe/stripetest"
)

// TestProviders_console enters a provider's settings in the console, pays a test payment at a stand-in of it, and offers
// it to shoppers, while the mall runs.
func TestProviders_console(t *testing.T) {
	t.Parallel()
	_, root := require(t)
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	bank := stripetest.New(stripetest.Options{
		Now:       time.Now,
		NotifyURL: "http://" + address + "/api/v1/mall/payments/callback/stripe",
	})
	t.Cleanup(bank.Close)
	opt := bank.ProviderOptions()
	h, err := openMall(address, "PAYMENT_MARK="+stripetest.Shop, "STRIPE_API_URL="+opt.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.close(); err != nil {
			t.Error(err)
		}
	})
	p := visitor(t, h, root, look{lang: "en", width: 390})
	p.expect("favicon.ico") // the stand-in has none
	p.enter(h.account(t, "Olga", "operator"))
	p.visit("/admin/providers/stripe")
	p.shot("provider-empty")
	p.fill(`#secret_key`, opt.SecretKey)
	p.fill(`#webhook_secrets`, opt.WebhookSecrets[0])
	p.click(`form[action="/admin/providers/stripe"] button[data-once]`)
	p.has(`form[action$="/offer"]`)
	p.shot("provider-saved")
	if eval[bool](p, `document.documentElement.outerHTML.includes('`+opt.SecretKey+`')`) {
		t.Error("the page shows the secret")
	}
	p.click(`form[action$="/tests"] button[data-once]`)
	p.until(`location.pathname.startsWith('/c/pay/')`)
	p.click(`form button`)
	p.until(`location.pathname.startsWith('/admin/providers/stripe/tests/')`)
	eventually(t, "the refund is requested", func() bool {
		return h.text(t, `select coalesce(max(status), '') from payment_refund where reference like 'TEST-%'`) == payment.Submitted
	})
	if err := bank.FinishRefund(h.text(t, `select refund_no from payment_refund where reference like 'TEST-%'`), true); err != nil {
		t.Fatal(err)
	}
	p.has(`#test-state:not([hx-get]) .text-success`)
	p.shot("provider-tested")
	p.visit("/admin/providers/stripe")
	p.click(`form[action$="/offer"] button[data-once]`)
	p.until(`document.querySelector('form[action$="/offer"] [name=offered]') === null`)
	p.visit("/admin/providers")
	p.shot("providers")

	buyer := visitor(t, h, root, look{lang: "zh-CN", width: 390, theme: "dark"})
	buyer.expect("favicon.ico")
	buyer.enter(h.account(t, "Mia", "shopper"))
	no := buyer.checksOut("kyoto-lanterns", "stripe")
	buyer.until(`location.pathname.startsWith('/c/pay/')`)
	buyer.click(`form button`)
	buyer.gets(no)
}
