package stripe_test

import (
	"net/http"
	"testing"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/stripe/stripetest"
)

// TestStripe_sums_of_each_kind_of_currency compares what leaves for Stripe, in its units, and what comes back.
func TestStripe_sums_of_each_kind_of_currency(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		paid, back  money.Money
		sent, given string // in Stripe's units: the price of the session, and the refund
	}{
		{money.Of(990, "CNY"), money.Of(331, "CNY"), "990", "331"},
		{money.Of(149, "USD"), money.Of(50, "USD"), "149", "50"},
		{money.Of(210, "JPY"), money.Of(71, "JPY"), "210", "71"},
		{money.Of(1230, "KWD"), money.Of(410, "KWD"), "1230", "410"},
		{money.Of(49_905, "HUF"), money.Of(16_635, "HUF"), "49905", "16635"},
		{money.Of(4455, "TWD"), money.Of(1485, "TWD"), "4455", "1485"},
		{money.Of(189, "ISK"), money.Of(63, "ISK"), "18900", "6300"},
		{money.Of(5200, "UGX"), money.Of(1733, "UGX"), "520000", "173300"},
		{money.Of(2_250_005, "IDR"), money.Of(750_002, "IDR"), "2250005", "750002"},
	} {
		t.Run(c.paid.Currency, func(t *testing.T) {
			t.Parallel()
			bank := open(t)
			s := suite
			s.Open = func(*testing.T) paymenttest.Bank { return bank }
			s.Sums(t, c.paid, c.back)
			sent := bank.Requests()
			if got := sentTo(sent, "/v1/checkout/sessions", "line_items[0][price_data][unit_amount]"); got != c.sent {
				t.Errorf("%s was sent as %q, want %s", c.paid, got, c.sent)
			}
			if got := sentTo(sent, "/v1/refunds", "amount"); got != c.given {
				t.Errorf("%s was refunded as %q, want %s", c.back, got, c.given)
			}
		})
	}
}

// sentTo returns a parameter of the first request to a path.
func sentTo(sent []stripetest.Request, path, name string) string {
	for _, r := range sent {
		if r.Method == http.MethodPost && r.Path == path {
			return r.Form[name]
		}
	}
	return ""
}

// Sums that Stripe would have to round are not offered there, and refused if they are asked for nevertheless.
func TestStripe_sums_that_it_would_round(t *testing.T) {
	t.Parallel()
	for _, sum := range []money.Money{
		money.Of(1234, "KWD"), money.Of(1, "TND"), money.Of(20, "MGA"), money.Of(990, "IQD"),
	} {
		suite.Refuses(t, sum)
	}
	for code, want := range map[string]int64{
		"CNY": 1, "JPY": 1, "KWD": 10, "HUF": 1, "TWD": 1, "ISK": 1, "UGX": 1, "IDR": 1, "MGA": 100,
	} {
		m := open(t).Provider().Methods()[0]
		if !m.Moves(money.Of(want, code)) || want > 1 && m.Moves(money.Of(want/2, code)) ||
			!m.Fits(payment.DevicePhone, code) {
			t.Errorf("%s: not in multiples of %d", code, want)
		}
	}
}

// A sum below the smallest that Stripe publishes is not offered there. It can be given back.
func TestStripe_Methods_smallest_sums(t *testing.T) {
	t.Parallel()
	m := open(t).Provider().Methods()[0]
	for code, want := range map[string]int64{
		"USD": 50, "GBP": 30, "HKD": 400, "JPY": 50, "HUF": 17_500, "CNY": 1, "TWD": 1, "KWD": 10, "ISK": 1,
	} {
		least := money.Of(want, code)
		below := money.Of(want-1, code)
		if !m.Takes(least) || m.Takes(below) && below.Amount > 0 {
			t.Errorf("%s is not the smallest sum", least)
		}
		if want > 10 && !m.Moves(below) {
			t.Errorf("%s can't be given back", below)
		}
	}
	for code, sum := range m.Least {
		if !m.Fits(payment.DevicePhone, code) || !m.Moves(money.Of(sum, code)) {
			t.Errorf("the smallest sum in %s is %d, which can't be taken", code, sum)
		}
	}
}
