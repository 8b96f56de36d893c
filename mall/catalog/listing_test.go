package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/fault"
)

// desk is a stall whose creator, 7, and another, 8, list films: 1 and 2 of 7, of which 2 is not ready, 3 in 4K, and 9
// of 8.
type desk struct {
	*stall
	submitted []catalog.Submission
	withdrawn []int64
	stock     map[int64]int64
}

func openDesk(t *testing.T) *desk {
	t.Helper()
	t.Parallel()
	d := &desk{stall: open(t), stock: map[int64]int64{}}
	if err := d.CreateCreator(t.Context(), catalog.NewCreator{
		UserID: 8,
		Slug:   "wu",
		NameZh: "吴",
		NameEn: "Wu",
	}); err != nil {
		t.Fatal(err)
	}
	films := map[[2]int64]catalog.Film{{7, 1}: {
		AssetID:         101,
		DurationSeconds: 60,
		Lines:           1080,
		Ready:           true,
	}, {7, 2}: {}, {7, 3}: {
		AssetID:         103,
		DurationSeconds: 90,
		Lines:           2160,
		Ready:           true,
	}, {8, 9}: {
		AssetID:         109,
		Ready:           true,
		DurationSeconds: 5,
		Lines:           720,
	}}
	d.Listing = catalog.Listing{
		Film: func(_ context.Context, _ catalog.Querier, owner, video int64) (catalog.Film, error) {
			f, ok := films[[2]int64{owner, video}]
			if !ok {
				return catalog.Film{}, fault.New(fault.NotFound, "unknown_video", "")
			}
			return f, nil
		},
		Stock: func(_ context.Context, _ pgx.Tx, sku, units int64) error { d.stock[sku] = units; return nil },
		OnSubmit: func(_ context.Context, _ pgx.Tx, s catalog.Submission) error {
			d.submitted = append(d.submitted, s)
			return nil
		},
		OnWithdraw: func(_ context.Context, _ pgx.Tx, id int64) error {
			d.withdrawn = append(d.withdrawn, id)
			return nil
		},
	}
	return d
}

// whole is content that lacks nothing.
func (d *desk) whole(change ...func(*catalog.Content)) catalog.Content {
	n := catalog.Content{
		Slug:          "aurora",
		TitleZh:       "极光",
		TitleEn:       "Aurora",
		DescriptionEn: "Night.",
		CategoryID:    d.category,
		Tags:          []string{"winter", " winter ", ""},
		Cover:         "aurora",
		VideoID:       1,
		Ways: []catalog.Way{{
			Kind:        catalog.KindOwn,
			Quality:     catalog.QualityHD,
			Price:       new(int64(3000)),
			MaxPerOrder: 1,
		}},
	}
	for _, c := range change {
		c(&n)
	}
	return n
}

