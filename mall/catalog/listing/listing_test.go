package listing_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/locale"
)

func TestListings_ApproveTx(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	e := d.editing(t, id)
	if e.Content.Title.En != "Aurora" || e.Content.Slug != "aurora" || !e.First || !e.Open || !e.CanDelete ||
		e.Status != catalog.StatusDraft {
		t.Fatalf("a new listing is %+v", e)
	}
	is(t, d.Submit(t.Context(), 7, id, e.Version), listing.ErrRevisionMissing, "cover", "cover_missing", "video",
		"video_missing", "ways.0.price", "price_missing")
	if _, err := d.ProductBySlug(t.Context(), "aurora"); !errors.Is(err, catalog.ErrProductNotFound) {
		t.Fatalf("the shop finds a draft: %v", err)
	}
	r := d.submit(t, id, d.whole(func(n *listing.Content) {
		n.SKUs = append(n.SKUs, listing.SKU{
			Kind:        catalog.KindRent,
			Quality:     catalog.QualityHD,
			RentHours:   48,
			Price:       new(int64(500)),
			List:        new(int64(900)),
			Limited:     true,
			Units:       5,
			MaxPerOrder: 2,
		})
	}))
	if len(d.submitted) != 1 || d.submitted[0].RevisionID != r.ID || !d.submitted[0].First ||
		d.submitted[0].AssetID != 101 || d.submitted[0].Content.Title.Zh != "极光" {
		t.Fatalf("OnSubmit was called with %+v", d.submitted)
	}
	is(t, d.Submit(t.Context(), 7, id, r.Version), listing.ErrRevisionMoved)
	is(t, d.Submit(t.Context(), 7, id, r.Version+1), listing.ErrRevisionMoved)
	if _, err := d.Save(t.Context(), 7, id, listing.Edit{
		Version: r.Version + 1,
		Content: d.whole(),
	}); !errors.Is(err, listing.ErrRevisionMoved) {
		t.Errorf("edited while in review: %v", err)
	}
	if err := d.approve(t, r.ID); err != nil {
		t.Fatal(err)
	}
	is(t, d.approve(t, r.ID), listing.ErrRevisionMoved)
	p, err := d.ProductBySlug(t.Context(), "aurora")
	if err != nil || p.Title.Zh != "极光" || *p.AssetID != 101 || p.DurationSeconds != 60 || len(p.Tags) != 1 ||
		len(p.SKUs) != 2 || p.From.Amount != 500 || p.PublishedAt.IsZero() {
		t.Fatalf("on sale: %+v, %v", p, err)
	}
	if d.stock[p.SKUs[0].ID] != 5 || p.SKUs[0].MaxPerOrder != 2 || !p.SKUs[0].StockLimited {
		t.Errorf("stock %v of %+v", d.stock, p.SKUs[0])
	}
	list, err := d.Of(t.Context(), 7, catalog.StatusLive, 0, 10)
	if err != nil || len(list) != 1 || list[0].Revision != listing.RevisionApproved || list[0].From.Amount != 500 {
		t.Errorf("listed %+v, %v", list, err)
	}
}

// What a revision needs may go between its submission and its approval.
func TestListings_ApproveTx_video_gone(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	r := d.submit(t, id, d.whole())
	d.videoGone = true
	is(t, d.approve(t, r.ID), listing.ErrRevisionMissing, "video", "video_unknown")
	if e := d.editing(t, id); e.State != listing.RevisionInReview || e.Status != catalog.StatusInReview {
		t.Errorf("the listing is %s, its revision %s", e.Status, e.State)
	}
	d.videoGone = false
	if err := d.approve(t, r.ID); err != nil {
		t.Error(err)
	}
}

