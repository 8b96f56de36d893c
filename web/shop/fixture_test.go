package shop_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/locale"
	"videomall/mall/search"
	"videomall/web/sale"
	"videomall/web/shop"
	"videomall/web/webtest"
)

// stall is a mall with a few videos in its categories.
type stall struct {
	*webtest.Mall
	videos map[string]catalog.Created
	find   *search.Search
	t      *testing.T
}

type video struct {
	slug, category, zh, en string
	tags                   []string
	sold                   int
	skus                   []catalog.NewSKU
}

func sku(kind, quality string, amount int64, more ...func(*catalog.NewSKU)) catalog.NewSKU {
	k := catalog.NewSKU{
		Kind:    kind,
		Quality: quality,
		Price:   catalog.NewPrice{Amount: amount, Currency: "CNY"},
	}
	if kind == catalog.KindRent {
		k.RentHours = 48
	}
	for _, m := range more {
		m(&k)
	}
	return k
}

var stock = []video{
	{"aurora", "nature", "追逐极光", "Chasing the Aurora", []string{"极光", "iceland"}, 50, []catalog.NewSKU{
		sku("rent", "HD", 600), sku("own", "HD", 1990, func(k *catalog.NewSKU) {
			k.Price.ListAmount = new(int64(2990))
		}),
		sku("own", "4K", 3990, func(k *catalog.NewSKU) { k.StockLimited = true }),
	}},
	{
		"kyoto", "travel", "京都的四季", "Four Seasons of Kyoto",
		[]string{"京都", "travel"},
		20,
		[]catalog.NewSKU{sku("own", "HD", 2900)},
	},
	{"tokyo", "travel", "东京夜行", "Tokyo by Night", []string{"travel"}, 20, []catalog.NewSKU{sku("rent", "HD", 500)}},
	{"wok", "nature", "铁锅里的火", "Fire in the Wok", []string{"food"}, 1, []catalog.NewSKU{sku("own", "HD", 0)}},
}

func open(t *testing.T) *stall {
	t.Helper()
	t.Parallel()
	var find *search.Search
	s := &stall{t: t, videos: map[string]catalog.Created{}}
	s.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		m.Site.Routes(g)
		find = search.New(search.Deps{
			Pools:   db.Pools{Primary: m.Pool, Replica: m.Pool},
			Catalog: m.Catalog,
			Now:     m.Now,
		})
		shop.Routes(g, shop.Deps{
			Site:         m.Site,
			Catalog:      m.Catalog,
			Search:       find,
			Inventory:    m.Inventory,
			Entitlements: m.Entitlements,
			Orders:       m.Orders,
			PlusTax:      true,
			Trailer: func(_ context.Context, asset int64) (string, error) {
				return fmt.Sprintf("/media/trailers/film-%d/index.m3u8", asset), nil
			},
			Sales: sale.NewShowcase(m.Promotions, m.Catalog, m.Now).Running,
		})
	}})
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	categories := map[string]int64{}
	for _, n := range []catalog.NewCategory{
		{
			Slug:     "nature",
			Name:     locale.Text{Zh: "自然", En: "Nature"},
			Position: 1,
		},
		{
			Slug:     "travel",
			Name:     locale.Text{Zh: "旅行", En: "Travel"},
			Position: 2,
		},
		{
			Slug:     "empty",
			Name:     locale.Text{Zh: "空架", En: "Bare category"},
			Position: 3,
		},
	} {
		var err error
		categories[n.Slug], err = s.Catalog.CreateCategory(ctx, n)
		must(err)
	}
	must(s.Catalog.CreateCreator(ctx, catalog.NewCreator{
		UserID: 70,
		Slug:   "lin-xi",
		Name:   locale.Text{Zh: "林溪", En: "Lin Xi"},
		Bio:    locale.Text{Zh: "在北方拍片。", En: "Films the north."},
	}))
	for i, f := range stock {
		day := s.Now().AddDate(0, 0, -i)
		made, err := s.Catalog.CreateProduct(ctx, catalog.NewProduct{
			Slug:       f.slug,
			CreatorID:  70,
			CategoryID: categories[f.category],
			Title:      locale.Text{Zh: f.zh, En: f.en},
			Description: locale.Text{
				Zh: "关于" + f.zh + "的一部短片。",
				En: "A short video about " + f.en + " <script>alert(1)</script>.",
			},
			Tags:            f.tags,
			Cover:           f.slug,
			AssetID:         new(int64(i + 1)),
			DurationSeconds: 95,
			PublishedAt:     &day,
			SKUs:            f.skus,
		})
		must(err)
		must(s.Catalog.Publish(ctx, made.SPUID))
		must(s.Catalog.CountSaleTx(ctx, s.Pool, made.SPUID, f.sold))
		s.videos[f.slug] = made
	}
	_, err := s.Inventory.SetStock(ctx, s.videos["aurora"].SKUIDs[2], 3)
	must(err)
	s.find = find
	must(find.RebuildAll(ctx))
	return s
}

// series makes these videos the episodes of a series at /series/<slug>.
func (s *stall) series(slug string, episodes ...string) {
	s.t.Helper()
	id, err := s.Listings.CreateSeries(s.t.Context(), 70, listing.NewSeries{
		Slug:  slug,
		Title: locale.Text{Zh: "北方", En: "The North"},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for n, video := range episodes {
		if _, err := s.Pool.Exec(s.t.Context(),
			"update video_product_spu set series_id = $1, episode = $2 where slug = $3", id, n+1, video); err != nil {
			s.t.Fatal(err)
		}
	}
}

var cardLinks = regexp.MustCompile(`<a href="/v/([a-z0-9-]+)" class="card-link"`)

// cards returns the slugs of the videos that the cards of a page link to, in order.
func cards(a webtest.Answer) []string {
	var list []string
	for _, m := range cardLinks.FindAllStringSubmatch(a.Body, -1) {
		list = append(list, m[1])
	}
	return list
}

var nextLinks = regexp.MustCompile(`rel="next"|href="([^"]*cursor=[^"]*)"`)

func next(a webtest.Answer) string {
	for _, m := range nextLinks.FindAllStringSubmatch(a.Body, -1) {
		if m[1] != "" {
			return strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	return ""
}
