package paypal_test

import (
	"strings"
	"testing"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
)

// TestPayPal_sums_of_each_kind_of_currency compares what leaves for PayPal, as it writes sums, and what comes back.
func TestPayPal_sums_of_each_kind_of_currency(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		paid, back  money.Money
		sent, given string
	}{
		{money.Of(149, "USD"), money.Of(50, "USD"), "1.49", "0.50"},
		{money.Of(210, "JPY"), money.Of(71, "JPY"), "210", "71"},
		{money.Of(49_900, "HUF"), money.Of(16_600, "HUF"), "499", "166"},
		{money.Of(4500, "TWD"), money.Of(1500, "TWD"), "45", "15"},
	} {
		t.Run(c.paid.Currency, func(t *testing.T) {
			t.Parallel()
			bank := open(t)
			s := suite
			s.Open = func(*testing.T) paymenttest.Bank { return bank }
			s.Sums(t, c.paid, c.back)
			var sent []string
			for _, r := range bank.Requests() {
				if strings.HasSuffix(r.Path, "/orders") || strings.HasSuffix(r.Path, "/refund") {
					sent = append(sent, r.Body)
				}
			}
			if len(sent) != 2 || !strings.Contains(sent[0], `"value":"`+c.sent+`"`) ||
				!strings.Contains(sent[1], `"value":"`+c.given+`"`) {
				t.Errorf("want %s and %s to be sent: %q", c.sent, c.given, sent)
			}
		})
	}
}

// Currencies that PayPal does not take, and sums that it would have to round, are not offered there, and refused if they
// are asked for nevertheless.
func TestPayPal_sums_that_it_can_not_take(t *testing.T) {
	t.Parallel()
	for _, sum := range []money.Money{
		money.Of(49_990, "HUF"), money.Of(4501, "TWD"),
		money.Of(990, "CNY"), money.Of(1230, "KWD"), money.Of(189, "ISK"), money.Of(5200, "UGX"), money.Of(2_250_000, "IDR"),
	} {
		suite.Refuses(t, sum)
	}
	m := open(t).Provider().Methods()[0]
	for _, sum := range []money.Money{money.Of(100, "HUF"), money.Of(1, "JPY"), money.Of(1, "USD")} {
		if !m.Takes(sum) || !m.Fits(payment.DeviceDesktop, sum.Currency) {
			t.Errorf("%s is not taken", sum)
		}
	}
}
