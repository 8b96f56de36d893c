package reconcile_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"videomall/mall/reconcile"
	"videomall/mall/reconcile/reconciletest"
)

// The share is compared in every currency, a fixed part in those for which one was agreed. Half a minor unit is rounded
// up, and one unit more or less is no difference.
func TestReconciler_Run_fees(t *testing.T) {
	d := open(t, nil)
	none := month
	none.Planted, none.Payments = 0, 3
	d.ok(reconciletest.Seed(d.ctx, d.pool, none))
	d.rates["alpha"] = reconcile.Rate{BasisPoints: 290, Fixed: map[string]int64{"USD": 30, "JPY": 40, "KWD": 25}}
	d.rates["beta"] = reconcile.Rate{BasisPoints: 60}
	at := month.Start.AddDate(0, 0, 3).Add(time.Hour)
	var want []string
	for n, c := range []struct {
		provider, currency string
		amount, fee        int64
		feeCurrency        string
		agreed             int64 // if the fee is reported; else 0
	}{
		{"alpha", "USD", 1050, 60, "USD", 0}, // 30.45 and 30
		{"alpha", "USD", 1050, 59, "USD", 0},
		{"alpha", "USD", 1050, 61, "USD", 0},
		{"alpha", "USD", 1050, 62, "USD", 60},
		{"alpha", "USD", 1050, 58, "USD", 60},
		{"alpha", "USD", 1050, 30, "USD", 60},
		{"alpha", "JPY", 1000, 69, "JPY", 0}, // no decimals
		{"alpha", "JPY", 1000, 59, "JPY", 69},
		{"alpha", "KWD", 10_500, 330, "KWD", 0}, // three decimals: 304.5, rounded up, and 25
		{"alpha", "KWD", 10_500, 335, "KWD", 330},
		{"alpha", "EUR", 1000, 54, "EUR", 0}, // 29, and a fixed part that nobody agreed to
		{"alpha", "EUR", 1000, 29, "EUR", 0},
		{"alpha", "EUR", 1000, 27, "EUR", 29},
		{"alpha", "EUR", 1000, 999, "EUR", 0},
		{"alpha", "EUR", 1000, 1001, "EUR", 29}, // above the sum
		{"alpha", "EUR", 1000, 1, "USD", 0},     // settled in another currency
		{"beta", "USD", 1000, 6, "USD", 0},
		{"beta", "USD", 1000, 36, "USD", 6}, // no fixed part was agreed, in any currency
	} {
		number := fmt.Sprintf("fee-%02d", n)
		_, err := d.pool.Exec(d.ctx, `insert into fake_line (provider, at, kind, attempt_no, channel_txn_no, refund_no,
			dispute_no, amount, currency, fee, fee_currency) values ($1, $2, 'payment', '', $3, '', '', $4, $5, $6, $7)`,
			c.provider, at, number, c.amount, c.currency, c.fee, c.feeCurrency)
		d.ok(err)
		if c.agreed != 0 {
			want = append(want, fmt.Sprintf("%s %d, agreed %d %s", number, c.fee, c.agreed, c.currency))
		}
	}
	for _, provider := range []string{"alpha", "beta"} {
		for day := 2; day <= 4; day++ {
			_, err := d.reconcile.Run(d.ctx, provider, month.Start.AddDate(0, 0, day))
			d.ok(err)
		}
	}
	got := d.strings(`select format('%s %s, agreed %s %s', number, stated, ours, currency) from reconcile_difference
		where cause = 'fee' and number like 'fee-%' order by number`)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
