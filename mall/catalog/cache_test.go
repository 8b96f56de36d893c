package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/cache"
	"videomall/mall/catalog"
	"videomall/mall/locale"
	"videomall/mall/outbox"
	"videomall/mall/redisbreaker"
	"videomall/telemetry"
)

// process is a Catalog that caches its answers, as one of several over the stall's database.
type process struct {
	*catalog.Catalog
	changes *cache.Changes
	metrics *telemetry.Metrics
}

func (s *stall) process(t *testing.T, rdb redis.UniversalClient) process {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	box := outbox.New(outbox.Deps{
		Pool: s.pool,
		Now:  s.clock.now,
	})
	p := process{changes: cache.NewChanges(cache.ChangesDeps{
		Redis: redisbreaker.New(rdb),
		Log:   log,
		Now:   s.clock.now,
	}), metrics: telemetry.NewMetrics()}
	p.Catalog = catalog.New(catalog.Deps{
		Pools: db.Pools{Primary: s.pool, Replica: s.pool},
		Now:   s.clock.now,
		Cache: catalog.CacheDeps{
			Changes: p.changes,
			Metrics: p.metrics,
			Log:     log,
			Write: func(ctx context.Context, tx pgx.Tx, ch catalog.Change) error {
				return box.WriteTx(ctx, tx, ch.Type, ch.Aggregate(), ch)
			},
			Notify: func(ctx context.Context, q catalog.Querier, ch catalog.Change) error {
				return box.NotifyTx(ctx, q, ch)
			},
		},
	})
	began, ended := make(chan struct{}, 100), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(ended)
		box.Listen(ctx, log, outbox.Listener{
			OnConnect: func(ctx context.Context) { p.changes.Connect(ctx); began <- struct{}{} },
			OnNotify: func(ctx context.Context, m json.RawMessage) {
				var ch catalog.Change
				if err := json.Unmarshal(m, &ch); err != nil {
					t.Error(err)
				}
				p.Invalidate(ctx, ch)
			},
			OnDisconnect: p.changes.Disconnect,
		})
	}()
	t.Cleanup(func() { cancel(); <-ended })
	<-began
	return p
}

// loads counts what a process got from PostgreSQL for one of its caches.
func (p process) loads(t *testing.T, name string) float64 {
	t.Helper()
	return p.counted(t, "videomall_cache_loads_total", map[string]string{"cache": name, "from": "source"})
}

