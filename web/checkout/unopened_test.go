package checkout_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/views/text"
	"videomall/web/checkout"
	"videomall/web/webtest"
)

// Every reason why a payment is not opened has words of its own, also where it wraps another.
func TestPayment_unopened_words(t *testing.T) {
	t.Parallel()
	other := errors.New("a database that is away")
	said := map[string]error{}
	for _, c := range []struct {
		err  error
		want string
	}{
		{order.ErrAlreadyOwned, "order_owned"},
		{fmt.Errorf("%w: attempt 1: %w", order.ErrAwaitsProvider, payment.ErrProviderDown), "payment_awaited"},
		{payment.ErrAlreadyPaid, "order_already_paid"},
		{payment.ErrProcessing, "payment_processing"},
		{order.ErrNotPayable, "order_not_payable"},
		{payment.ErrUnknownProvider, "payment_not_offered"},
		{payment.ErrUnknownMethod, "payment_not_here"},
		{payment.ErrSumNotTaken, "payment_sum_not_taken"},
		{payment.ErrProviderDown.Because("close attempt 1: %w", payment.ErrRejected), "payment_no_answer"},
		{payment.ErrRejected, "payment_refused"},
		{payment.ErrPrepayMismatch, "payment_mismatch"},
		{other, "payment_unavailable"},
	} {
		got := checkout.FlashOf(c.err)
		if got != c.want {
			t.Errorf("%v: %s, want %s", c.err, got, c.want)
		}
		if before, met := said[got]; met {
			t.Errorf("%v has the words of %v", c.err, before)
		}
		said[got] = c.err
		for _, lang := range []text.Lang{text.En, text.ZhCN} {
			if key := "flash." + got; text.For(lang).T(key) == key {
				t.Errorf("%s has no words in %s", key, lang)
			}
		}
	}
	for _, same := range [][2]error{
		{payment.ErrPaymentExpired.Because("close: %w", payment.ErrProviderDown), order.ErrNotPayable},
		{payment.ErrRetryLater, payment.ErrProviderDown},
		{payment.ErrInvalidPrepay, other},
	} {
		if a, b := checkout.FlashOf(same[0]), checkout.FlashOf(same[1]); a != b {
			t.Errorf("%v: %s, want %s", same[0], a, b)
		}
	}
}

// failing is the sandbox, which answers so.
type failing struct {
	payment.Provider
	method payment.Method
	err    error
}

func (f failing) Methods() []payment.Method { return []payment.Method{f.method} }

func (f failing) Create(context.Context, payment.CreateRequest) (payment.Created, error) {
	return payment.Created{}, f.err
}

func (f failing) Query(context.Context, payment.ChargeRef) (payment.Charge, error) {
	return payment.Charge{}, f.err
}

func TestPayment_unopened(t *testing.T) {
	for name, c := range map[string]struct {
		failing
		en, zh string
	}{
		"a sum that it would round": {
			failing{method: payment.Method{Name: "page", Multiples: map[string]int64{"CNY": 100}}},
			"This way to pay can’t take exactly this sum.", "该支付方式无法准确收取这个金额",
		},
		"another currency": {
			failing{method: payment.Method{Name: "page", Currencies: []string{"USD"}}},
			"does not take the order’s currency on this device", "在当前设备上不支持这笔订单的币种",
		},
		"refused": {
			failing{method: payment.Method{Name: "page"}, err: payment.ErrRejected},
			"The payment provider refused this payment.", "支付渠道拒绝了这次付款",
		},
		"no answer": {
			failing{method: payment.Method{Name: "page"}, err: errors.New("away")},
			"The payment provider gives no answer right now.", "支付渠道暂时没有响应",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t, func(o *webtest.Options) {
				o.Provider = func(_ *webtest.Mall, p payment.Provider) payment.Provider {
					c.Provider = p
					return c.failing
				}
			})
			b := m.Browser(m.Person("mia", "shopper").ID)
			b.Post("/cart/items", item(m.Video(990, -1)))
			form := b.Get("/checkout").Form("/checkout")
			form.Set("provider", "sandbox")
			at := b.Post("/checkout", form).Wants(http.StatusSeeOther).Location
			b.Get(at).Wants(http.StatusOK).Shows(c.en)
			b.Lang = "zh-CN"
			again := b.Post(at+"/pay", url.Values{"provider": {"sandbox"}}).Wants(http.StatusSeeOther)
			if again.Location != at {
				t.Fatalf("the button leads to %q", again.Location)
			}
			b.Get(at).Wants(http.StatusOK).Shows(c.zh)
		})
	}
}
