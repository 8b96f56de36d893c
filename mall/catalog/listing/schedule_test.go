package listing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
)

func TestListings_ApproveTx_free_minutes(t *testing.T) {
	d := openDesk(t)
	free := func(seconds int) func(*listing.Content) {
		return func(n *listing.Content) { n.FreeSeconds = seconds }
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
		t.Errorf("minutes are free although none were given: %v", got)
	}
	r := d.submit(t, id, d.whole(free(20)))
	if got := given(id); got != [2]int64{} {
		t.Errorf("minutes are free before the approval: %v", got)
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
	for _, seconds := range []int{-1, listing.MaxFree + 1} {
		_, err := d.Save(t.Context(), 7, id, listing.Edit{
			Version: d.editing(t, id).Version,
			Content: d.whole(free(seconds)),
			Pressed: true,
		})
		is(t, err, listing.ErrRevisionInvalid, "free", "free_out_of_range")
	}
	kept := d.save(t, id, d.whole(free(51))) // of 60: nothing would be left to buy
	is(t, d.Submit(t.Context(), 7, id, kept.Version), listing.ErrRevisionMissing, "free", "free_long")
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
		t.Errorf("free minutes of a video of 25 s: %v, %v", given(id), err)
	}
}

func TestListings_CancelPrice(t *testing.T) {
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
	versions := func() []listing.PriceVersion {
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
	is(t, d.CancelPrice(ctx, 7, v[2].ID), listing.ErrPriceBegun)
	if err := d.CancelPrice(ctx, 7, v[1].ID); err != nil {
		t.Fatal(err)
	}
	is(t, d.CancelPrice(ctx, 7, v[1].ID), listing.ErrPriceNotFound)
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
		t.Errorf("two versions have the same number: %+v", v)
	}
	is(t, d.SchedulePrice(ctx, 7, sku, catalog.NewPrice{
		Amount:   listing.MaxAmount + 1,
		Currency: "CNY",
		From:     at(90),
	}), catalog.ErrPriceInvalid)
}

func TestListings_PriceBand(t *testing.T) {
	d := openDesk(t)
	for i := range 10 {
		d.sell(t, fmt.Sprint("f", i), int64(100*(i+1)))
	}
	b, err := d.PriceBand(t.Context(), d.category, catalog.KindOwn, "CNY")
	if err != nil || b != (listing.Band{
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
func TestListings_ApproveTx_price_set_ahead(t *testing.T) {
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
	n.SKUs[0].Price = new(int64(700))
	if err := d.approve(t, d.submit(t, id, n).ID); err != nil {
		t.Fatal(err)
	}
	for hours, want := range map[time.Duration]int64{0: 700, 23: 700, 24: 3000} {
		if o, ok := d.offer(t, sku, opening.Add(hours*time.Hour)); !ok || o.Amount.Amount != want {
			t.Errorf("after %d h: %v, %v, want %d", hours, o.Amount, ok, want)
		}
	}
}
