package catalog_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
)

func TestAPriceChangesAtItsMomentAndNotBefore(t *testing.T) {
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
	for at, want := range map[time.Time]int64{opening: 3000, change.Add(-time.Microsecond): 3000, change: 2000,
		change.AddDate(9, 0, 0): 2000} {
		if o, ok := s.offer(t, sku, at); !ok || o.Amount.Amount != want {
			t.Errorf("at %v: %v, want %d", at, o.Amount, want)
		}
	}
	before, _ := s.offer(t, sku, opening)
	after, _ := s.offer(t, sku, change)
	if before.PriceID == after.PriceID {
		t.Error("two versions have one id")
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

func TestAnOfferWithAnEndLeavesNoGap(t *testing.T) {
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
	for at, want := range map[time.Time]int64{opening: 3000, from: 1000, until.Add(-time.Second): 1000, until: 3000,
		until.AddDate(1, 0, 0): 3000} {
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

func TestPricesNeverOverlap(t *testing.T) {
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

func TestTheLastPriceSetTwiceAtOnceIsOne(t *testing.T) {
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
		t.Fatalf("%d prices began at one moment", won)
	}
}

func TestFreeMinutesHoldOnceTheyAreApproved(t *testing.T) {
	d := openDesk(t)
	free := func(seconds int) func(*catalog.Content) {
		return func(n *catalog.Content) { n.FreeSeconds = seconds }
	}
	given := func(id int64) [2]int64 {
		t.Helper()
		asset, seconds, err := d.FreeMinutes(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return [2]int64{asset, int64(seconds)}
	}
	id := d.live(t)
	if got := given(id); got != [2]int64{} {
		t.Errorf("nobody gave anything away: %v", got)
	}
	r := d.submit(t, id, d.whole(free(20)))
	if got := given(id); got != [2]int64{} {
		t.Errorf("free before it is approved: %v", got)
	}
	if p, err := d.Preview(t.Context(), r); err != nil || p.FreeSeconds != 20 {
		t.Errorf("the preview shows %d s: %v", p.FreeSeconds, err)
	}
	if err := d.approve(t, r.ID); err != nil {
		t.Fatal(err)
	}
	if p, err := d.Product(t.Context(), id); err != nil || p.FreeSeconds != 20 || given(id) != [2]int64{101, 20} {
		t.Errorf("after the approval: %d s, %v, %v", p.FreeSeconds, given(id), err)
	}
	if e := d.editing(t, id); e.Content.FreeSeconds != 20 {
		t.Errorf("the next edit begins with %d s", e.Content.FreeSeconds)
	}
	r = d.submit(t, id, d.whole(free(40)))
	if err := d.tx(t, func(tx pgx.Tx) error { return d.ReturnTx(t.Context(), tx, r.ID, "No.") }); err != nil {
		t.Fatal(err)
	}
	if got := given(id); got != [2]int64{101, 20} {
		t.Errorf("after a return: %v", got)
	}
	for _, seconds := range []int{-1, catalog.MaxFree + 1} {
		_, err := d.Save(t.Context(), 7, id, catalog.Edit{
			Version: d.editing(t, id).Version,
			Content: d.whole(free(seconds)),
			Pressed: true,
		})
		is(t, err, catalog.ErrRevisionInvalid, "free", "free_out_of_range")
	}
	kept := d.save(t, id, d.whole(free(51))) // of 60: nothing would be left to buy
	is(t, d.Submit(t.Context(), 7, id, kept.Version), catalog.ErrRevisionMissing, "free", "free_long")
	if err := d.TakeOff(t.Context(), 7, id); err != nil {
		t.Fatal(err)
	}
	if got := given(id); got != [2]int64{} {
		t.Errorf("off sale: %v", got)
	}
	if err := d.PutBack(t.Context(), 7, id); err != nil || given(id) != [2]int64{101, 20} {
		t.Errorf("put back: %v, %v", given(id), err)
	}
	if err := d.SetAsset(t.Context(), id, 102, 25); err != nil || given(id) != [2]int64{} { // a shorter video
		t.Errorf("of a video of 25 s are free: %v, %v", given(id), err)
	}
}

func TestAPriceThatHasNotBegunIsCalledOff(t *testing.T) {
	d := openDesk(t)
	id := d.live(t)
	ctx := t.Context()
	p, err := d.Product(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	sku := p.SKUs[0].ID
	at := func(h int) time.Time { return opening.Add(time.Duration(h) * time.Hour) }
	week := at(48)
	if err := d.SchedulePrice(ctx, 7, sku, catalog.NewPrice{
		Amount:   1000,
		Currency: "CNY",
		From:     at(24),
		Until:    &week,
	}); err != nil {
		t.Fatal(err)
	}
	versions := func() []catalog.PriceVersion {
		t.Helper()
		list, err := d.Prices(ctx, 7, id)
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		return list[0].Versions
	}
	v := versions()
	if len(v) != 3 || v[1].Amount.Amount != 1000 || v[1].SetBy != 7 || !v[1].Ahead(opening) || !v[2].Running(opening) ||
		v[2].SetBy != 7 {
		t.Fatalf("history %+v", v)
	}
	is(t, d.CancelPrice(ctx, 7, v[2].ID), catalog.ErrPriceBegun)
	if err := d.CancelPrice(ctx, 7, v[1].ID); err != nil {
		t.Fatal(err)
	}
	is(t, d.CancelPrice(ctx, 7, v[1].ID), catalog.ErrPriceNotFound)
	for _, h := range []int{0, 24, 30, 48, 500} {
		if o, ok := d.offer(t, sku, at(h)); !ok || o.Amount.Amount != 3000 {
			t.Errorf("after %d h: %v, %v", h, o.Amount, ok)
		}
	}
	v = versions()
	if len(v) != 2 || v[0].CancelledAt == nil || v[0].Amount.Amount != 1000 || v[1].Until != nil {
		t.Fatalf("history %+v", v)
	}
	if err := d.SchedulePrice(ctx, 7, sku, catalog.NewPrice{
		Amount:   2000,
		Currency: "CNY",
		From:     at(24),
	}); err != nil {
		t.Fatal(err)
	}
	if v = versions(); v[1].Version == v[0].Version || v[0].Version == v[2].Version {
		t.Errorf("a number was given twice: %+v", v)
	}
	is(t, d.SchedulePrice(ctx, 7, sku, catalog.NewPrice{
		Amount:   catalog.MaxAmount + 1,
		Currency: "CNY",
		From:     at(90),
	}), catalog.ErrPriceInvalid)
}

func TestTheBandOfPricesIsThatOfTheCategory(t *testing.T) {
	d := openDesk(t)
	for i := range 10 {
		d.sell(t, fmt.Sprint("f", i), int64(100*(i+1)))
	}
	b, err := d.PriceBand(t.Context(), d.category, catalog.KindOwn, "CNY")
	if err != nil || b != (catalog.Band{
		P10:    100,
		Median: 500,
		P90:    900,
		N:      10,
	}) {
		t.Fatalf("%+v, %v", b, err)
	}
	if b, err = d.PriceBand(t.Context(), d.category, catalog.KindRent, "CNY"); err != nil || b.N != 0 {
		t.Fatalf("%+v, %v", b, err)
	}
}

// A way to buy that has no price now but one set ahead is sold at what was approved until then.
func TestAnApprovedPriceLeadsToTheOneSetAhead(t *testing.T) {
	d := openDesk(t)
	id := d.live(t)
	p, err := d.Product(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	sku := p.SKUs[0].ID
	if _, err := d.pool.Exec(t.Context(), `update sku_price set valid_from = $1, valid_until = null where sku_id = $2`,
		opening.Add(24*time.Hour), sku); err != nil {
		t.Fatal(err)
	}
	n := d.editing(t, id).Content
	n.Ways[0].Price = new(int64(700))
	if err := d.approve(t, d.submit(t, id, n).ID); err != nil {
		t.Fatal(err)
	}
	for hours, want := range map[time.Duration]int64{0: 700, 23: 700, 24: 3000} {
		if o, ok := d.offer(t, sku, opening.Add(hours*time.Hour)); !ok || o.Amount.Amount != want {
			t.Errorf("after %d h: %v, %v, want %d", hours, o.Amount, ok, want)
		}
	}
}
