package tax_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db/dbtest"
	"videomall/mall/calendar"
	"videomall/mall/fault"
	"videomall/mall/tax"
)

// office is the taxes of a shop in Germany, with a clock that the test sets.
type office struct {
	*tax.Taxes
	t     *testing.T
	ctx   context.Context
	pool  *pgxpool.Pool
	ahead atomic.Int64
	log   []string
}

func (o *office) now() time.Time {
	return time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC).Add(time.Duration(o.ahead.Load()))
}

func open(t *testing.T) *office {
	t.Helper()
	t.Parallel()
	o := &office{
		t:    t,
		ctx:  t.Context(),
		pool: dbtest.New(t),
	}
	o.Taxes = o.another()
	return o
}

// another opens the taxes as another process does.
func (o *office) another() *tax.Taxes {
	berlin, _ := calendar.Find("Europe/Berlin")
	return tax.New(tax.Deps{
		Pool: o.pool,
		Now:  o.now,
		Shop: tax.Shop{Country: "DE", Zone: berlin},
		Audit: func(_ context.Context, _ pgx.Tx, actorID int64, verb, subject string, _ any) error {
			o.log = append(o.log, fmt.Sprint(actorID, " ", verb, " ", subject))
			return nil
		},
	})
}

func (o *office) ok(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) add(country string, basisPoints int, from time.Time) error {
	return o.AddRate(o.ctx, tax.NewRate{
		Country:     country,
		Name:        "VAT",
		BasisPoints: basisPoints,
		From:        from,
		ActorID:     7,
	})
}

// charges returns the rate of a person at a moment, as one of the processes charges it.
func (o *office) charges(by *tax.Taxes, at time.Time) int {
	o.t.Helper()
	f, err := by.FactsTx(o.ctx, o.pool, []int64{1}, at)
	o.ok(err)
	return f.TermsOf(f.Profile(1)).BasisPoints
}

func TestTaxes_AddRate_and_EndRate(t *testing.T) {
	o := open(t)
	today := time.Date(2026, 3, 9, 23, 0, 0, 0, time.UTC) // midnight in Berlin
	later := today.AddDate(0, 1, 0)
	other := o.another()
	if got := o.charges(other, o.now()); got != 0 {
		t.Errorf("without rates: %d", got)
	}
	o.ok(o.add("DE", 1900, today))
	o.ok(o.add("DE", 2000, later))
	if err := o.add("DE", 2100, later); !errors.Is(err, tax.ErrRateOverlap) {
		t.Errorf("two from one day: %v", err)
	}
	if err := o.add("DE", 2100, today.Add(time.Hour)); !errors.Is(err, tax.ErrRateOverlap) {
		t.Errorf("before a planned one: %v", err)
	}
	if got := o.charges(o.Taxes, o.now()); got != 1900 {
		t.Errorf("at once, here: %d", got)
	}
	if got := o.charges(other, o.now()); got != 0 {
		t.Errorf("another process has not read it: %d", got)
	}
	o.ahead.Store(int64(4 * time.Second))
	for at, want := range map[time.Time]int{
		o.now(): 1900, later.Add(-time.Microsecond): 1900, later: 2000, later.AddDate(1, 0, 0): 2000,
	} {
		if got := o.charges(o.another(), at); got != want {
			t.Errorf("at %s: %d, want %d", at, got, want)
		}
	}
	if got := o.charges(other, o.now()); got != 1900 {
		t.Errorf("another process, seconds later: %d", got)
	}
	rates, err := o.Rates(o.ctx)
	o.ok(err)
	if len(rates) != 2 || rates[0].Until == nil || !rates[0].Until.Equal(later) || rates[1].Until != nil {
		t.Fatalf("%+v", rates)
	}
	o.ok(o.EndRate(o.ctx, 7, rates[1].ID, o.now())) // has not begun
	if got := o.charges(o.Taxes, later); got != 1900 {
		t.Errorf("after the planned one was removed: %d", got)
	}
	o.ok(o.EndRate(o.ctx, 7, rates[0].ID, later))
	if before, then := o.charges(o.another(), later.Add(-time.Second)), o.charges(o.another(), later); before != 1900 ||
		then != 0 {
		t.Errorf("around the end: %d and %d", before, then)
	}
	if err := o.EndRate(o.ctx, 7, rates[0].ID, later.Add(time.Hour)); !errors.Is(err, tax.ErrRateEnded) {
		t.Errorf("an end after the end: %v", err)
	}
	if err := o.EndRate(o.ctx, 7, 4711, later); !errors.Is(err, tax.ErrRateNotFound) {
		t.Errorf("no such rate: %v", err)
	}
	want := "7 tax.rate_add tax:DE,7 tax.rate_add tax:DE,7 tax.rate_end tax:DE,7 tax.rate_end tax:DE"
	if got := strings.Join(o.log, ","); got != want {
		t.Errorf("audit log: %s", got)
	}
}

