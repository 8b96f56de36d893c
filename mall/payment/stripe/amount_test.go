package stripe_test

import (
	"math"
	"testing"

	"videomall/mall/money"
	"videomall/mall/payment/stripe"
)

// A sum of ours and the same sum as Stripe counts it, one row for each way of counting.
var amounts = []struct {
	ours   money.Money
	theirs int64
	name   string
}{
	{money.Of(1290, "USD"), 1290, "usd"},
	{money.Of(1, "CNY"), 1, "cny"},
	{money.Of(500, "JPY"), 500, "jpy"}, // no digits
	{money.Of(5, "ISK"), 500, "isk"},   // none, counted in hundredths
	{money.Of(37000, "UGX"), 3700000, "ugx"},
	{money.Of(5120, "KWD"), 5120, "kwd"},   // three digits, the last of them 0
	{money.Of(500000, "MGA"), 5000, "mga"}, // fifths, counted whole
	{money.Of(199050, "HUF"), 199050, "huf"},
	{money.Of(80005, "TWD"), 80005, "twd"},
}

func TestToStripe(t *testing.T) {
	t.Parallel()
	for _, c := range amounts {
		if n, name, err := stripe.ToStripe(c.ours); n != c.theirs || name != c.name || err != nil {
			t.Errorf("%s: got %d %s, %v", c.ours, n, name, err)
		}
		if m, err := stripe.FromStripe(c.theirs, c.name); m != c.ours || err != nil {
			t.Errorf("%d %s: got %s, %v", c.theirs, c.name, m, err)
		}
	}
}

func TestToStripe_refuses(t *testing.T) {
	t.Parallel()
	for _, m := range []money.Money{
		money.Of(0, "USD"), money.Of(-1, "USD"), money.Of(money.MaxSum+1, "USD"), money.Of(math.MaxInt64, "ISK"),
		money.Of(math.MinInt64, "USD"), money.Of(1, "XXX"), money.Of(1, ""), money.Of(1, "usd"),
		money.Of(5124, "KWD"), // would have to be rounded
		money.Of(20, "MGA"),   // a fifth
		money.Of(1, "IQD"),    // Stripe does not take it
	} {
		if n, name, err := stripe.ToStripe(m); err == nil {
			t.Errorf("%s: got %d %s", m, n, name)
		}
	}
}

func TestFromStripe_refuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n    int64
		name string
	}{
		{0, "usd"},
		{-1, "usd"},
		{money.MaxSum + 1, "usd"},
		{math.MaxInt64, "mga"},
		{math.MinInt64, "usd"},
		{1, "xxx"},
		{1, ""},
		{1, "USD"},
		{1, "us"},
		{550, "isk"},
		{1, "ugx"},
	} {
		if m, err := stripe.FromStripe(c.n, c.name); err == nil {
			t.Errorf("%d %s: got %s", c.n, c.name, m)
		}
	}
}

// Every currency goes there and back.
func TestCurrencies(t *testing.T) {
	t.Parallel()
	list := stripe.Currencies()
	if len(list) < 130 {
		t.Errorf("%d currencies", len(list))
	}
	for _, code := range list {
		m := money.Of(12_000_000, code)
		n, name, err := stripe.ToStripe(m)
		if err != nil {
			t.Errorf("%s: %v", code, err)
			continue
		}
		if back, err := stripe.FromStripe(n, name); back != m || err != nil {
			t.Errorf("%s is %d there and %s again, %v", m, n, back, err)
		}
	}
}
