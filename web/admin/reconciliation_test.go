package admin_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/web/webtest"
)

// differ plants a difference that an operator sees, and returns its id.
func (d *desk) differ(t *testing.T, number string) string {
	t.Helper()
	return webtest.Query[string](d.Mall, `insert into reconcile_difference
		(provider, day, kind, number, cause, stated, currency, run_id, seen_run, found_at)
		values ('sandbox', '2026-03-20', 'payment', $1, 'missing_here', 1990, 'CNY', 1, 1, now() - interval '3 days')
		returning id::text`, number)[0]
}

func TestReconciliation_take_and_close(t *testing.T) {
	d := open(t)
	d.b.Get("/admin/reconciliation").Wants(200).Shows("Statements, payments and books agree.", "No day was compared yet")
	one := d.differ(t, "=T1<b>")
	page := "/admin/reconciliation"
	d.b.Get(page).Wants(200).Shows("Missing here", "=T1<b>", "¥19.90", "nobody yet", "3 days ago")
	d.b.Get("/admin").Wants(200).Shows("Open differences")
	d.b.Get(page + "?provider=nobody&cause=x&day=x&owner=me").Wants(200).Hides("=T1")
	d.b.Post(page+"/"+one+"/take", nil).Wants(303)
	d.b.Get(page+"?owner=me&cause=missing_here&day=2026-03-20&provider=sandbox").Wants(200).Shows("=T1<b>", d.olga.Name)
	csv := d.b.Get(page + ".csv").Wants(200)
	if !strings.Contains(csv.Body, "'=T1<b>,missing_here") || !strings.Contains(csv.Body, ",19.90,") {
		t.Errorf("CSV: %q", csv.Body)
	}
	// A note that is refused comes back as it was typed.
	d.b.Post(page+"/"+one+"/close", url.Values{"note": {strings.Repeat("x", 501)}}).Wants(422).
		Shows("Say in a few words how it was settled.")
	d.b.Post(page+"/"+one+"/close", url.Values{"note": {"a sale of the café"}}).Wants(303)
	d.b.Get(page).Wants(200).Hides("=T1<b>")
	d.b.Get(page+"?state=closed").Wants(200).Shows("=T1<b>", "a sale of the café")
	d.b.Post(page+"/"+one+"/close", url.Values{"note": {"again"}}).Wants(303)
	d.b.Post(page+"/999999/take", nil).Wants(404)
	d.Browser(d.mia.ID).Get(page).Wants(404)
	d.Browser(d.mia.ID).Post(page+"/"+one+"/take", nil).Wants(404)
}

func TestReconciliation_run_and_days(t *testing.T) {
	d := open(t)
	day := d.Now().UTC().AddDate(0, 0, -1)
	form := url.Values{"provider": {"sandbox"}, "day": {day.Format(time.DateOnly)}, "key": {"k"}}
	d.b.Post("/admin/reconciliation/run", form).Wants(303)
	d.b.Post("/admin/reconciliation/run", form).Wants(303) // the second click
	if n := webtest.Query[int](d.Mall, "select count(*)::int from river_job where kind = 'reconcile'")[0]; n != 1 {
		t.Errorf("%d jobs", n)
	}
	form.Set("day", d.Now().UTC().Format(time.DateOnly))
	d.b.Post("/admin/reconciliation/run", form).Wants(303)
	d.b.Get("/admin/reconciliation").Wants(200).Shows("Only a day that is over can be compared.")
	if _, err := d.reconciler.Run(t.Context(), "sandbox", day); err != nil {
		t.Fatal(err)
	}
	d.b.Get("/admin/reconciliation").Wants(200).Shows(day.Format(time.DateOnly), "Compared")
}

func TestReconciliation_bank(t *testing.T) {
	d := open(t)
	page := "/admin/payouts/bank"
	d.b.Get(page).Wants(200).Shows("No lines yet")
	d.b.Post(page, url.Values{"lines": {"2026-03-20,RENT <1>,-900.00,CNY\nnonsense"}}).Wants(422).
		Shows("Line 2 can’t be read.", "RENT <1>")
	d.b.Post(page, url.Values{"lines": {"2026-03-20,RENT <1>,-900.00,CNY"}}).Wants(303)
	d.b.Get(page).Wants(200).Shows("RENT <1>", "The bank lists every payout.")
	report, err := d.reconciler.Bank(t.Context(), 10)
	if err != nil || len(report.Unknown) != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	d.b.Post(page+"/1/close", url.Values{"note": {"the rent"}}).Wants(303)
	d.b.Get(page).Wants(200).Hides("RENT <1>")
}
