package serving

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/cache"
	"videomall/mall/catalog"
	"videomall/mall/inventory"
	"videomall/mall/locale"
	"videomall/mall/outbox"
	"videomall/telemetry"
)

// The person who buys in these tests.
const (
	Email    = "buyer@example.test"
	Password = "a long enough passphrase"
)

// Shop is what a program under test sells.
type Shop struct {
	SKU int64 // of the video with three units

	t        testing.TB
	ctx      context.Context
	pool     *pgxpool.Pool
	category int64
}

// Stock lists one video with three units and registers the buyer, through the modules themselves.
func Stock(t testing.TB, pool *pgxpool.Pool) *Shop {
	t.Helper()
	s := &Shop{
		t:    t,
		ctx:  context.Background(),
		pool: pool,
	}
	catalogue := s.catalogue()
	var err error
	s.category, err = catalogue.CreateCategory(s.ctx, catalog.NewCategory{
		Slug: "films",
		Name: locale.Text{Zh: "电影", En: "Films"},
	})
	s.ok(err)
	s.ok(catalogue.CreateCreator(s.ctx, catalog.NewCreator{
		UserID: 1,
		Slug:   "creator",
		Name:   locale.Text{Zh: "作者", En: "Creator"},
	}))
	s.SKU = s.Video("film", 3)
	_, err = account.New(account.Deps{
		Pool:  s.pool,
		Redis: nil,
		Log:   slog.New(slog.DiscardHandler),
		Now:   time.Now,
	}).Provision(s.ctx, account.User{
		Email: Email,
		Name:  "Buyer",
		Roles: account.RolesOf(account.RoleShopper),
	}, Password)
	s.ok(err)
	return s
}

// catalogue is the catalogue as another process has it, whose changes the program is notified of: the program answers 404 to
// a name it has not heard of.
func (s *Shop) catalogue() *catalog.Catalog {
	log := slog.New(slog.DiscardHandler)
	box := outbox.New(outbox.Deps{
		Pool: s.pool,
		Now:  time.Now,
	})
	return catalog.New(catalog.Deps{
		Pools: db.Pools{Primary: s.pool, Replica: s.pool},
		Now:   time.Now,
		Cache: catalog.CacheDeps{
			Changes: cache.NewChanges(cache.ChangesDeps{
				Redis: nil, // never connected
				Log:   log,
				Now:   time.Now,
			}),
			Metrics: telemetry.NewMetrics(),
			Log:     log,
			Write: func(ctx context.Context, tx pgx.Tx, ch catalog.Change) error {
				return box.WriteTx(ctx, tx, ch.Type, ch.Aggregate(), ch)
			},
			Notify: func(ctx context.Context, q catalog.Querier, ch catalog.Change) error {
				return box.NotifyTx(ctx, q, ch)
			},
		},
	})
}

// Video lists a video with the given number of units and returns its SKU.
func (s *Shop) Video(slug string, units int64) int64 {
	s.t.Helper()
	catalogue := s.catalogue()
	made, err := catalogue.CreateProduct(s.ctx, catalog.NewProduct{
		Slug:       slug,
		CreatorID:  1,
		CategoryID: s.category,
		Title:      locale.Text{Zh: "影片", En: "Film"},
		SKUs: []catalog.NewSKU{{
			Kind:         catalog.KindOwn,
			Quality:      catalog.QualityHD,
			StockLimited: true,
			Price:        catalog.NewPrice{Amount: 990, Currency: "CNY"},
		}},
	})
	s.ok(err)
	s.ok(catalogue.Publish(s.ctx, made.SPUID))
	_, err = inventory.New(inventory.Deps{
		Pool: s.pool,
		Gate: nil,
		Now:  time.Now,
	}).SetStock(s.ctx, made.SKUIDs[0], units)
	s.ok(err)
	return made.SKUIDs[0]
}

// SetAsset makes a packaged video that of the shop's first SKU, and returns the number of its product.
func (s *Shop) SetAsset(assetID int64, seconds int) (spuID int64) {
	s.t.Helper()
	catalogue := s.catalogue()
	product, err := catalogue.ProductOfSKU(s.ctx, s.SKU)
	s.ok(err)
	s.ok(catalogue.SetAsset(s.ctx, product.SPUID, assetID, seconds))
	return product.SPUID
}

func (s *Shop) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}
