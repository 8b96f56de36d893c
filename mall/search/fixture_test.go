package search_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/catalog"
	"videomall/mall/locale"
	"videomall/mall/search"
)

var opening = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

type shop struct {
	*search.Search
	catalog *catalog.Catalog
	pool    *pgxpool.Pool
	ids     map[string]int64
}

type video struct {
	slug         string
	title, about locale.Text
	creator      int64
	tags         []string
	amount       int64
}

var videos = []video{
	{
		"aurora",
		locale.Text{Zh: "追逐极光", En: "Chasing the Aurora"},
		locale.Text{Zh: "在冰岛的冬夜里等待北极光。", En: "Nights of waiting under the northern lights of Iceland."},
		7,
		[]string{"极光", "iceland", "nature"},
		1900,
	},
	{
		"kyoto",
		locale.Text{Zh: "京都的四季", En: "Four Seasons of Kyoto"},
		locale.Text{Zh: "古都的寺庙、庭院与小巷。", En: "Temples, gardens and lanes, photographed through a year."},
		8,
		[]string{"京都", "travel"},
		2900,
	},
	{
		"wok",
		locale.Text{Zh: "铁锅里的火", En: "Fire in the Wok"},
		locale.Text{Zh: "四川厨师的日常。", En: "A Sichuan cook's day; running a kitchen."},
		8,
		[]string{"food", "cooking"},
		0,
	},
	{
		"guitar",
		locale.Text{Zh: "指弹吉他入门", En: "Fingerstyle Guitar for Beginners"},
		locale.Text{Zh: "从第一个和弦开始。", En: "Start from the first chord. You don't need to read music."},
		7,
		[]string{"music", "course"},
		9900,
	},
	{
		"tokyo",
		locale.Text{Zh: "东京夜行", En: "Tokyo by Night"},
		locale.Text{Zh: "霓虹与雨。", En: "Neon and rain. Café culture after midnight."},
		8,
		[]string{"東京", "トーキョー", "travel"},
		1500,
	},
	{
		"north",
		locale.Text{Zh: "北方的光", En: "Light of the North"},
		locale.Text{Zh: "灯塔看守人。", En: "A keeper of the lighthouse."},
		7, nil, 1200,
	},
}

func open(t testing.TB) *shop {
	t.Helper()
	ctx := context.Background()
	pool := dbtest.New(t)
	pools := db.Pools{Primary: pool, Replica: pool}
	now := func() time.Time { return opening }
	c := catalog.New(catalog.Deps{
		Pools: pools,
		Now:   now,
	})
	s := &shop{
		Search: search.New(search.Deps{
			Pools:   pools,
			Catalog: c,
			Now:     now,
		}),
		catalog: c,
		pool:    pool,
		ids:     map[string]int64{},
	}
	category, err := c.CreateCategory(ctx, catalog.NewCategory{
		Slug: "all",
		Name: locale.Text{Zh: "纪录片", En: "Documentary"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, name := range map[int64][2]string{7: {"林溪", "Lin Xi"}, 8: {"山田花子", "Hanako Yamada"}} {
		if err := c.CreateCreator(ctx, catalog.NewCreator{
			UserID: id,
			Slug:   fmt.Sprint("creator-", id),
			Name:   locale.Text{Zh: name[0], En: name[1]},
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range videos {
		made, err := c.CreateProduct(ctx, catalog.NewProduct{
			Slug:        f.slug,
			CreatorID:   f.creator,
			CategoryID:  category,
			Title:       f.title,
			Description: f.about,
			Tags:        f.tags,
			SKUs: []catalog.NewSKU{{
				Kind:    catalog.KindOwn,
				Quality: catalog.QualityHD,
				Price:   catalog.NewPrice{Amount: f.amount, Currency: "CNY"},
			}},
		})
		if err == nil {
			err = c.Publish(ctx, made.SPUID)
		}
		if err != nil {
			t.Fatal(err)
		}
		s.ids[f.slug] = made.SPUID
	}
	if err := s.RebuildAll(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

func slugs(r search.Result) string {
	var list []string
	for _, k := range r.Items {
		list = append(list, k.Slug)
	}
	return strings.Join(list, " ")
}

func (s *shop) find(t *testing.T, q string) search.Result {
	t.Helper()
	r, err := s.Query(t.Context(), q, catalog.Filter{})
	if err != nil {
		t.Fatalf("%q: %v", q, err)
	}
	return r
}