func (p process) counted(t *testing.T, metric string, want map[string]string) float64 {
	t.Helper()
	families, err := p.metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != metric {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if maps.Equal(labels, want) {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func must[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCatalog_Invalidate_other_process(t *testing.T) {
	t.Parallel()
	s, rdb := open(t), dbtest.Redis(t)
	sea, land := s.sell(t, "sea", 900), s.sell(t, "land", 900)
	writer, reader := s.process(t, rdb), s.process(t, rdb)
	product := func(p process) catalog.Product {
		t.Helper()
		found, err := p.ProductBySlug(t.Context(), "sea")
		return must(t, found, err)
	}
	s.clock.set(opening.Add(time.Second)) // a price can't begin at the moment at which another did
	first := func(p process) string {
		t.Helper()
		page, err := p.List(t.Context(), catalog.Filter{Sort: catalog.SortPopular})
		return must(t, page, err).Items[0].Slug
	}
	if product(writer).SPUID != sea.SPUID || product(reader).SPUID != sea.SPUID {
		t.Fatal("another product")
	}
	if w, r := writer.loads(t, "catalog_products"), reader.loads(t, "catalog_products"); w+r != 1 {
		t.Errorf("the processes loaded it %v and %v times", w, r)
	}
	for _, step := range []struct {
		name string
		do   func() error
		seen func(p process) bool
	}{
		{"a price", func() error {
			return writer.SetPrice(t.Context(), sea.SKUIDs[0], catalog.NewPrice{Amount: 500, Currency: "CNY"})
		}, func(p process) bool { return product(p).SKUs[0].Price.Amount.Amount == 500 }},
		{"a review", func() error {
			_, err := writer.AddReview(t.Context(), catalog.NewReview{
				SPUID:  sea.SPUID,
				UserID: 3,
				Owned:  true,
				Author: "Bo",
				Rating: 5,
				Locale: "en",
			})
			return err
		}, func(p process) bool {
			reviews, err := p.Reviews(t.Context(), sea.SPUID, "", 0)
			return product(p).RatingCount == 1 && len(must(t, reviews, err).Items) == 1
		}},
		{
			"a video", func() error { return writer.SetAsset(t.Context(), sea.SPUID, 9, 60) },
			func(p process) bool { return product(p).AssetID != nil && *product(p).AssetID == 9 },
		},
		{
			"a sale", func() error { return writer.CountSaleTx(t.Context(), s.pool, sea.SPUID, 3) },
			func(p process) bool { return first(p) == "sea" },
		},
		{"a new video", func() error {
			made, err := writer.CreateProduct(t.Context(), catalog.NewProduct{
				Slug:       "sky",
				CreatorID:  7,
				CategoryID: s.category,
				Title:      locale.Text{Zh: "天", En: "Sky"},
				SKUs: []catalog.NewSKU{{
					Kind:    catalog.KindOwn,
					Quality: catalog.QualityHD,
					Price:   catalog.NewPrice{Amount: 100, Currency: "CNY"},
				}},
			})
			if err != nil {
				return err
			}
			return writer.Publish(t.Context(), made.SPUID)
		}, func(p process) bool {
			_, err := p.ProductBySlug(t.Context(), "sky")
			if err != nil && !errors.Is(err, catalog.ErrProductNotFound) {
				t.Fatal(err)
			}
			categories, failed := p.Categories(t.Context())
			return err == nil && must(t, categories, failed)[0].Videos == 3
		}},
		{
			"one taken down", func() error { return writer.TakeDown(t.Context(), land.SPUID) },
			func(p process) bool {
				_, err := p.ProductOfSKU(t.Context(), land.SKUIDs[0])
				return errors.Is(err, catalog.ErrProductNotFound)
			},
		},
	} {
		if step.seen(reader) || step.seen(writer) {
			t.Fatalf("%s is shown before the change is made", step.name)
		}
		if err := step.do(); err != nil {
			t.Fatal(step.name, err)
		}
		// which is counted in others' transactions, and told when they commit
		if step.name != "a sale" && !step.seen(writer) {
			t.Errorf("the process that made the change does not show %s at once", step.name)
		}
		for deadline := time.Now().Add(time.Minute); !step.seen(reader); time.Sleep(2 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the other process never shows %s", step.name)
			}
		}
	}
	var events int
	if err := s.pool.QueryRow(t.Context(), `select count(*) from outbox_event where type like 'catalog.%'`).
		Scan(&events); err != nil || events != 6 {
		t.Errorf("%d events %v", events, err)
	}
}

func TestCatalog_Product_price_ends(t *testing.T) {
	t.Parallel()
	s, rdb := open(t), dbtest.Redis(t)
	sea := s.sell(t, "sea", 900)
	week := opening.Add(20 * time.Second)
	later := opening.Add(25 * time.Second)
	if err := s.SetPrice(t.Context(), sea.SKUIDs[0], catalog.NewPrice{
		Amount:   500,
		Currency: "CNY",
		From:     week,
		Until:    &later,
	}); err != nil {
		t.Fatal(err)
	}
	one, two := s.process(t, rdb), s.process(t, rdb)
	for _, at := range []struct {
		moment time.Time
		want   int64
	}{
		{opening, 900},
		{week.Add(-time.Microsecond), 900},
		{week, 500},
		{later.Add(-time.Microsecond), 500},
		{later, 900},
	} {
		s.clock.set(at.moment)
		for _, p := range []process{one, two} {
			product, err := p.Product(t.Context(), sea.SPUID)
			if got := must(t, product, err).SKUs[0].Price.Amount.Amount; got != at.want {
				t.Errorf("at %s the price is %d, want %d", at.moment, got, at.want)
			}
		}
	}
	if got := one.loads(t, "catalog_products") + two.loads(t, "catalog_products"); got != 3 {
		t.Errorf("three prices took %v loads", got)
	}
}

func TestCatalog_LearnNames_unknown_names(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sell(t, "sea", 900)
	p := s.process(t, dbtest.Redis(t))
	if err := p.LearnNames(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, slug := range []string{"made-up", "made-up-too", "and-another", "no-such-film"} {
		if _, err := p.ProductBySlug(t.Context(), slug); !errors.Is(err, catalog.ErrProductNotFound) {
			t.Error(err)
		}
		if _, err := p.Creator(t.Context(), slug); !errors.Is(err, catalog.ErrCreatorNotFound) {
			t.Error(err)
		}
		for _, f := range []catalog.Filter{{CreatorSlug: slug}, {CategorySlug: slug}} {
			if page, err := p.List(t.Context(), f); err != nil || len(page.Items) != 0 {
				t.Error(page, err)
			}
		}
	}
	if _, err := p.ProductOfSKU(t.Context(), 987654); !errors.Is(err, catalog.ErrSKUNotFound) {
		t.Error(err)
	}
	for _, name := range []string{"catalog_ids", "catalog_products", "catalog_creator", "catalog_lists"} {
		if got := p.loads(t, name); got > 1 { // one in a hundred passes the filter
			t.Errorf("%s asked PostgreSQL %v times", name, got)
		}
	}
	if got := p.counted(t, "videomall_cache_reads_total",
		map[string]string{"cache": "catalog_names", "outcome": "refused"}); got < 8 {
		t.Errorf("%v names were refused", got)
	}
	if _, err := p.ProductBySlug(t.Context(), "sea"); err != nil {
		t.Error(err)
	}
}
