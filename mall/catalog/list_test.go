package catalog_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/mall/locale"
)

// stock sells n videos whose sort keys all have ties.
func (s *stall) stock(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		day := opening.AddDate(0, 0, -i%3)
		made := s.sell(t, fmt.Sprintf("film-%02d", i), int64(i%4)*500, func(p *catalog.NewProduct) {
			p.PublishedAt = &day
		})
		if err := s.CountSaleTx(t.Context(), s.pool, made.SPUID, i%5); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCatalog_List_every_row_once(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stock(t, 23)
	less := map[catalog.Sort]func(a, b catalog.Card) bool{
		catalog.SortPopular:   func(a, b catalog.Card) bool { return a.SoldCount >= b.SoldCount },
		catalog.SortNewest:    func(a, b catalog.Card) bool { return !a.PublishedAt.Before(b.PublishedAt) },
		catalog.SortPriceAsc:  func(a, b catalog.Card) bool { return a.From.Amount <= b.From.Amount },
		catalog.SortPriceDesc: func(a, b catalog.Card) bool { return a.From.Amount >= b.From.Amount },
	}
	for sort, inOrder := range less {
		for _, limit := range []int{1, 4, 23, 24} {
			f := catalog.Filter{
				Sort:         sort,
				Limit:        limit,
				CategorySlug: "nature",
			}
			seen := map[string]bool{}
			var last *catalog.Card
			for pages := 0; ; pages++ {
				page, err := s.List(t.Context(), f)
				if err != nil {
					t.Fatal(err)
				}
				if f.Cursor == "" && (page.Total != 23 || page.Capped) {
					t.Errorf("%s: total %d", sort, page.Total)
				}
				for _, k := range page.Items {
					if seen[k.Slug] {
						t.Fatalf("%s by %d: %s twice", sort, limit, k.Slug)
					}
					if last != nil && !inOrder(*last, k) {
						t.Fatalf("%s by %d: %s comes after %s", sort, limit, k.Slug, last.Slug)
					}
					seen[k.Slug], last = true, &k
				}
				if page.NextCursor == "" {
					break
				}
				if pages > 30 {
					t.Fatal("no end")
				}
				f.Cursor = page.NextCursor
			}
			if len(seen) != 23 {
				t.Errorf("%s by %d: %d of 23 videos were visited", sort, limit, len(seen))
			}
		}
	}
}

func TestCatalog_CountSaleTx_refund(t *testing.T) {
	t.Parallel()
	s := open(t)
	spu := s.sell(t, "refunded", 100).SPUID
	for _, n := range []int{3, -1, -5} {
		if err := s.CountSaleTx(t.Context(), s.pool, spu, n); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := s.Product(t.Context(), spu); err != nil || p.SoldCount != 0 {
		t.Fatalf("%d sold, %v", p.SoldCount, err)
	}
	if err := s.CountSaleTx(t.Context(), s.pool, 987654, 1); !errors.Is(err, catalog.ErrProductNotFound) {
		t.Fatal(err)
	}
}

func TestCatalog_List_sale_between_pages(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stock(t, 10)
	first, err := s.List(t.Context(), catalog.Filter{Sort: catalog.SortNewest, Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	s.clock.set(opening.Add(time.Hour))
	s.sell(t, "brand-new", 1)
	second, err := s.List(t.Context(), catalog.Filter{
		Sort:   catalog.SortNewest,
		Limit:  5,
		Cursor: first.NextCursor,
	})
	if err != nil || len(second.Items) != 5 || second.NextCursor != "" {
		t.Fatalf("%d left, %v", len(second.Items), err)
	}
	for _, k := range second.Items {
		if slices.ContainsFunc(first.Items, func(f catalog.Card) bool { return f.SPUID == k.SPUID }) {
			t.Errorf("%s repeats", k.Slug)
		}
	}
}

func TestParseCursor_other_list(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stock(t, 5)
	page, err := s.List(t.Context(), catalog.Filter{Sort: catalog.SortPopular, Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	newest := catalog.Filter{Sort: catalog.SortNewest}.ListName()
	far := catalog.Cursor{
		List: newest,
		Key:  math.MaxInt64,
		ID:   1,
	}.String()
	early := catalog.Cursor{
		List: newest,
		Key:  math.MinInt64,
		ID:   1,
	}.String()
	torn := base64.RawURLEncoding.EncodeToString([]byte(newest + "~~~"))
	empty := base64.RawURLEncoding.EncodeToString([]byte(newest + "~~"))
	for _, bad := range []string{
		page.NextCursor, "x", "%%%", "AAAA", torn, empty, far, early,
		string(make([]byte, 300)),
	} {
		if _, err := s.List(t.Context(), catalog.Filter{
			Sort:   catalog.SortNewest,
			Cursor: bad,
		}); !errors.Is(err, catalog.ErrCursorInvalid) {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
	if _, err := s.Reviews(t.Context(), 1, page.NextCursor, 5); !errors.Is(err, catalog.ErrCursorInvalid) {
		t.Errorf("Reviews accepted the cursor of a list: %v", err)
	}
}

// A cursor is a place in the list of one order and one filter: with another it would begin in the middle of a list that
// nobody saw.
func TestCatalog_List_cursor_of_another_filter(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stock(t, 5)
	made := catalog.Filter{Sort: catalog.SortPriceAsc, Limit: 2}
	page, err := s.List(t.Context(), made)
	if err != nil || page.NextCursor == "" {
		t.Fatal(page, err)
	}
	again := made
	again.Cursor = page.NextCursor
	again.Limit = 1
	again.NoCount = true
	if _, err := s.List(t.Context(), again); err != nil {
		t.Errorf("the cursor was refused for shorter pages of the same list: %v", err)
	}
	for name, change := range map[string]func(*catalog.Filter){
		"order":               func(f *catalog.Filter) { f.Sort = catalog.SortPriceDesc },
		"category":            func(f *catalog.Filter) { f.CategorySlug = "nature" },
		"creator":             func(f *catalog.Filter) { f.CreatorSlug = "creator" },
		"category as creator": func(f *catalog.Filter) { f.CategorySlug, f.CreatorSlug = "", "nature" },
		"kind":                func(f *catalog.Filter) { f.Kind = catalog.KindOwn },
		"quality":             func(f *catalog.Filter) { f.Quality = catalog.QualityHD },
		"free":                func(f *catalog.Filter) { f.Free = true },
		"price from":          func(f *catalog.Filter) { f.PriceMin = new(int64(0)) },
		"price to":            func(f *catalog.Filter) { f.PriceMax = new(int64(1 << 40)) },
		"words":               func(f *catalog.Filter) { f.Among, f.AmongWhat = []int64{1, 2, 3}, "film" },
	} {
		f := made
		f.Cursor = page.NextCursor
		change(&f)
		if _, err := s.List(t.Context(), f); !errors.Is(err, catalog.ErrCursorInvalid) ||
			fault.From(err).Fields["cursor"] != "other_list" {
			t.Errorf("with another %s: %v", name, err)
		}
	}
}

func TestCatalog_List_filters(t *testing.T) {
	t.Parallel()
	s := open(t)
	other, err := s.CreateCategory(t.Context(), catalog.NewCategory{
		Slug: "city",
		Name: locale.Text{Zh: "城市", En: "City"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.sell(t, "free", 0)
	s.sell(t, "cheap", 500)
	s.sell(t, "dear", 5000, func(n *catalog.NewProduct) { n.CategoryID = other })
	rent := s.sell(t, "rent-4k", 0, func(n *catalog.NewProduct) {
		n.SKUs = []catalog.NewSKU{{
			Kind:      catalog.KindRent,
			RentHours: 48,
			Quality:   catalog.Quality4K,
			Price:     catalog.NewPrice{Amount: 700, Currency: "CNY"},
		}}
	})
	gone := s.sell(t, "gone", 100)
	if err := s.TakeDown(t.Context(), gone.SPUID); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		f    catalog.Filter
		want []string
	}{
		"all":              {catalog.Filter{}, []string{"free", "cheap", "rent-4k", "dear"}},
		"category":         {catalog.Filter{CategorySlug: "city"}, []string{"dear"}},
		"unknown category": {catalog.Filter{CategorySlug: "no"}, nil},
		"creator": {catalog.Filter{
			CreatorSlug: "lin",
			PriceMin:    new(int64(600)),
		}, []string{"rent-4k", "dear"}},
		"between": {catalog.Filter{
			PriceMin: new(int64(500)),
			PriceMax: new(int64(700)),
		}, []string{"cheap", "rent-4k"}},
		"free":          {catalog.Filter{Free: true}, []string{"free"}},
		"rent":          {catalog.Filter{Kind: "rent"}, []string{"rent-4k"}},
		"own in HD":     {catalog.Filter{Kind: "own", Quality: "HD"}, []string{"free", "cheap", "dear"}},
		"own in 4K":     {catalog.Filter{Kind: "own", Quality: "4K"}, nil},
		"among":         {catalog.Filter{Among: []int64{rent.SPUID, gone.SPUID}}, []string{"rent-4k"}},
		"among nothing": {catalog.Filter{Among: []int64{}}, nil},
	} {
		c.f.Sort = catalog.SortPriceAsc
		page, err := s.List(t.Context(), c.f)
		var got []string
		for _, k := range page.Items {
			got = append(got, k.Slug)
		}
		if err != nil || !slices.Equal(got, c.want) || page.Total != len(c.want) {
			t.Errorf("%s: %v (%d), %v; want %v", name, got, page.Total, err, c.want)
		}
	}
	for name, f := range map[string]catalog.Filter{
		"sort": {Sort: "random"}, "kind": {Kind: "steal"}, "quality": {Quality: "8K"},
		"category": {CategorySlug: "a' or '1'='1"},
		"range":    {PriceMin: new(int64(2)), PriceMax: new(int64(1))},
	} {
		if _, err := s.List(t.Context(), f); !errors.Is(err, catalog.ErrFilterInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	given, err := s.List(t.Context(), catalog.Filter{
		Sort:  catalog.SortGiven,
		Among: []int64{rent.SPUID, gone.SPUID, 1},
	})
	if err != nil || len(given.Items) != 2 || given.Items[0].Slug != "rent-4k" || given.Items[1].Slug != "free" {
		t.Errorf("given order: %+v, %v", given.Items, err)
	}
	categories, err := s.Categories(t.Context())
	if err != nil || len(categories) != 2 || categories[0].Videos != 3 || categories[1].Videos != 1 {
		t.Errorf("categories %+v, %v", categories, err)
	}
	if m, err := s.Creator(t.Context(), "lin"); err != nil || m.Videos != 4 || m.Name.Zh != "林溪" {
		t.Errorf("creator %+v, %v", m, err)
	}
	if list, err := s.Creators(t.Context(), 5); err != nil || len(list) != 1 || list[0].Videos != 4 {
		t.Errorf("creators %+v, %v", list, err)
	}
	related, err := s.Related(t.Context(), rent.SPUID, 2)
	if err != nil || len(related) != 2 || slices.ContainsFunc(related, func(k catalog.Card) bool {
		return k.Slug == "rent-4k" || k.Slug == "gone"
	}) {
		t.Errorf("related %+v, %v", related, err)
	}
}
