package reconcile_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/money"
	"videomall/mall/reconcile"
)

func TestReadBank(t *testing.T) {
	t.Parallel()
	lines, err := reconcile.ReadBank(strings.NewReader("\ufeffdate,reference,amount,currency\r\n" +
		"2026-03-20,TX 81,-19.90,CNY\n2026-03-21, \"TX, 82\", 5 ,cny\n"))
	want := []reconcile.BankLine{
		{Day: time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC), Reference: "TX 81", Amount: money.Of(1990, "CNY")},
		{Day: time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC), Reference: "TX, 82", Amount: money.Of(-500, "CNY")},
	}
	if diff := cmp.Diff(want, lines); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, bad := range []string{
		"2026-03-20,TX,1,CNY\n2026-13-20,TX,1,CNY", "2026-03-20,TX,1,CNY\n2026-03-20,,1,CNY",
		"2026-03-20,TX,1,CNY\n2026-03-20,TX,0,CNY",
		"2026-03-20,TX,1,CNY\n2026-03-20,TX,1.999,CNY", "2026-03-20,TX,1,CNY\n2026-03-20,TX,1,XXXX", "2026-03-20,TX,1",
		"2026-03-20,TX,1,CNY\n\"", "2026-03-20,TX,1,CNY\n2026-03-20,T\x00X,1,CNY",
		"2026-03-20,TX,1,CNY\n2026-03-20,TX,99999999999999999999,CNY",
	} {
		if got, err := reconcile.ReadBank(strings.NewReader(bad)); !errors.Is(err, reconcile.ErrBankFile) {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
}

func TestReconciler_Bank(t *testing.T) {
	d := open(t, nil)
	_, err := d.pool.Exec(d.ctx, `
		insert into ledger_payee (creator_id, updated_at) values (5, now());
		insert into ledger_payout (creator_id, amount, currency, state, request_key, destination,
			bank_reference, requested_at, approvable_at, paid_at, over_at)
		select 5, 1000, 'CNY', state, 'k' || n, '', 'TX ' || n, now(), now(),
			'2026-03-10T08:00:00Z'::timestamptz + n * interval '1 hour',
			case state when 'failed' then '2026-03-11T08:00:00Z'::timestamptz end
		from (values (1, 'paid'), (2, 'paid'), (3, 'failed'), (4, 'paid')) w(n, state)`)
	d.ok(err)
	read := func(text string) int {
		lines, err := reconcile.ReadBank(strings.NewReader(text))
		d.ok(err)
		added, err := d.reconcile.KeepBank(d.ctx, 2, lines)
		d.ok(err)
		return added
	}
	// TX 1 agrees, TX 2 has another sum, TX 3 left and came back, TX 4 is missing, and the rent is no payout.
	file := "2026-03-09,OPEN,-1.00,CNY\n2026-03-10,TX 1,-10.00,CNY\n2026-03-10,TX 2,-10.01,CNY\n" +
		"2026-03-10,TX 3,-10.00,CNY\n" +
		"2026-03-11,TX 3,10.00,CNY\n2026-03-12,RENT,-900.00,CNY\n"
	if n := read(file); n != 6 {
		t.Errorf("%d lines added", n)
	}
	if n := read(file); n != 0 {
		t.Errorf("%d lines added again", n)
	}
	report, err := d.reconcile.Bank(d.ctx, 10)
	d.ok(err)
	var missing, unknown []string
	for _, p := range report.Missing {
		missing = append(missing, p.Reference)
	}
	for _, l := range report.Unknown {
		unknown = append(unknown, l.Reference)
	}
	slices.Sort(missing)
	slices.Sort(unknown)
	if !slices.Equal(missing, []string{"TX 2", "TX 4"}) || !slices.Equal(unknown, []string{"OPEN", "RENT", "TX 2"}) {
		t.Errorf("missing %q, unknown %q", missing, unknown)
	}
	d.ok(d.reconcile.CloseBankLine(d.ctx, 2, report.Unknown[0].ID, "rent"))
	if again, err := d.reconcile.Bank(d.ctx, 10); err != nil || len(again.Unknown) != 2 {
		t.Errorf("set aside: %+v, %v", again.Unknown, err)
	}
	// The same transfer made twice is one too many.
	if n := read("2026-03-10,TX 1,-10.00,CNY\n2026-03-10,TX 1,-10.00,CNY\n"); n != 1 {
		t.Errorf("%d lines added of the second transfer", n)
	}
	if again, err := d.reconcile.Bank(d.ctx, 10); err != nil || len(again.Unknown) != 3 {
		t.Errorf("paid twice: %+v, %v", again.Unknown, err)
	}
}
