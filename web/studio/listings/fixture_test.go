package listings_test

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/fault"
	"videomall/mall/locale"
	listingview "videomall/views/studio/listings"
	"videomall/web/shop"
	"videomall/web/studio/listings"
	"videomall/web/webtest"
)

// studio is a mall with its studio and two creators: lin owns video 1, wu owns video 2.
type studio struct {
	*webtest.Mall
	t               *testing.T
	lin, wu, shoppy account.User
}

func open(t *testing.T) *studio {
	t.Helper()
	t.Parallel()
	s := &studio{t: t}
	deps := listing.Deps{
		Video: func(_ context.Context, _ catalog.Querier, owner, video int64) (listing.Video, error) {
			if owner != video {
				return listing.Video{}, fault.New(fault.NotFound, "unknown_video", "")
			}
			return listing.Video{
				AssetID:         100 + video,
				DurationSeconds: 65,
				Lines:           1080,
				Ready:           true,
			}, nil
		},
		Stock: func(ctx context.Context, tx pgx.Tx, skuID, units int64) error {
			return s.Inventory.SetStockTx(ctx, tx, skuID, units)
		},
	}
	s.Mall = webtest.Open(t, webtest.Options{Listing: deps, Routes: func(g *echo.Group, m *webtest.Mall) {
		listings.Routes(g, listings.Deps{
			Site:      m.Site,
			Catalog:   m.Catalog,
			Listings:  m.Listings,
			Inventory: m.Inventory,
			Videos: func(_ context.Context, owner int64) ([]listingview.Video, error) {
				return []listingview.Video{{
					ID:      owner,
					Name:    "take-" + strconv.FormatInt(owner, 10) + ".mp4",
					Ready:   true,
					Seconds: 65,
				}}, nil
			},
		})
		shop.Routes(g, shop.Deps{
			Site:         m.Site,
			Catalog:      m.Catalog,
			Inventory:    m.Inventory,
			Entitlements: m.Entitlements,
			Orders:       m.Orders,
		})
	}})
	s.lin = s.Person("lin", account.RoleCreator)
	s.wu = s.Person("wu", account.RoleCreator)
	s.shoppy = s.Person("shoppy", account.RoleShopper)
	s.ok(s.Catalog.CreateCreator(t.Context(), catalog.NewCreator{
		UserID: s.wu.ID,
		Slug:   "wu",
		Name:   locale.Text{Zh: "吴", En: "Wu"},
	}))
	return s
}

func (s *studio) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// begun creates a listing and returns its address.
func (s *studio) begun(b *webtest.Browser, video string) string {
	s.t.Helper()
	category := strconv.FormatInt(webtest.Query[int64](s.Mall, `select id from catalog_category`)[0], 10)
	a := b.Post("/studio/listings", url.Values{
		"title":    {"Aurora"},
		"category": {category},
		"video":    {video},
	}).Wants(303)
	return a.Location
}

// filled returns the complete form of a listing. Form omits textareas and files.
func (s *studio) filled(b *webtest.Browser, here string, change ...string) url.Values {
	s.t.Helper()
	v := b.Get(here).Wants(200).Form(here)
	for name, value := range map[string]string{
		"title_en": "Aurora", "title_zh": "极光", "description_en": "Night.",
		"cover": "aurora", "price": "30", "video": "1", "tags": "winter, 夜",
	} {
		v.Set(name, value)
	}
	for i := 0; i+1 < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

func (s *studio) submitted(b *webtest.Browser, here string, change ...string) {
	s.t.Helper()
	b.Post(here, s.filled(b, here, append(change, "do", "submit")...)).Wants(303)
}

func (s *studio) approve(here string) {
	s.t.Helper()
	spu, err := strconv.ParseInt(strings.TrimPrefix(here, "/studio/listings/"), 10, 64)
	s.ok(err)
	revision := webtest.Query[int64](s.Mall,
		`select id from catalog_revision where spu_id = $1 and state = 'in_review'`, spu)[0]
	s.ok(db.InTx(s.t.Context(), s.Pool, func(tx pgx.Tx) error {
		_, err := s.Listings.ApproveTx(s.t.Context(), tx, revision)
		return err
	}))
}
