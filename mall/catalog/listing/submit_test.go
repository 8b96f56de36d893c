package listing_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/locale"
)

func TestListings_Submit_in_one_language(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	r := d.save(t, id, d.whole(func(n *listing.Content) { n.Title.Zh, n.Title.En = "", "" }))
	is(t, d.Submit(t.Context(), 7, id, r.Version), listing.ErrRevisionMissing, "title_en", "titles_missing")
	for slug, only := range map[string]func(*listing.Content){
		"only-chinese": func(n *listing.Content) { n.Title.En, n.Description.En = "", "" },
		"only-english": func(n *listing.Content) { n.Title.Zh, n.Description.Zh = "", "" },
	} {
		want := d.whole(only, func(n *listing.Content) { n.Slug = slug })
		d.live(t, only, func(n *listing.Content) { n.Slug = slug })
		p, err := d.ProductBySlug(t.Context(), slug)
		if err != nil || p.Title.Zh != want.Title.Zh || p.Title.En != want.Title.En {
			t.Errorf("%s is on sale as %q and %q: %v", slug, p.Title.Zh, p.Title.En, err)
		}
	}
}

// What a page shows is what is submitted: another page that saved meanwhile is not handed in by it.
func TestListings_Submit_old_version(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	old := d.save(t, id, d.whole())
	now := d.save(t, id, d.whole(func(n *listing.Content) { n.Title.En = "Aurora, dearer" }))
	is(t, d.Submit(t.Context(), 7, id, old.Version), listing.ErrRevisionMoved)
	if len(d.submitted) != 0 {
		t.Errorf("OnSubmit was called with %+v", d.submitted)
	}
	if err := d.Submit(t.Context(), 7, id, now.Version); err != nil {
		t.Error(err)
	}
}

func TestListings_ReturnTx(t *testing.T) {
	d := openDesk(t)
	id := d.listed(t)
	r := d.submit(t, id, d.whole())
	returned := func(note string) error {
		return d.tx(t, func(tx pgx.Tx) error { return d.ReturnTx(t.Context(), tx, r.ID, note) })
	}
	is(t, returned(strings.Repeat("x", listing.MaxNote+1)), listing.ErrRevisionInvalid, "note", "note_invalid")
	if err := returned("The cover is dark."); err != nil {
		t.Fatal(err)
	}
	e := d.editing(t, id)
	if e.Status != catalog.StatusDraft || e.Open || e.Former == nil || e.Former.State != listing.RevisionReturned ||
		e.Former.Note != "The cover is dark." || e.Content.Title.Zh != "极光" || e.CanDelete {
		t.Fatalf("returned: %+v", e)
	}
	is(t, d.approve(t, r.ID), listing.ErrRevisionMoved)
	is(t, d.Delete(t.Context(), 7, id), catalog.ErrProductState)
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
	is(t, d.Withdraw(t.Context(), 7, id), listing.ErrRevisionMoved)
	is(t, d.approve(t, again.ID), listing.ErrRevisionMoved)
	if len(d.withdrawn) != 1 || d.withdrawn[0] != again.ID || d.editing(t, id).Status != catalog.StatusDraft {
		t.Errorf("OnWithdraw was called with %v", d.withdrawn)
	}
	is(t, d.approve(t, 987654), listing.ErrNotFound)
	fresh := d.listed(t)
	if err := d.Delete(t.Context(), 7, fresh); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Editing(t.Context(), 7, fresh); !errors.Is(err, listing.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
}

// TestListings_ApproveTx_every_field follows each field of Content and SKU from an approval to the next edit. They are
// copied by hand on the way: what a copy forgets is lost with the creator's next edit.
func TestListings_ApproveTx_every_field(t *testing.T) {
	d := openDesk(t)
	series, err := d.CreateSeries(t.Context(), 7, listing.NewSeries{Slug: "nights", Title: locale.Text{En: "Nights"}})
	if err != nil {
		t.Fatal(err)
	}
	full := d.whole(func(n *listing.Content) {
		n.Tags = []string{"winter"}
		n.SeriesID = series
		n.Episode = 3
		n.FreeSeconds = 20
		n.SKUs = []listing.SKU{{
			Kind:        catalog.KindRent,
			Quality:     catalog.QualityHD,
			RentHours:   48,
			Price:       new(int64(3000)),
			List:        new(int64(4000)),
			Limited:     true,
			Units:       5,
			MaxPerOrder: 2,
		}}
	})
	for _, v := range []reflect.Value{reflect.ValueOf(full), reflect.ValueOf(full.SKUs[0])} {
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("this test gives %s.%s no value", v.Type(), v.Type().Field(i).Name)
			}
		}
	}
	id := d.live(t, func(n *listing.Content) { *n = full })
	want := full
	want.Slug = ""         // settled by the first approval
	want.SKUs[0].Units = 0 // only what a new way begins with
	if diff := cmp.Diff(want, d.editing(t, id).Content); diff != "" {
		t.Errorf("the next edit begins with other content than was approved (-approved +begins):\n%s", diff)
	}
}
