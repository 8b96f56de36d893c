package listing_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/fault"
	"videomall/mall/locale"
)

var opening = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// desk is a catalogue whose creator, 7, and another, 8, list videos: 1 and 2 of 7, of which 2 is not ready, 3 in 4K,
// and 9 of 8. Its clock stands at the opening.
type desk struct {
	*catalog.Catalog
	*listing.Listings
	pool      *pgxpool.Pool
	category  int64
	submitted []listing.Submission
	withdrawn []int64
	stock     map[int64]int64
	videoGone bool // no video is found
}

func openDesk(t *testing.T) *desk {
	t.Helper()
	t.Parallel()
	pool := dbtest.New(t)
	pools, now := db.Pools{Primary: pool, Replica: pool}, func() time.Time { return opening }
	d := &desk{
		Catalog: catalog.New(catalog.Deps{Pools: pools, Now: now}),
		pool:    pool,
		stock:   map[int64]int64{},
	}
	videos := map[[2]int64]listing.Video{{7, 1}: {
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
	d.Listings = listing.New(listing.Deps{
		Pools:   pools,
		Now:     now,
		Catalog: d.Catalog,
		Video: func(_ context.Context, _ catalog.Querier, owner, video int64) (listing.Video, error) {
			if d.videoGone {
				return listing.Video{}, fault.New(fault.NotFound, "unknown_video", "")
			}
			f, ok := videos[[2]int64{owner, video}]
			if !ok {
				return listing.Video{}, fault.New(fault.NotFound, "unknown_video", "")
			}
			return f, nil
		},
		Stock: func(_ context.Context, _ pgx.Tx, sku, units int64) error { d.stock[sku] = units; return nil },
		OnSubmit: func(_ context.Context, _ pgx.Tx, s listing.Submission) error {
			d.submitted = append(d.submitted, s)
			return nil
		},
		OnWithdraw: func(_ context.Context, _ pgx.Tx, id int64) error {
			d.withdrawn = append(d.withdrawn, id)
			return nil
		},
	})
	var err error
	if d.category, err = d.CreateCategory(t.Context(), catalog.NewCategory{
		Slug: "nature",
		Name: locale.Text{Zh: "自然", En: "Nature"},
	}); err != nil {
		t.Fatal(err)
	}
	for _, n := range []catalog.NewCreator{{
		UserID: 7,
		Slug:   "lin",
		Name:   locale.Text{Zh: "林溪", En: "Lin Xi"},
	}, {
		UserID: 8,
		Slug:   "wu",
		Name:   locale.Text{Zh: "吴", En: "Wu"},
	}} {
		if err := d.CreateCreator(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// sell puts a video with one SKU to own on sale, past the reviewers.
func (d *desk) sell(t *testing.T, slug string, amount int64) catalog.Created {
	t.Helper()
	made, err := d.CreateProduct(t.Context(), catalog.NewProduct{
		Slug:       slug,
		CreatorID:  7,
		CategoryID: d.category,
		Title:      locale.Text{Zh: "片 " + slug, En: "Video " + slug},
		SKUs: []catalog.NewSKU{{
			Kind:    catalog.KindOwn,
			Quality: catalog.QualityHD,
			Price:   catalog.NewPrice{Amount: amount, Currency: "CNY"},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Publish(t.Context(), made.SPUID); err != nil {
		t.Fatal(err)
	}
	return made
}

func (d *desk) offer(t *testing.T, sku int64, at time.Time) (catalog.Offer, bool) {
	t.Helper()
	offers, err := d.OffersTx(t.Context(), d.pool, []int64{sku}, at)
	if err != nil {
		t.Fatal(err)
	}
	o, ok := offers[sku]
	return o, ok
}

// whole is content that lacks nothing.
func (d *desk) whole(change ...func(*listing.Content)) listing.Content {
	n := listing.Content{
		Slug:        "aurora",
		Title:       locale.Text{Zh: "极光", En: "Aurora"},
		Description: locale.Text{En: "Night."},
		CategoryID:  d.category,
		Tags:        []string{"winter", " winter ", ""},
		Cover:       "aurora",
		VideoID:     1,
		SKUs: []listing.SKU{{
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
	id, err := d.Create(t.Context(), 7, listing.NewDraft{Title: locale.Text{En: "Aurora"}, CategoryID: d.category})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (d *desk) editing(t *testing.T, id int64) listing.Editing {
	t.Helper()
	e, err := d.Editing(t.Context(), 7, id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (d *desk) save(t *testing.T, id int64, n listing.Content) listing.Revision {
	t.Helper()
	r, err := d.Save(t.Context(), 7, id, listing.Edit{
		Version: d.editing(t, id).Version,
		Content: n,
		Pressed: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (d *desk) submit(t *testing.T, id int64, n listing.Content) listing.Revision {
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

func (d *desk) live(t *testing.T, change ...func(*listing.Content)) int64 {
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
