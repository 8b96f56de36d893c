package config_test

import (
	"reflect"
	"strings"
	"testing"

	"videomall/config"
)

func TestLoad_fees_of_providers(t *testing.T) {
	t.Parallel()
	for v, want := range map[string]config.ProviderFees{
		"alipay=0.6%, stripe=2.9%+0.30 USD": {
			"alipay": {BasisPoints: 60},
			"stripe": {BasisPoints: 290, Fixed: map[string]int64{"USD": 30}},
		},
		"stripe=3.25% + 0.3 EUR + 40 JPY+0.025 KWD+0 USD,wechatpay=0": {
			"stripe":    {BasisPoints: 325, Fixed: map[string]int64{"EUR": 30, "JPY": 40, "KWD": 25, "USD": 0}},
			"wechatpay": {},
		},
	} {
		c, err := load(t, "PROVIDER_FEES="+v)
		if err != nil || !reflect.DeepEqual(c.ProviderFees, want) {
			t.Errorf("%q: %v, %v", v, c.ProviderFees, err)
			continue
		}
		again, err := load(t, "PROVIDER_FEES="+c.ProviderFees.String())
		if err != nil || !reflect.DeepEqual(again.ProviderFees, want) {
			t.Errorf("%q is written as %q", v, c.ProviderFees)
		}
	}
	for _, v := range []string{
		"stripe", "=1%", "stripe=1%,stripe=2%", "stripe=101%", "stripe=1%+", "stripe=1%+-5 USD", "a=1%,,b=1%",
		"stripe=1%+0.5 JPY", "stripe=1%+0.005 USD", "stripe=1%+1 XYZ", "stripe=1%+0.30 usd", "stripe=1%+0.30USD",
		"stripe=1%+1000.01 USD", "stripe=1%+1 USD+2 USD", "stripe=1%+1 USD EUR",
	} {
		if c, err := load(t, "PROVIDER_FEES="+v); err == nil {
			t.Errorf("%q is %v", v, c.ProviderFees)
		}
	}
}

// Before fixed parts had a currency, they were minor units of every one.
func TestLoad_fees_of_providers_old_form(t *testing.T) {
	t.Parallel()
	_, err := load(t, "PROVIDER_FEES=alipay=0.6%,stripe=2.9%+30")
	if err == nil || !strings.Contains(err.Error(), "stripe=2.9%+0.30 USD") {
		t.Errorf("the error is %v", err)
	}
}