func (d *desk) listed(t *testing.T) int64 {
	t.Helper()
	id, err := d.CreateListing(t.Context(), 7, catalog.NewListing{Title: "Aurora", CategoryID: d.category})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (d *desk) editing(t *testing.T, id int64) catalog.Editing {
	t.Helper()
	e, err := d.Editing(t.Context(), 7, id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (d *desk) save(t *testing.T, id int64, n catalog.Content) catalog.Revision {
	t.Helper()
	r, err := d.Save(t.Context(), 7, id, catalog.Edit{
		Version: d.editing(t, id).Version,
		Content: n,
		Pressed: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (d *desk) submit(t *testing.T, id int64, n catalog.Content) catalog.Revision {
	t.Helper()
	r := d.save(t, id, n)
	if err := d.Submit(t.Context(), 7, id, r.Version); err != nil {
		t.Fatal(err)
	}
	return r
}

func (d *desk) tx(t *testing.T, do func(tx pgx.Tx) error) error {
	t.Helper()
	return db.InTx(t.Context(), d.pool, do)
}

func (d *desk) approve(t *testing.T, revision int64) error {
	t.Helper()
	return d.tx(t, func(tx pgx.Tx) error { _, err := d.ApproveTx(t.Context(), tx, revision); return err })
}

func (d *desk) live(t *testing.T, change ...func(*catalog.Content)) int64 {
	t.Helper()
	id := d.listed(t)
	if err := d.approve(t, d.submit(t, id, d.whole(change...)).ID); err != nil {
		t.Fatal(err)
	}
	return id
}

func is(t *testing.T, err error, want *fault.Fault, fields ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%v, want %s", err, want.Slug)
		return
	}
	got := fault.From(err).Fields
	for i := 0; i+1 < len(fields); i += 2 {
		if got[fields[i]] != fields[i+1] {
			t.Errorf("fields %v, want %s of %s", got, fields[i+1], fields[i])
		}
	}
}

func TestAListingGoesFromADraftToSale(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	e := d.editing(t, id)
	if e.Content.TitleEn != "Aurora" || e.Content.Slug != "aurora" || !e.First || !e.Open || !e.CanDelete ||
		e.Status != catalog.StatusDraft {
		t.Fatalf("a new listing is %+v", e)
	}
	is(t, d.Submit(t.Context(), 7, id, e.Version), catalog.ErrRevisionMissing, "cover", "cover_missing", "video",
		"video_missing", "ways.0.price", "price_missing")
	if _, err := d.ProductBySlug(t.Context(), "aurora"); !errors.Is(err, catalog.ErrProductNotFound) {
		t.Fatalf("a draft is found: %v", err)
	}
	r := d.submit(t, id, d.whole(func(n *catalog.Content) {
		n.Ways = append(n.Ways, catalog.Way{
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
		d.submitted[0].AssetID != 101 || d.submitted[0].Content.TitleZh != "极光" {
		t.Fatalf("reviewers heard %+v", d.submitted)
	}
	is(t, d.Submit(t.Context(), 7, id, r.Version), catalog.ErrRevisionMoved)
	is(t, d.Submit(t.Context(), 7, id, r.Version+1), catalog.ErrRevisionMoved)
	if _, err := d.Save(t.Context(), 7, id, catalog.Edit{
		Version: r.Version + 1,
		Content: d.whole(),
	}); !errors.Is(err, catalog.ErrRevisionMoved) {
		t.Errorf("edited while in review: %v", err)
	}
	if err := d.approve(t, r.ID); err != nil {
		t.Fatal(err)
	}
	is(t, d.approve(t, r.ID), catalog.ErrRevisionMoved)
	p, err := d.ProductBySlug(t.Context(), "aurora")
	if err != nil || p.TitleZh != "极光" || *p.AssetID != 101 || p.DurationSeconds != 60 || len(p.Tags) != 1 ||
		len(p.SKUs) != 2 || p.From.Amount != 500 || p.PublishedAt.IsZero() {
		t.Fatalf("on sale: %+v, %v", p, err)
	}
	if d.stock[p.SKUs[0].ID] != 5 || p.SKUs[0].MaxPerOrder != 2 || !p.SKUs[0].StockLimited {
		t.Errorf("stock %v of %+v", d.stock, p.SKUs[0])
	}
	list, err := d.Listings(t.Context(), 7, catalog.StatusLive, 0, 10)
	if err != nil || len(list) != 1 || list[0].Revision != catalog.RevisionApproved || list[0].From.Amount != 500 {
		t.Errorf("listed %+v, %v", list, err)
	}
}

func TestCatalog_Submit_in_one_language(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	r := d.save(t, id, d.whole(func(n *catalog.Content) { n.TitleZh, n.TitleEn = "", "" }))
	is(t, d.Submit(t.Context(), 7, id, r.Version), catalog.ErrRevisionMissing, "title_en", "titles_missing")
	for slug, only := range map[string]func(*catalog.Content){
		"only-chinese": func(n *catalog.Content) { n.TitleEn, n.DescriptionEn = "", "" },
		"only-english": func(n *catalog.Content) { n.TitleZh, n.DescriptionZh = "", "" },
	} {
		want := d.whole(only, func(n *catalog.Content) { n.Slug = slug })
		d.live(t, only, func(n *catalog.Content) { n.Slug = slug })
		p, err := d.ProductBySlug(t.Context(), slug)
		if err != nil || p.TitleZh != want.TitleZh || p.TitleEn != want.TitleEn {
			t.Errorf("%s is on sale as %q and %q: %v", slug, p.TitleZh, p.TitleEn, err)
		}
	}
}

// What a page shows is what is submitted: another page that saved meanwhile is not handed in by it.
func TestAnOldPageSubmitsNothing(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	old := d.save(t, id, d.whole())
	now := d.save(t, id, d.whole(func(n *catalog.Content) { n.TitleEn = "Aurora, dearer" }))
	is(t, d.Submit(t.Context(), 7, id, old.Version), catalog.ErrRevisionMoved)
	if len(d.submitted) != 0 {
		t.Errorf("reviewers heard %+v", d.submitted)
	}
	if err := d.Submit(t.Context(), 7, id, now.Version); err != nil {
		t.Error(err)
	}
}

// What a revision needs may go between its submission and its approval.
func TestWhatIsGoneByTheApprovalIsNotSold(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	r := d.submit(t, id, d.whole())
	film := d.Listing.Film
	d.Listing.Film = func(context.Context, catalog.Querier, int64, int64) (catalog.Film, error) {
		return catalog.Film{}, fault.New(fault.NotFound, "unknown_video", "")
	}
	is(t, d.approve(t, r.ID), catalog.ErrRevisionMissing, "video", "video_unknown")
	if e := d.editing(t, id); e.State != catalog.RevisionInReview || e.Status != catalog.StatusInReview {
		t.Errorf("the listing is %s, its revision %s", e.Status, e.State)
	}
	d.Listing.Film = film
	if err := d.approve(t, r.ID); err != nil {
		t.Error(err)
	}
}

func TestAnEditSellsNothingBeforeItIsApproved(t *testing.T) {
	d := openDesk(t)
	id := d.live(t, func(n *catalog.Content) {
		n.Ways = append(n.Ways, catalog.Way{
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
	if e.Open || e.Content.TitleEn != "Aurora" || len(e.Content.Ways) != 2 || e.First {
		t.Fatalf("an edit begins with %+v", e)
	}
	n := e.Content
	n.TitleEn, n.VideoID = "Aurora, again", 3
	n.Ways = []catalog.Way{n.Ways[1], {
		Kind:        catalog.KindOwn,
		Quality:     catalog.Quality4K,
		Price:       new(int64(5000)),
		MaxPerOrder: 1,
	}}
	n.Ways[0].Price = new(int64(1)) // a SKU that is sold keeps its prices, whatever a form says
	if err := d.SchedulePrice(t.Context(), 7, before.SKUs[0].ID, catalog.NewPrice{
		Amount:   900,
		Currency: "CNY",
		From:     opening.Add(24 * time.Hour),
	}); err != nil {
		t.Fatal(err)
	}
	r := d.submit(t, id, n)
	same, err := d.Product(t.Context(), id)
	if err != nil || same.TitleEn != "Aurora" || len(same.SKUs) != 2 || *same.AssetID != 101 ||
		same.Status != catalog.StatusLive {
		t.Fatalf("before the approval it sells %+v, %v", same, err)
	}
	if err := d.approve(t, r.ID); err != nil {
		t.Fatal(err)
	}
	p, err := d.Product(t.Context(), id)
	if err != nil || p.TitleEn != "Aurora, again" || *p.AssetID != 103 || p.Slug != "aurora" || len(p.SKUs) != 2 ||
		p.SKUs[0].Price.Amount.Amount != 3000 || p.SKUs[1].Quality != "4K" {
		t.Fatalf("after it %+v, %v", p, err)
	}
	if _, ok := d.offer(t, before.SKUs[0].ID, opening); ok {
		t.Error("a retired SKU is offered")
	}
	if p.SKUs[0].ID != before.SKUs[1].ID {
		t.Error("the SKU that stayed is another")
	}
	// What was retired comes back as the SKU that it was, at the price that was approved now, whatever it cost or was
	// to cost.
	e = d.editing(t, id)
	n = e.Content
	n.Ways = append(n.Ways, catalog.Way{
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
	if err := d.SetAsset(t.Context(), id, 102, 25); err != nil || given(id) != [2]int64{} { // a shorter film
		t.Errorf("of a film of 25 s are free: %v, %v", given(id), err)
	}
}

func TestTwoPagesDoNotOverwriteEachOther(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	v := d.editing(t, id).Version
	put := func(version int, editor, title string, pressed bool) error {
		_, err := d.Save(t.Context(), 7, id, catalog.Edit{
			Version: version,
			Editor:  editor,
			Pressed: pressed,
			Content: d.whole(func(n *catalog.Content) { n.TitleEn = title }),
		})
		return err
	}
	for _, title := range []string{"A1", "A2"} { // its own saves, of whose answers it has heard nothing
		if err := put(v, "a", title, false); err != nil {
			t.Fatal(err)
		}
	}
	is(t, put(v, "b", "B", false), catalog.ErrRevisionMoved)
	is(t, put(v, "", "C", true), catalog.ErrRevisionMoved)
	if err := put(v, "a", "A3", true); err != nil {
		t.Fatal(err)
	}
	is(t, put(v, "a", "late", false), catalog.ErrRevisionMoved)
	if e := d.editing(t, id); e.Content.TitleEn != "A3" || e.Version != v+3 {
		t.Errorf("kept %q at %d", e.Content.TitleEn, e.Version)
	}
	// The first edit of what is on sale is one, whoever comes twice.
	live := d.live(t, func(n *catalog.Content) { n.Slug = "other" })
	v = d.editing(t, live).Version
	results := make(chan error, 6)
	for range 6 {
		go func() {
			_, err := d.Save(t.Context(), 7, live, catalog.Edit{Version: v, Content: d.whole()})
			results <- err
		}()
	}
	won := 0
	for range 6 {
		if err := <-results; err == nil {
			won++
		} else {
			is(t, err, catalog.ErrRevisionMoved)
		}
	}
	if won != 1 {
		t.Errorf("%d edits were kept", won)
	}
}

func TestAnothersListingDoesNotExist(t *testing.T) {
	d := openDesk(t)
	id := d.live(t)
	v := d.editing(t, id).Version
	p, err := d.Product(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	series, err := d.CreateSeries(t.Context(), 7, catalog.NewSeries{
		Slug:    "nights",
		TitleZh: "夜",
		TitleEn: "Nights",
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for name, do := range map[string]func(creator, listing int64) error{
		"edit": func(u, l int64) error { _, err := d.Editing(ctx, u, l); return err },
		"save": func(u, l int64) error {
			_, err := d.Save(ctx, u, l, catalog.Edit{Version: v, Content: d.whole()})
			return err
		},
		"lacking":  func(u, l int64) error { _, err := d.Lacking(ctx, u, l, d.whole()); return err },
		"submit":   func(u, l int64) error { return d.Submit(ctx, u, l, v) },
		"withdraw": func(u, l int64) error { return d.Withdraw(ctx, u, l) },
		"delete":   func(u, l int64) error { return d.DeleteListing(ctx, u, l) },
		"take off": func(u, l int64) error { return d.TakeOff(ctx, u, l) },
		"put back": func(u, l int64) error { return d.PutBack(ctx, u, l) },
		"prices":   func(u, l int64) error { _, err := d.Prices(ctx, u, l); return err },
	} {
		if err := do(8, id); !errors.Is(err, catalog.ErrListingNotFound) {
			t.Errorf("%s of another's: %v", name, err)
		}
		if err := do(7, 987654); !errors.Is(err, catalog.ErrListingNotFound) {
			t.Errorf("%s of none: %v", name, err)
		}
	}
	is(t, d.SchedulePrice(ctx, 8, p.SKUs[0].ID, catalog.NewPrice{
		Amount:   1,
		Currency: "CNY",
		From:     opening.Add(time.Hour),
	}), catalog.ErrSKUNotFound)
	is(t, d.CancelPrice(ctx, 8, p.SKUs[0].Price.ID), catalog.ErrPriceNotFound)
	is(t, d.LimitedSKU(ctx, 8, p.SKUs[0].ID), catalog.ErrSKUNotFound)
	is(t, d.LimitedSKU(ctx, 7, p.SKUs[0].ID), catalog.ErrSKUNotFound)
	list, err := d.Listings(ctx, 8, "", 0, 10)
	if err != nil || len(list) != 0 {
		t.Errorf("another sees %+v, %v", list, err)
	}
	// Nor can content name what is another's.
	theirs, err := d.CreateListing(ctx, 8, catalog.NewListing{
		Title:      "Mine",
		CategoryID: d.category,
		VideoID:    9,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Save(ctx, 8, theirs, catalog.Edit{Version: 1, Content: d.whole(func(n *catalog.Content) {
		n.VideoID, n.SeriesID, n.Episode = 1, series, 1
	})})
	is(t, err, catalog.ErrRevisionInvalid, "video", "video_unknown", "series", "series_unknown")
	_, err = d.CreateListing(ctx, 8, catalog.NewListing{
		Title:      "Mine",
		CategoryID: 987,
		VideoID:    3,
	})
	is(t, err, catalog.ErrRevisionInvalid, "video", "video_unknown", "category", "category_unknown")
}

func TestReviewersReturnWithReasonsAndCreatorsWithdraw(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	r := d.submit(t, id, d.whole())
	returned := func(note string) error {
		return d.tx(t, func(tx pgx.Tx) error { return d.ReturnTx(t.Context(), tx, r.ID, note) })
	}
	is(t, returned(strings.Repeat("x", catalog.MaxNote+1)), catalog.ErrRevisionInvalid, "note", "note_invalid")
	if err := returned("The cover is dark."); err != nil {
		t.Fatal(err)
	}
	e := d.editing(t, id)
	if e.Status != catalog.StatusDraft || e.Open || e.Former == nil || e.Former.State != catalog.RevisionReturned ||
		e.Former.Note != "The cover is dark." || e.Content.TitleZh != "极光" || e.CanDelete {
		t.Fatalf("returned: %+v", e)
	}
	is(t, d.approve(t, r.ID), catalog.ErrRevisionMoved)
	is(t, d.DeleteListing(t.Context(), 7, id), catalog.ErrProductState)
	again := d.submit(t, id, d.whole())
	if again.Number != r.Number+1 || again.ID == r.ID {
		t.Errorf("the next revision is %+v", again)
	}
	// the reasons say it
	if err := d.tx(t, func(tx pgx.Tx) error { return d.ReturnTx(t.Context(), tx, again.ID, "") }); err != nil {
		t.Fatal(err)
	}
	again = d.submit(t, id, d.whole())
	if err := d.Withdraw(t.Context(), 7, id); err != nil {
		t.Fatal(err)
	}
	is(t, d.Withdraw(t.Context(), 7, id), catalog.ErrRevisionMoved)
	is(t, d.approve(t, again.ID), catalog.ErrRevisionMoved)
	if len(d.withdrawn) != 1 || d.withdrawn[0] != again.ID || d.editing(t, id).Status != catalog.StatusDraft {
		t.Errorf("withdrawn %v", d.withdrawn)
	}
	is(t, d.approve(t, 987654), catalog.ErrListingNotFound)
	fresh := d.listed(t)
	if err := d.DeleteListing(t.Context(), 7, fresh); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Editing(t.Context(), 7, fresh); !errors.Is(err, catalog.ErrListingNotFound) {
		t.Errorf("deleted: %v", err)
	}
}

func TestContentKeepsItsLimits(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	v := d.editing(t, id).Version
	way := func(change func(*catalog.Way)) func(*catalog.Content) {
		return func(n *catalog.Content) { change(&n.Ways[0]) }
	}
	for _, c := range []struct {
		change      func(*catalog.Content)
		field, slug string
	}{
		{func(n *catalog.Content) { n.TitleZh = strings.Repeat("长", 201) }, "title_zh", "text_long"},
		{func(n *catalog.Content) { n.TitleEn = "a\x00b" }, "title_en", "text_invalid"},
		{func(n *catalog.Content) { n.DescriptionEn = strings.Repeat("x", 5001) }, "description_en", "text_long"},
		{func(n *catalog.Content) { n.Slug = "Aurora!" }, "slug", "slug_malformed"},
		{func(n *catalog.Content) { n.Slug = "-a--b" }, "slug", "slug_malformed"},
		{func(n *catalog.Content) { n.Cover = "../secret" }, "cover", "cover_unknown"},
		{func(n *catalog.Content) { n.Tags = strings.Split("a,b,c,d,e,f,g,h,i,j,k,l,m", ",") }, "tags", "tags_many"},
		{func(n *catalog.Content) { n.Tags = []string{strings.Repeat("t", 41)} }, "tags", "text_long"},
		{func(n *catalog.Content) { n.CategoryID = 987 }, "category", "category_unknown"},
		{func(n *catalog.Content) { n.Ways = append(n.Ways, n.Ways[0]) }, "ways.1.kind", "way_twice"},
		{way(func(w *catalog.Way) { w.Kind = "gift" }), "ways.0.kind", "kind_unknown"},
		{way(func(w *catalog.Way) { w.Quality = "8K" }), "ways.0.quality", "quality_unknown"},
		{way(func(w *catalog.Way) { w.Kind, w.RentHours = "rent", 8761 }), "ways.0.hours", "hours_out_of_range"},
		{way(func(w *catalog.Way) { w.Price = new(int64(-1)) }), "ways.0.price", "price_invalid"},
		{way(func(w *catalog.Way) { w.List = new(int64(3000)) }), "ways.0.list", "list_not_above"},
		{way(func(w *catalog.Way) { w.Limited, w.Units = true, 1_000_001 }), "ways.0.units", "units_out_of_range"},
		{way(func(w *catalog.Way) { w.MaxPerOrder = 0 }), "ways.0.most", "most_out_of_range"},
	} {
		_, err := d.Save(t.Context(), 7, id, catalog.Edit{Version: v, Content: d.whole(c.change)})
		is(t, err, catalog.ErrRevisionInvalid, c.field, c.slug)
	}
	for _, c := range []struct {
		change      func(*catalog.Content)
		field, slug string
	}{
		{func(n *catalog.Content) { n.Slug = "" }, "slug", "slug_missing"},
		{func(n *catalog.Content) { n.Slug = "sold" }, "slug", "slug_taken"},
		{func(n *catalog.Content) { n.VideoID = 2 }, "video", "video_not_ready"},
		{func(n *catalog.Content) { n.Ways = nil }, "ways", "ways_missing"},
		{way(func(w *catalog.Way) { w.Quality = "4K" }), "ways.0.quality", "film_not_4k"},
		{way(func(w *catalog.Way) { w.Kind = "rent" }), "ways.0.hours", "hours_missing"},
		{way(func(w *catalog.Way) { w.Limited = true }), "ways.0.units", "units_missing"},
	} {
		if c.slug == "slug_taken" {
			d.sell(t, "sold", 1)
		}
		r := d.save(t, id, d.whole(c.change))
		is(t, d.Submit(t.Context(), 7, id, r.Version), catalog.ErrRevisionMissing, c.field, c.slug)
	}
	// Two listings can't wait for one address.
	other := d.listed(t)
	d.submit(t, id, d.whole())
	r := d.save(t, other, d.whole())
	is(t, d.Submit(t.Context(), 7, other, r.Version), catalog.ErrRevisionMissing, "slug", "slug_taken")
}

func TestTakenDownByTheMallStaysDown(t *testing.T) {
	d := openDesk(t)
	id := d.live(t)
	ctx := t.Context()
	status := func(want string) {
		t.Helper()
		if e := d.editing(t, id); e.Status != want {
			t.Errorf("it is %s, want %s", e.Status, want)
		}
	}
	down := func() error {
		return d.tx(t, func(tx pgx.Tx) error { _, err := d.TakeDownTx(ctx, tx, id); return err })
	}
	restore := func() error {
		return d.tx(t, func(tx pgx.Tx) error { _, err := d.RestoreTx(ctx, tx, id); return err })
	}
	is(t, d.PutBack(ctx, 7, id), catalog.ErrProductState)
	for range 2 {
		if err := d.TakeOff(ctx, 7, id); err != nil {
			t.Fatal(err)
		}
		status(catalog.StatusTakenDown)
		if err := d.PutBack(ctx, 7, id); err != nil {
			t.Fatal(err)
		}
		status(catalog.StatusLive)
	}
	if err := d.TakeOff(ctx, 7, id); err != nil {
		t.Fatal(err)
	}
	if err := down(); err != nil {
		t.Fatal(err)
	}
	is(t, d.PutBack(ctx, 7, id), catalog.ErrProductState)
	is(t, down(), catalog.ErrProductState)
	// An approved edit does not put it back by itself.
	if err := d.approve(t, d.submit(t, id, d.whole()).ID); err != nil {
		t.Fatal(err)
	}
	status(catalog.StatusTakenDown)
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	status(catalog.StatusTakenDown) // as its creator had left it
	is(t, restore(), catalog.ErrProductState)
	if err := d.PutBack(ctx, 7, id); err != nil {
		t.Fatal(err)
	}
	status(catalog.StatusLive)
	if err := down(); err != nil {
		t.Fatal(err)
	}
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	status(catalog.StatusLive) // as it was before
	is(t, restore(), catalog.ErrProductState)
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

func TestEpisodesOfASeriesAreInOrder(t *testing.T) {
	d := openDesk(t)
	ctx := t.Context()
	series, err := d.CreateSeries(ctx, 7, catalog.NewSeries{
		Slug:    "nights",
		TitleZh: "夜",
		TitleEn: "Nights",
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.CreateSeries(ctx, 8, catalog.NewSeries{Slug: "none"})
	is(t, err, catalog.ErrSeriesInvalid, "title_en", "titles_missing")
	if _, err = d.CreateSeries(ctx, 8, catalog.NewSeries{Slug: "one-language", TitleZh: "夜"}); err != nil {
		t.Errorf("a series in one language: %v", err)
	}
	_, err = d.CreateSeries(ctx, 8, catalog.NewSeries{
		Slug:    "nights",
		TitleZh: "夜",
		TitleEn: "Nights",
	})
	is(t, err, catalog.ErrSeriesInvalid, "slug", "slug_taken")
	if _, err := d.Series(ctx, "nights"); !errors.Is(err, catalog.ErrSeriesNotFound) {
		t.Errorf("an empty series: %v", err)
	}
	for _, n := range []int{2, 1} {
		d.live(t, func(c *catalog.Content) { c.Slug, c.SeriesID, c.Episode = fmt.Sprint("night-", n), series, n })
	}
	s, err := d.Series(ctx, "nights")
	if err != nil || len(s.Episodes) != 2 || s.Episodes[0].Number != 1 || s.Episodes[0].Slug != "night-1" ||
		s.CreatorSlug != "lin" {
		t.Fatalf("%+v, %v", s, err)
	}
	p, err := d.ProductBySlug(ctx, "night-2")
	if err != nil || p.Series == nil || p.Series.Slug != "nights" || p.Series.Episode != 2 {
		t.Fatalf("%+v, %v", p.Series, err)
	}
	third := d.listed(t)
	r := d.save(t, third, d.whole(func(c *catalog.Content) { c.SeriesID, c.Episode = series, 2 }))
	is(t, d.Submit(ctx, 7, third, r.Version), catalog.ErrRevisionMissing, "episode", "episode_taken")
	r = d.save(t, third, d.whole(func(c *catalog.Content) { c.SeriesID = series }))
	is(t, d.Submit(ctx, 7, third, r.Version), catalog.ErrRevisionMissing, "episode", "episode_missing")
	if list, err := d.SeriesOf(ctx, 7); err != nil || len(list) != 1 || list[0].Episodes != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := d.SeriesEpisodes(ctx, series); err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
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

func TestAPersonOpensAProfileAsACreator(t *testing.T) {
	d := openDesk(t)
	n := catalog.NewCreator{
		UserID: 20,
		Slug:   "new-creator",
		NameZh: "新",
		NameEn: "New",
	}
	for _, c := range []struct {
		change      func(*catalog.NewCreator)
		field, slug string
	}{
		{func(n *catalog.NewCreator) { n.Slug = "lin" }, "slug", "slug_taken"},
		{func(n *catalog.NewCreator) { n.Slug = "No" }, "slug", "slug_malformed"},
		{func(n *catalog.NewCreator) { n.NameZh, n.NameEn = " ", "" }, "name_en", "names_missing"},
		{func(n *catalog.NewCreator) { n.BioEn = strings.Repeat("b", 1001) }, "bio_en", "text_long"},
	} {
		bad := n
		c.change(&bad)
		is(t, d.OpenCreator(t.Context(), bad), catalog.ErrCreatorInvalid, c.field, c.slug)
	}
	if err := d.OpenCreator(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	n.Slug, n.NameEn = "another", "Newer"
	if err := d.OpenCreator(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if k, err := d.CreatorOf(t.Context(), 20); err != nil || k.Slug != "new-creator" || k.NameEn != "Newer" {
		t.Fatalf("%+v, %v", k, err)
	}
}

// A name in one language is enough, in either of them, to begin with and later.
func TestCatalog_OpenCreator_in_one_language(t *testing.T) {
	d := openDesk(t)
	for id, names := range map[int64][2]string{21: {"晨光影业", ""}, 22: {"", "Dawn Films"}} {
		n := catalog.NewCreator{
			UserID: id,
			Slug:   fmt.Sprintf("single-%d", id),
			NameZh: names[0],
			NameEn: names[1],
		}
		if err := d.OpenCreator(t.Context(), n); err != nil {
			t.Fatalf("%q: %v", names, err)
		}
		if k, err := d.CreatorOf(t.Context(), id); err != nil || k.NameZh != names[0] || k.NameEn != names[1] {
			t.Errorf("%+v, %v", k, err)
		}
		n.NameZh, n.NameEn = names[1], names[0]
		if err := d.OpenCreator(t.Context(), n); err != nil {
			t.Errorf("%q the other way round: %v", names, err)
		}
	}
	if _, err := d.pool.Exec(t.Context(),
		`update catalog_creator set name_zh = '', name_en = '' where user_id = 21`); err == nil {
		t.Error("the database keeps a creator without a name")
	}
}

func TestAPreviewShowsTheDraft(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	d.save(t, id, d.whole())
	p, err := d.Preview(t.Context(), d.editing(t, id).Revision)
	if err != nil || p.TitleZh != "极光" || p.CategoryEn != "Nature" || len(p.SKUs) != 1 ||
		p.SKUs[0].Price.Amount.Amount != 3000 || p.DurationSeconds != 60 || p.Slug != "aurora" {
		t.Fatalf("%+v, %v", p, err)
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
