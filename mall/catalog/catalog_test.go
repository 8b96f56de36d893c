package catalog_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/catalog"
	"videomall/mall/locale"
)

var opening = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a hand-moved clock.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (k *clock) now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.at
}

func (k *clock) set(at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = at
}

// stall is a catalogue with one category and one creator.
type stall struct {
	*catalog.Catalog
	pool     *pgxpool.Pool
	clock    *clock
	category int64
}

func open(t *testing.T) *stall {
	t.Helper()
	pool := dbtest.New(t)
	k := &clock{at: opening}
	s := &stall{
		Catalog: catalog.New(catalog.Deps{
			Pools: db.Pools{Primary: pool, Replica: pool},
			Now:   k.now,
		}),
		pool:  pool,
		clock: k,
	}
	var err error
	if s.category, err = s.CreateCategory(t.Context(), catalog.NewCategory{
		Slug: "nature",
		Name: locale.Text{Zh: "自然", En: "Nature"},
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateCreator(t.Context(), catalog.NewCreator{
		UserID: 7,
		Slug:   "lin",
		Name:   locale.Text{Zh: "林溪", En: "Lin Xi"},
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// sell puts one video with one SKU to own on sale.
func (s *stall) sell(t *testing.T, slug string, amount int64, change ...func(*catalog.NewProduct)) catalog.Created {
	t.Helper()
	n := catalog.NewProduct{
		Slug:       slug,
		CreatorID:  7,
		CategoryID: s.category,
		Title:      locale.Text{Zh: "片 " + slug, En: "Film " + slug},
		SKUs: []catalog.NewSKU{{
			Kind:    catalog.KindOwn,
			Quality: catalog.QualityHD,
			Price:   catalog.NewPrice{Amount: amount, Currency: "CNY"},
		}},
	}
	for _, c := range change {
		c(&n)
	}
	made, err := s.CreateProduct(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(t.Context(), made.SPUID); err != nil {
		t.Fatal(err)
	}
	return made
}

func (s *stall) offer(t *testing.T, sku int64, at time.Time) (catalog.Offer, bool) {
	t.Helper()
	offers, err := s.OffersTx(t.Context(), s.pool, []int64{sku, 987654}, at)
	if err != nil {
		t.Fatal(err)
	}
	o, ok := offers[sku]
	return o, ok
}

func TestCatalog_OffersTx_only_live_with_a_price(t *testing.T) {
	t.Parallel()
	s := open(t)
	draft, err := s.CreateProduct(t.Context(), catalog.NewProduct{
		Slug:       "draft",
		CreatorID:  7,
		CategoryID: s.category,
		Title:      locale.Text{Zh: "稿", En: "Draft"},
		SKUs: []catalog.NewSKU{{
			Kind:         catalog.KindRent,
			Quality:      catalog.Quality4K,
			RentHours:    48,
			MaxPerOrder:  3,
			StockLimited: true,
			Price: catalog.NewPrice{
				Amount:     600,
				ListAmount: new(int64(900)),
				Currency:   "CNY",
			},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.offer(t, draft.SKUIDs[0], opening); ok {
		t.Fatal("a draft is offered")
	}
	if _, err := s.ProductBySlug(t.Context(), "draft"); !errors.Is(err, catalog.ErrProductNotFound) {
		t.Fatalf("a draft's page: %v", err)
	}
	if err := s.Publish(t.Context(), draft.SPUID); err != nil {
		t.Fatal(err)
	}
	o, ok := s.offer(t, draft.SKUIDs[0], opening)
	if !ok || o.Amount.Amount != 600 || o.ListAmount.Amount != 900 || o.Kind != "rent" || o.Quality != "4K" ||
		o.RentHours != 48 ||
		!o.StockLimited || o.MaxPerOrder != 3 || o.CreatorID != 7 || o.PriceID == 0 || o.SPUID != draft.SPUID ||
		o.Title.En != "Draft" {
		t.Fatalf("offer %+v, %v", o, ok)
	}
	if _, ok := s.offer(t, draft.SKUIDs[0], opening.Add(-time.Second)); ok {
		t.Fatal("offered before its price began")
	}
	if err := s.TakeDown(t.Context(), draft.SPUID); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.offer(t, draft.SKUIDs[0], opening); ok {
		t.Fatal("a taken-down video is offered")
	}
	if p, err := s.FindAny(t.Context(), "draft"); err != nil || p.Status != catalog.StatusTakenDown {
		t.Fatalf("FindAny of a video that was taken down is %v, %v", p.Status, err)
	}
	if err := s.TakeDown(t.Context(), draft.SPUID); !errors.Is(err, catalog.ErrProductState) {
		t.Fatalf("taking it down again: %v", err)
	}
}

func TestCatalog_CreateProduct_refused(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sell(t, "one", 100)
	good := func() catalog.NewProduct {
		return catalog.NewProduct{
			Slug:       "two",
			CreatorID:  7,
			CategoryID: s.category,
			Title:      locale.Text{Zh: "二", En: "Two"},
			SKUs: []catalog.NewSKU{
				{
					Kind:    catalog.KindOwn,
					Quality: catalog.QualityHD,
					Price:   catalog.NewPrice{Amount: 1, Currency: "CNY"},
				},
				{
					Kind:      catalog.KindRent,
					RentHours: 48,
					Quality:   catalog.QualityHD,
					Price:     catalog.NewPrice{Amount: 1, Currency: "CNY"},
				},
			},
		}
	}
	for name, c := range map[string]struct {
		change func(*catalog.NewProduct)
		want   error
	}{
		"slug taken":       {func(n *catalog.NewProduct) { n.Slug = "one" }, catalog.ErrSlugTaken},
		"slug malformed":   {func(n *catalog.NewProduct) { n.Slug = "No Way" }, catalog.ErrProductInvalid},
		"unknown creator":  {func(n *catalog.NewProduct) { n.CreatorID = 99 }, catalog.ErrProductInvalid},
		"rent of no hours": {func(n *catalog.NewProduct) { n.SKUs[1].RentHours = 0 }, catalog.ErrProductInvalid},
		"same SKU twice":   {func(n *catalog.NewProduct) { n.SKUs[1] = n.SKUs[0] }, catalog.ErrProductInvalid},
		"negative price":   {func(n *catalog.NewProduct) { n.SKUs[0].Price.Amount = -1 }, catalog.ErrPriceInvalid},
		"list below price": {func(n *catalog.NewProduct) {
			n.SKUs[0].Price.ListAmount = new(int64(1))
		}, catalog.ErrPriceInvalid},
		"two currencies": {func(n *catalog.NewProduct) {
			n.SKUs[1].Price.Currency = "USD"
		}, catalog.ErrPriceCurrency},
	} {
		n := good()
		c.change(&n)
		if _, err := s.CreateProduct(t.Context(), n); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := s.CreateProduct(t.Context(), good()); err != nil {
		t.Fatal(err)
	}
}

func TestCatalog_ProductBySlug(t *testing.T) {
	t.Parallel()
	s := open(t)
	price := func(n int64) catalog.NewPrice { return catalog.NewPrice{Amount: n, Currency: "CNY"} }
	made := s.sell(t, "many", 0, func(n *catalog.NewProduct) {
		n.Tags = []string{"极光", " ", "winter", "winter "}
		n.SKUs = []catalog.NewSKU{
			{
				Kind:    catalog.KindOwn,
				Quality: catalog.Quality4K,
				Price:   price(4000),
			},
			{
				Kind:    catalog.KindOwn,
				Quality: catalog.QualityHD,
				Price:   price(3000),
			},
			{
				Kind:      catalog.KindRent,
				Quality:   catalog.QualityHD,
				RentHours: 48,
				Price:     price(600),
			},
		}
	})
	p, err := s.ProductOfSKU(t.Context(), made.SKUIDs[0])
	if err != nil {
		t.Fatal(err)
	}
	var got string
	for _, k := range p.SKUs {
		got += fmt.Sprint(k.Kind, " ", k.Quality, " ", k.Price.Amount, "; ")
	}
	if got != "rent HD 600 CNY; own HD 3000 CNY; own 4K 4000 CNY; " {
		t.Fatal(got)
	}
	if p.From.Amount != 600 || p.FromSKUID != made.SKUIDs[2] || len(p.Tags) != 2 || p.Creator.En != "Lin Xi" ||
		p.Category.Zh != "自然" {
		t.Fatalf("%+v", p)
	}
	if _, err := s.ProductOfSKU(t.Context(), 987654); !errors.Is(err, catalog.ErrSKUNotFound) {
		t.Fatal(err)
	}
	for _, slug := range []string{"nothing", "", "no\x00thing", "'; drop table sku_price --"} {
		if _, err := s.ProductBySlug(t.Context(), slug); !errors.Is(err, catalog.ErrProductNotFound) {
			t.Errorf("%q: %v", slug, err)
		}
	}
}

func TestCatalog_Cards_order(t *testing.T) {
	t.Parallel()
	s := open(t)
	a, b, c := s.sell(t, "a", 1).SPUID, s.sell(t, "b", 2).SPUID, s.sell(t, "c", 3).SPUID
	if err := s.TakeDown(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	cards, err := s.Cards(t.Context(), []int64{c, 987654, b, a})
	if err != nil || len(cards) != 3 || cards[0].SPUID != c || cards[1].SPUID != b || cards[1].Live ||
		cards[2].SPUID != a {
		t.Fatalf("%+v, %v", cards, err)
	}
}