func TestListings_Save_of_what_is_on_sale(t *testing.T) {
	d := openDesk(t)
	id := d.live(t, func(n *listing.Content) {
		n.SKUs = append(n.SKUs, listing.SKU{
			Kind:        catalog.KindRent,
			Quality:     catalog.QualityHD,
			RentHours:   48,
			Price:       new(int64(500)),
			MaxPerOrder: 1,
		})
	})
	before, err := d.Product(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	e := d.editing(t, id)
	if e.Open || e.Content.Title.En != "Aurora" || len(e.Content.SKUs) != 2 || e.First {
		t.Fatalf("an edit begins with %+v", e)
	}
	n := e.Content
	n.Title.En, n.VideoID = "Aurora, again", 3
	n.SKUs = []listing.SKU{n.SKUs[1], {
		Kind:        catalog.KindOwn,
		Quality:     catalog.Quality4K,
		Price:       new(int64(5000)),
		MaxPerOrder: 1,
	}}
	n.SKUs[0].Price = new(int64(1)) // a SKU that is sold keeps its prices, whatever a form says
	if err := d.SchedulePrice(t.Context(), 7, before.SKUs[0].ID, catalog.NewPrice{
		Amount:   900,
		Currency: "CNY",
		From:     opening.Add(24 * time.Hour),
	}); err != nil {
		t.Fatal(err)
	}
	r := d.submit(t, id, n)
	same, err := d.Product(t.Context(), id)
	if err != nil || same.Title.En != "Aurora" || len(same.SKUs) != 2 || *same.AssetID != 101 ||
		same.Status != catalog.StatusLive {
		t.Fatalf("before the approval, what is on sale is %+v, %v", same, err)
	}
	if err := d.approve(t, r.ID); err != nil {
		t.Fatal(err)
	}
	p, err := d.Product(t.Context(), id)
	if err != nil || p.Title.En != "Aurora, again" || *p.AssetID != 103 || p.Slug != "aurora" || len(p.SKUs) != 2 ||
		p.SKUs[0].Price.Amount.Amount != 3000 || p.SKUs[1].Quality != "4K" {
		t.Fatalf("after the approval, what is on sale is %+v, %v", p, err)
	}
	if _, ok := d.offer(t, before.SKUs[0].ID, opening); ok {
		t.Error("a retired SKU is offered")
	}
	if p.SKUs[0].ID != before.SKUs[1].ID {
		t.Error("the SKU that stayed has another id")
	}
	// What was retired comes back as the SKU that it was, at the price that was approved now, whatever it cost or was
	// to cost.
	e = d.editing(t, id)
	n = e.Content
	n.SKUs = append(n.SKUs, listing.SKU{
		Kind:        catalog.KindRent,
		Quality:     catalog.QualityHD,
		RentHours:   48,
		MaxPerOrder: 1,
		Price:       new(int64(700)),
	})
	if err := d.approve(t, d.submit(t, id, n).ID); err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{opening, opening.Add(48 * time.Hour)} {
		if o, ok := d.offer(t, before.SKUs[0].ID, at); !ok || o.Amount.Amount != 700 {
			t.Errorf("back again: %+v, %v", o, ok)
		}
	}
}

func TestListings_Save_two_pages(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	v := d.editing(t, id).Version
	put := func(version int, editor, title string, pressed bool) error {
		_, err := d.Save(t.Context(), 7, id, listing.Edit{
			Version: version,
			Editor:  editor,
			Pressed: pressed,
			Content: d.whole(func(n *listing.Content) { n.Title.En = title }),
		})
		return err
	}
	for _, title := range []string{"A1", "A2"} { // its own saves, of whose answers it has heard nothing
		if err := put(v, "a", title, false); err != nil {
			t.Fatal(err)
		}
	}
	is(t, put(v, "b", "B", false), listing.ErrRevisionMoved)
	is(t, put(v, "", "C", true), listing.ErrRevisionMoved)
	if err := put(v, "a", "A3", true); err != nil {
		t.Fatal(err)
	}
	is(t, put(v, "a", "late", false), listing.ErrRevisionMoved)
	if e := d.editing(t, id); e.Content.Title.En != "A3" || e.Version != v+3 {
		t.Errorf("kept %q at %d", e.Content.Title.En, e.Version)
	}
	// The first edit of what is on sale is one, whoever comes twice.
	live := d.live(t, func(n *listing.Content) { n.Slug = "other" })
	v = d.editing(t, live).Version
	results := make(chan error, 6)
	for range 6 {
		go func() {
			_, err := d.Save(t.Context(), 7, live, listing.Edit{Version: v, Content: d.whole()})
			results <- err
		}()
	}
	won := 0
	for range 6 {
		if err := <-results; err == nil {
			won++
		} else {
			is(t, err, listing.ErrRevisionMoved)
		}
	}
	if won != 1 {
		t.Errorf("%d edits were kept", won)
	}
}

func TestListings_Editing_of_another_creator(t *testing.T) {
	d := openDesk(t)
	id := d.live(t)
	v := d.editing(t, id).Version
	p, err := d.Product(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	series, err := d.CreateSeries(t.Context(), 7, listing.NewSeries{
		Slug:  "nights",
		Title: locale.Text{Zh: "夜", En: "Nights"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for name, do := range map[string]func(creator, listing int64) error{
		"edit": func(u, l int64) error { _, err := d.Editing(ctx, u, l); return err },
		"save": func(u, l int64) error {
			_, err := d.Save(ctx, u, l, listing.Edit{Version: v, Content: d.whole()})
			return err
		},
		"lacking":  func(u, l int64) error { _, err := d.Lacking(ctx, u, l, d.whole()); return err },
		"submit":   func(u, l int64) error { return d.Submit(ctx, u, l, v) },
		"withdraw": func(u, l int64) error { return d.Withdraw(ctx, u, l) },
		"delete":   func(u, l int64) error { return d.Delete(ctx, u, l) },
		"take off": func(u, l int64) error { return d.TakeOff(ctx, u, l) },
		"put back": func(u, l int64) error { return d.PutBack(ctx, u, l) },
		"prices":   func(u, l int64) error { _, err := d.Prices(ctx, u, l); return err },
	} {
		if err := do(8, id); !errors.Is(err, listing.ErrNotFound) {
			t.Errorf("%s for a listing of another creator: %v", name, err)
		}
		if err := do(7, 987654); !errors.Is(err, listing.ErrNotFound) {
			t.Errorf("%s for a listing that does not exist: %v", name, err)
		}
	}
	is(t, d.SchedulePrice(ctx, 8, p.SKUs[0].ID, catalog.NewPrice{
		Amount:   1,
		Currency: "CNY",
		From:     opening.Add(time.Hour),
	}), catalog.ErrSKUNotFound)
	is(t, d.CancelPrice(ctx, 8, p.SKUs[0].Price.ID), listing.ErrPriceNotFound)
	is(t, d.LimitedSKU(ctx, 8, p.SKUs[0].ID), catalog.ErrSKUNotFound)
	is(t, d.LimitedSKU(ctx, 7, p.SKUs[0].ID), catalog.ErrSKUNotFound)
	list, err := d.Of(ctx, 8, "", 0, 10)
	if err != nil || len(list) != 0 {
		t.Errorf("another creator sees %+v, %v", list, err)
	}
	// Nor can content name what is another's.
	theirs, err := d.Create(ctx, 8, listing.NewDraft{
		Title:      locale.Text{En: "Mine"},
		CategoryID: d.category,
		VideoID:    9,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Save(ctx, 8, theirs, listing.Edit{Version: 1, Content: d.whole(func(n *listing.Content) {
		n.VideoID = 1
		n.SeriesID = series
		n.Episode = 1
	})})
	is(t, err, listing.ErrRevisionInvalid, "video", "video_unknown", "series", "series_unknown")
	_, err = d.Create(ctx, 8, listing.NewDraft{
		Title:      locale.Text{En: "Mine"},
		CategoryID: 987,
		VideoID:    3,
	})
	is(t, err, listing.ErrRevisionInvalid, "video", "video_unknown", "category", "category_unknown")
}

func TestListings_Save_limits(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	v := d.editing(t, id).Version
	sku := func(change func(*listing.SKU)) func(*listing.Content) {
		return func(n *listing.Content) { change(&n.SKUs[0]) }
	}
	for _, c := range []struct {
		change      func(*listing.Content)
		field, slug string
	}{
		{func(n *listing.Content) { n.Title.Zh = strings.Repeat("长", 201) }, "title_zh", "text_long"},
		{func(n *listing.Content) { n.Title.En = "a\x00b" }, "title_en", "text_invalid"},
		{func(n *listing.Content) { n.Description.En = strings.Repeat("x", 5001) }, "description_en", "text_long"},
		{func(n *listing.Content) { n.Slug = "Aurora!" }, "slug", "slug_malformed"},
		{func(n *listing.Content) { n.Slug = "-a--b" }, "slug", "slug_malformed"},
		{func(n *listing.Content) { n.Cover = "../secret" }, "cover", "cover_unknown"},
		{func(n *listing.Content) { n.Tags = strings.Split("a,b,c,d,e,f,g,h,i,j,k,l,m", ",") }, "tags", "tags_many"},
		{func(n *listing.Content) { n.Tags = []string{strings.Repeat("t", 41)} }, "tags", "text_long"},
		{func(n *listing.Content) { n.CategoryID = 987 }, "category", "category_unknown"},
		{func(n *listing.Content) { n.SKUs = append(n.SKUs, n.SKUs[0]) }, "ways.1.kind", "way_twice"},
		{sku(func(s *listing.SKU) { s.Kind = "gift" }), "ways.0.kind", "kind_unknown"},
		{sku(func(s *listing.SKU) { s.Quality = "8K" }), "ways.0.quality", "quality_unknown"},
		{sku(func(s *listing.SKU) { s.Kind, s.RentHours = "rent", 8761 }), "ways.0.hours", "hours_out_of_range"},
		{sku(func(s *listing.SKU) { s.Price = new(int64(-1)) }), "ways.0.price", "price_invalid"},
		{sku(func(s *listing.SKU) { s.List = new(int64(3000)) }), "ways.0.list", "list_not_above"},
		{sku(func(s *listing.SKU) { s.Limited, s.Units = true, 1_000_001 }), "ways.0.units", "units_out_of_range"},
		{sku(func(s *listing.SKU) { s.MaxPerOrder = 0 }), "ways.0.most", "most_out_of_range"},
	} {
		_, err := d.Save(t.Context(), 7, id, listing.Edit{Version: v, Content: d.whole(c.change)})
		is(t, err, listing.ErrRevisionInvalid, c.field, c.slug)
	}
	for _, c := range []struct {
		change      func(*listing.Content)
		field, slug string
	}{
		{func(n *listing.Content) { n.Slug = "" }, "slug", "slug_missing"},
		{func(n *listing.Content) { n.Slug = "sold" }, "slug", "slug_taken"},
		{func(n *listing.Content) { n.VideoID = 2 }, "video", "video_not_ready"},
		{func(n *listing.Content) { n.SKUs = nil }, "ways", "ways_missing"},
		{sku(func(s *listing.SKU) { s.Quality = "4K" }), "ways.0.quality", "film_not_4k"},
		{sku(func(s *listing.SKU) { s.Kind = "rent" }), "ways.0.hours", "hours_missing"},
		{sku(func(s *listing.SKU) { s.Limited = true }), "ways.0.units", "units_missing"},
	} {
		if c.slug == "slug_taken" {
			d.sell(t, "sold", 1)
		}
		r := d.save(t, id, d.whole(c.change))
		is(t, d.Submit(t.Context(), 7, id, r.Version), listing.ErrRevisionMissing, c.field, c.slug)
	}
	// Two listings can't wait for one address.
	other := d.listed(t)
	d.submit(t, id, d.whole())
	r := d.save(t, other, d.whole())
	is(t, d.Submit(t.Context(), 7, other, r.Version), listing.ErrRevisionMissing, "slug", "slug_taken")
}

func TestListings_Preview(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	d.save(t, id, d.whole())
	p, err := d.Preview(t.Context(), d.editing(t, id).Revision)
	if err != nil || p.Title.Zh != "极光" || p.Category.En != "Nature" || len(p.SKUs) != 1 ||
		p.SKUs[0].Price.Amount.Amount != 3000 || p.DurationSeconds != 60 || p.Slug != "aurora" {
		t.Fatalf("%+v, %v", p, err)
	}
}
