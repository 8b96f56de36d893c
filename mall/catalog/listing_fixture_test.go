package catalog_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/fault"
)

// desk is a stall whose creator, 7, and another, 8, list videos: 1 and 2 of 7, of which 2 is not ready, 3 in 4K, and 9
// of 8.
type desk struct {
	*stall
	submitted []catalog.Submission
	withdrawn []int64
	stock     map[int64]int64
	videoGone bool // no video is found
}

func openDesk(t *testing.T) *desk {
	t.Helper()
	t.Parallel()
	d := &desk{stock: map[int64]int64{}}
	videos := map[[2]int64]catalog.Video{{7, 1}: {
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
	d.stall = openWith(t, catalog.Listing{
		Video: func(_ context.Context, _ catalog.Querier, owner, video int64) (catalog.Video, error) {
			if d.videoGone {
				return catalog.Video{}, fault.New(fault.NotFound, "unknown_video", "")
			}
			f, ok := videos[[2]int64{owner, video}]
			if !ok {
				return catalog.Video{}, fault.New(fault.NotFound, "unknown_video", "")
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
	})
	if err := d.CreateCreator(t.Context(), catalog.NewCreator{
		UserID: 8,
		Slug:   "wu",
		NameZh: "吴",
		NameEn: "Wu",
	}); err != nil {
		t.Fatal(err)
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
