package catalog_test

import (
	"errors"
	"testing"
	"time"

	"videomall/mall/catalog"
)

func TestCatalog_RepriceDue(t *testing.T) {
	t.Parallel()
	s := open(t)
	made := s.sell(t, "aurora", 3000)
	sku := made.SKUIDs[0]
	change := opening.Add(24 * time.Hour)
	if err := s.SetPrice(t.Context(), sku, catalog.NewPrice{
		Amount:     2000,
		ListAmount: new(int64(3000)),
		Currency:   "CNY",
		From:       change,
	}); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time]int64{
		opening: 3000, change.Add(-time.Microsecond): 3000, change: 2000,
		change.AddDate(9, 0, 0): 2000,
	} {
		if o, ok := s.offer(t, sku, at); !ok || o.Amount.Amount != want {
			t.Errorf("at %v: %v, want %d", at, o.Amount, want)
		}
	}
	before, _ := s.offer(t, sku, opening)
	after, _ := s.offer(t, sku, change)
	if before.PriceID == after.PriceID {
		t.Error("both price versions have the same id")
	}
	shown := func() int64 {
		page, err := s.List(t.Context(), catalog.Filter{})
		if err != nil || len(page.Items) != 1 {
			t.Fatalf("%+v, %v", page, err)
		}
		return page.Items[0].From.Amount
	}
	p, err := s.ProductBySlug(t.Context(), "aurora")
	if err != nil || p.SKUs[0].Price.Until == nil || !p.SKUs[0].Price.Until.Equal(change) {
		t.Fatalf("the page says the price ends %v, %v", p.SKUs[0].Price.Until, err)
	}

	s.clock.set(change.Add(-time.Second))
	if done, err := s.RepriceDue(t.Context()); err != nil || len(done) != 0 || shown() != 3000 {
		t.Fatalf("repriced %v too early, %v; shows %d", done, err, shown())
	}
	s.clock.set(change)
	if done, err := s.RepriceDue(t.Context()); err != nil || len(done) != 1 || done[0] != made.SPUID {
		t.Fatalf("repriced %v, %v", done, err)
	}
	if shown() != 2000 {
		t.Fatalf("the list shows %d", shown())
	}
	if done, err := s.RepriceDue(t.Context()); err != nil || len(done) != 0 {
		t.Fatalf("repriced %v again, %v", done, err)
	}
}

func TestCatalog_SetPrice_with_an_end(t *testing.T) {
	t.Parallel()
	s := open(t)
	sku := s.sell(t, "week", 3000).SKUIDs[0]
	from, until := opening.Add(time.Hour), opening.Add(8*time.Hour)
	if err := s.SetPrice(t.Context(), sku, catalog.NewPrice{
		Amount:   1000,
		Currency: "CNY",
		From:     from,
		Until:    &until,
	}); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time]int64{
		opening: 3000, from: 1000, until.Add(-time.Second): 1000, until: 3000,
		until.AddDate(1, 0, 0): 3000,
	} {
		if o, ok := s.offer(t, sku, at); !ok || o.Amount.Amount != want {
			t.Errorf("at %v: %v, want %d", at, o.Amount, want)
		}
	}
	// Both boundaries reach the lists, one after the other.
	for _, step := range []struct {
		at   time.Time
		want int64
	}{{from, 1000}, {until, 3000}} {
		s.clock.set(step.at)
		if done, err := s.RepriceDue(t.Context()); err != nil || len(done) != 1 {
			t.Fatalf("at %v: %v, %v", step.at, done, err)
		}
		page, err := s.List(t.Context(), catalog.Filter{})
		if err != nil || page.Items[0].From.Amount != step.want {
			t.Fatalf("at %v the list shows %v, %v", step.at, page.Items[0].From, err)
		}
	}
}

func TestCatalog_SetPrice_overlap(t *testing.T) {
	t.Parallel()
	s := open(t)
	sku := s.sell(t, "overlap", 3000).SKUIDs[0]
	at := func(h int) time.Time { return opening.Add(time.Duration(h) * time.Hour) }
	end := at(20)
	if err := s.SetPrice(t.Context(), sku, catalog.NewPrice{
		Amount:   1000,
		Currency: "CNY",
		From:     at(10),
		Until:    &end,
	}); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]catalog.NewPrice{
		"inside the offer": {
			Amount:   5,
			Currency: "CNY",
			From:     at(12),
		},
		"into the offer": {
			Amount:   5,
			Currency: "CNY",
			From:     at(5),
		},
		"the same moment": {
			Amount:   5,
			Currency: "CNY",
			From:     at(10),
		},
		"as the first price": {Amount: 5, Currency: "CNY"},
	} {
		if err := s.SetPrice(t.Context(), sku, p); !errors.Is(err, catalog.ErrPriceOverlaps) {
			t.Errorf("%s: %v", name, err)
		}
	}
	past := opening.Add(-time.Hour)
	for name, c := range map[string]struct {
		p    catalog.NewPrice
		want error
	}{
		"ends before it begins": {catalog.NewPrice{
			Amount:   5,
			Currency: "CNY",
			Until:    &past,
		}, catalog.ErrPriceInvalid},
		"another currency": {catalog.NewPrice{
			Amount:   5,
			Currency: "USD",
			From:     at(30),
		}, catalog.ErrPriceCurrency},
	} {
		if err := s.SetPrice(t.Context(), sku, c.p); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.SetPrice(t.Context(), 987654, catalog.NewPrice{
		Amount:   5,
		Currency: "CNY",
	}); !errors.Is(err, catalog.ErrSKUNotFound) {
		t.Errorf("unknown SKU: %v", err)
	}
	// Nothing refused left a trace: the former price still runs up to the offer.
	if o, ok := s.offer(t, sku, at(9)); !ok || o.Amount.Amount != 3000 {
		t.Fatalf("%v, %v", o.Amount, ok)
	}
	if err := s.SetPrice(t.Context(), sku, catalog.NewPrice{
		Amount:   5,
		Currency: "CNY",
		From:     at(25),
	}); err != nil {
		t.Fatal(err)
	}
}

func TestCatalog_SetPrice_at_once(t *testing.T) {
	t.Parallel()
	s := open(t)
	sku := s.sell(t, "race", 3000).SKUIDs[0]
	s.clock.set(opening.Add(time.Hour))
	results := make(chan error, 8)
	for i := range 8 {
		go func() {
			results <- s.SetPrice(t.Context(), sku, catalog.NewPrice{Amount: int64(i), Currency: "CNY"})
		}()
	}
	won := 0
	for range 8 {
		switch err := <-results; {
		case err == nil:
			won++
		case !errors.Is(err, catalog.ErrPriceOverlaps):
			t.Error(err)
		}
	}
	if won != 1 {
		t.Fatalf("%d prices begin at the same moment", won)
	}
}
