package config_test

import "testing"

func TestLoad_fee_in_percent(t *testing.T) {
	t.Parallel()
	for v, want := range map[string]int{"15%": 1500, "12.5": 1250, " 0.25 % ": 25, "0": 0, "100%": 10000} {
		c, err := load(t, "PLATFORM_FEE="+v)
		if err != nil || int(c.FeeRate) != want {
			t.Errorf("%q: %v, %v", v, c, err)
		}
	}
	for _, v := range []string{"101%", "-1", "1.234", "a part", "%", "+5", "1e2"} {
		if c, err := load(t, "PLATFORM_FEE="+v); err == nil {
			t.Errorf("%q is %v", v, c.FeeRate)
		}
	}
	for _, v := range []string{
		"CLEARING_PERIOD=-1s", "CLEARING_PERIOD=2161h", "PAYOUT_MINIMUM=0",
		"PAYOUT_MINIMUM=100000001",
	} {
		if _, err := load(t, v); err == nil {
			t.Errorf("%s is accepted", v)
		}
	}
}
