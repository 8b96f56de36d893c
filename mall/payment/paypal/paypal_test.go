package paypal_test

import (
	"strings"
	"testing"

	"videomall/mall/money"
	"videomall/mall/payment/paypal"
	"videomall/mall/payment/paypal/paypaltest"
)

func TestAmount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount   int64
		currency string
		value    string // empty if it can't be paid
	}{
		{1290, "USD", "12.90"},
		{5, "EUR", "0.05"},
		{1290, "JPY", "1290"},
		{129000, "HUF", "1290"},
		{129000, "TWD", "1290"},
		{129010, "HUF", ""},
		{129001, "TWD", ""},
		{1290, "CNY", ""},
		{0, "USD", ""},
		{-1, "USD", ""},
		{1290, "KWD", ""},
		{money.MaxSum, "USD", "10000000000.00"},
		{money.MaxSum + 1, "USD", ""},
	} {
		m := money.Of(c.amount, c.currency)
		value, currency, err := paypal.ToPayPal(m)
		if value != c.value || (err == nil) != (c.value != "") {
			t.Errorf("%s is %q %q, %v; want %q", m, value, currency, err, c.value)
		}
		if err != nil {
			continue
		}
		if back, err := paypal.FromPayPal(value, currency); err != nil || back != m {
			t.Errorf("%s comes back as %s, %v", m, back, err)
		}
	}
	for _, wrong := range [][2]string{
		{"12.901", "USD"},
		{"1e3", "USD"},
		{"", "USD"},
		{"12,90", "USD"},
		{" 1", "USD"},
		{"+1", "USD"},
		{"0.00", "USD"},
		{"-1.00", "USD"},
		{"1.00", "CNY"},
		{"1.5", "JPY"},
		{"99999999999999.00", "USD"},
		{"1.00", "usd"},
		{"1.", "USD"},
	} {
		if m, err := paypal.FromPayPal(wrong[0], wrong[1]); err == nil {
			t.Errorf("%q %q is %s", wrong[0], wrong[1], m)
		}
	}
	if m, err := paypal.FromPayPal("1290.00", "JPY"); err != nil || m != money.Of(1290, "JPY") {
		t.Errorf("the report's yen: %s, %v", m, err)
	}
	for _, code := range paypal.Currencies() {
		if !money.IsCurrency(code) || code == "CNY" {
			t.Errorf("%s", code)
		}
	}
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*paypal.Options){
		"no client":       func(o *paypal.Options) { o.ClientID = "" },
		"no secret":       func(o *paypal.Options) { o.Secret = nil },
		"an empty secret": func(o *paypal.Options) { o.Secret = func() string { return "" } },
		"no webhook":      func(o *paypal.Options) { o.WebhookIDs = nil },
		"a bad webhook":   func(o *paypal.Options) { o.WebhookIDs = []string{"a|b"} },
		"no shop":         func(o *paypal.Options) { o.Shop = "" },
		"a colon":         func(o *paypal.Options) { o.Shop = "a:b" },
		"plain http":      func(o *paypal.Options) { o.BaseURL = "http://api-m.paypal.com" },
		"a path":          func(o *paypal.Options) { o.BaseURL = "https://api-m.paypal.com/v2" },
		"a bad page":      func(o *paypal.Options) { o.PageURL = "javascript:alert(1)" },
	} {
		o := open(t).ProviderOptions()
		change(&o)
		if _, err := paypal.New(o); err == nil || strings.Contains(err.Error(), paypaltest.Secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := open(t).ProviderOptions()
	for address, page := range map[string]string{
		"": "https://www.paypal.com", "https://api-m.sandbox.paypal.com": "https://www.sandbox.paypal.com",
	} {
		o.BaseURL = address
		p, err := paypal.New(o)
		if err != nil || p.Methods()[0].Origins[0] != page || strings.Contains(p.GoString(), paypaltest.Secret) {
			t.Errorf("%q: %v, %v", address, p, err)
		}
	}
}
