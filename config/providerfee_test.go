package config_test

import (
	"maps"
	"testing"

	"videomall/config"
)

func TestLoad_fees_of_providers(t *testing.T) {
	t.Parallel()
	for v, want := range map[string]config.ProviderFees{
		"alipay=0.6%, stripe=2.9%+30": {"alipay": {BasisPoints: 60}, "stripe": {BasisPoints: 290, Fixed: 30}},
		"wechatpay=0":                 {"wechatpay": {}},
	} {
		c, err := load(t, "PROVIDER_FEES="+v)
		if err != nil || !maps.Equal(c.ProviderFees, want) {
			t.Errorf("%q: %v, %v", v, c.ProviderFees, err)
		}
	}
	for _, v := range []string{
		"stripe", "=1%", "stripe=1%,stripe=2%", "stripe=101%", "stripe=1%+", "stripe=1%+-5", "a=1%,,b=1%",
	} {
		if c, err := load(t, "PROVIDER_FEES="+v); err == nil {
			t.Errorf("%q is %v", v, c.ProviderFees)
		}
	}
}