func TestTaxes_AddRate_refuses(t *testing.T) {
	o := open(t)
	good := tax.NewRate{
		Country:     "DE",
		Name:        "VAT",
		BasisPoints: 1900,
		From:        o.now(),
	}
	for field, spoil := range map[string]func(*tax.NewRate){
		"country": func(n *tax.NewRate) { n.Country = "EU" },
		"name":    func(n *tax.NewRate) { n.Name = " \u200b" },
		"rate":    func(n *tax.NewRate) { n.BasisPoints = tax.MaxBasisPoints + 1 },
		"from":    func(n *tax.NewRate) { n.From = o.now().AddDate(0, 0, -1) },
	} {
		n := good
		spoil(&n)
		err := o.AddRate(o.ctx, n)
		if f := fault.From(err); !errors.Is(err, tax.ErrRate) || len(f.Fields) != 1 || f.Fields[field] == "" {
			t.Errorf("%s: %v, %v", field, err, f.Fields)
		}
	}
	o.ok(o.AddRate(o.ctx, good))
}

// Operators who enter a rate at the same moment enter one.
func TestTaxes_AddRate_many_at_once(t *testing.T) {
	o := open(t)
	var added atomic.Int64
	var wait sync.WaitGroup
	for n := range 8 {
		wait.Go(func() {
			silent := tax.New(tax.Deps{Pool: o.pool, Now: o.now})
			err := silent.AddRate(o.ctx, tax.NewRate{
				Country:     "DE",
				Name:        "VAT",
				BasisPoints: 1900 + n,
				From:        o.now(),
			})
			switch {
			case err == nil:
				added.Add(1)
			case !errors.Is(err, tax.ErrRateOverlap):
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if rates, err := o.Rates(o.ctx); err != nil || added.Load() != 1 || len(rates) != 1 {
		t.Errorf("%d were added: %+v, %v", added.Load(), rates, err)
	}
}

func TestTaxes_SaveProfile(t *testing.T) {
	o := open(t)
	o.ok(o.SaveProfile(o.ctx, 1, tax.Profile{
		Country: "FR",
		Company: "  Lumière\u200b  SA ",
		Address: "1 rue X\r\n\r\n 75001 Paris \n",
		VATID:   "83 404 833 048",
	}))
	want := tax.Profile{
		Country: "FR",
		Company: "Lumière SA",
		Address: "1 rue X\n75001 Paris",
		VATID:   idFR,
	}
	if got, err := o.Profile(o.ctx, 1); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for field, p := range map[string]tax.Profile{
		"country": {Country: ""},
		"company": {Country: "FR", Company: strings.Repeat("é", tax.MaxCompany+1)},
		"address": {Country: "FR", Address: strings.Repeat("a\n", tax.MaxAddressLines+1)},
		"vat_id":  {Country: "DE", VATID: idFR},
	} {
		err := o.SaveProfile(o.ctx, 1, p)
		if f := fault.From(err); !errors.Is(err, tax.ErrProfile) || len(f.Fields) != 1 || f.Fields[field] == "" {
			t.Errorf("%s: %v, %v", field, err, f.Fields)
		}
	}
	for _, p := range []tax.Profile{
		{Country: "FR", Company: "a\x00b"},
		{Country: "US", VATID: "a\x00b"},
		{Country: "US", VATID: "é"},
		{Country: "FR", Address: "\xff"},
	} {
		if err := o.SaveProfile(o.ctx, 1, p); !errors.Is(err, tax.ErrProfile) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if got, err := o.Profile(o.ctx, 1); err != nil || got != want {
		t.Errorf("after what was refused: %+v, %v", got, err)
	}
	if got, err := o.Profile(o.ctx, 2); err != nil || !got.IsZero() {
		t.Errorf("of somebody else: %+v, %v", got, err)
	}
}
