package listing_test

import (
	"fmt"
	"strings"
	"testing"

	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/locale"
)

func TestListings_OpenCreator(t *testing.T) {
	d := openDesk(t)
	n := catalog.NewCreator{
		UserID: 20,
		Slug:   "new-creator",
		Name:   locale.Text{Zh: "新", En: "New"},
	}
	for _, c := range []struct {
		change      func(*catalog.NewCreator)
		field, slug string
	}{
		{func(n *catalog.NewCreator) { n.Slug = "lin" }, "slug", "slug_taken"},
		{func(n *catalog.NewCreator) { n.Slug = "No" }, "slug", "slug_malformed"},
		{func(n *catalog.NewCreator) { n.Name.Zh, n.Name.En = " ", "" }, "name_en", "names_missing"},
		{func(n *catalog.NewCreator) { n.Bio.En = strings.Repeat("b", 1001) }, "bio_en", "text_long"},
	} {
		bad := n
		c.change(&bad)
		is(t, d.OpenCreator(t.Context(), bad), listing.ErrCreatorInvalid, c.field, c.slug)
	}
	if err := d.OpenCreator(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	n.Slug, n.Name.En = "another", "Newer"
	if err := d.OpenCreator(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if k, err := d.CreatorOf(t.Context(), 20); err != nil || k.Slug != "new-creator" || k.Name.En != "Newer" {
		t.Fatalf("%+v, %v", k, err)
	}
}

// A name in one language is enough, in either of them, to begin with and later.
func TestListings_OpenCreator_in_one_language(t *testing.T) {
	d := openDesk(t)
	for id, names := range map[int64][2]string{21: {"晨光影业", ""}, 22: {"", "Dawn Films"}} {
		n := catalog.NewCreator{
			UserID: id,
			Slug:   fmt.Sprintf("single-%d", id),
			Name:   locale.Text{Zh: names[0], En: names[1]},
		}
		if err := d.OpenCreator(t.Context(), n); err != nil {
			t.Fatalf("%q: %v", names, err)
		}
		if k, err := d.CreatorOf(t.Context(), id); err != nil || k.Name.Zh != names[0] || k.Name.En != names[1] {
			t.Errorf("%+v, %v", k, err)
		}
		n.Name.Zh, n.Name.En = names[1], names[0]
		if err := d.OpenCreator(t.Context(), n); err != nil {
			t.Errorf("%q with the languages exchanged: %v", names, err)
		}
	}
	if _, err := d.pool.Exec(t.Context(),
		`update catalog_creator set name_zh = '', name_en = '' where user_id = 21`); err == nil {
		t.Error("the database keeps a creator without a name")
	}
}
