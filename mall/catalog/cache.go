package catalog

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/mall/cache"
	"videomall/telemetry"
)

// TagLists is the tag of everything that shows more than one video: lists, counts, what is related to a video.
const TagLists = "shelves"

// TagOf is the tag of one SPU: its page, its prices, its reviews.
func TagOf(spuID int64) string { return "spu:" + strconv.FormatInt(spuID, 10) }

// The changes that are announced.
const (
	ChangeCategory  = "catalog.category_created"
	ChangeCreator   = "catalog.creator_created"
	ChangeCreated   = "catalog.created"
	ChangePublished = "catalog.published"
	ChangeTakenDown = "catalog.taken_down"
	ChangeAssetSet  = "catalog.asset_set"
	ChangePriced    = "catalog.priced"   // a price was set
	ChangeRepriced  = "catalog.repriced" // the time of one came
	ChangeReviewed  = "catalog.reviewed"
	ChangeSold      = "catalog.sold"
	ChangeSeries    = "catalog.series_created"
	ChangeDeleted   = "catalog.deleted"  // a draft that nobody ever saw
	ChangeRevised   = "catalog.revised"  // an approved revision replaced what is on sale
	ChangeReturned  = "catalog.returned" // the reviewers gave a revision back
	// a flash sale of one of its SKUs began, ended or was planned; processes are notified, but no event is written
	ChangeSale = "catalog.sale"
)

// Change says what has changed in the catalogue.
type Change struct {
	Type     string   `json:"type"` // catalog.created, …
	SPUID    int64    `json:"spuId,omitempty"`
	Names    []string `json:"names,omitempty"` // what exists since then, as the filter spells it
	Category string   `json:"shelf,omitempty"` // the slug of a new category
}

// Aggregate is what the change is of, for the outbox.
func (ch Change) Aggregate() string {
	switch {
	case ch.SPUID != 0:
		return TagOf(ch.SPUID)
	case ch.Category != "":
		return "category:" + ch.Category
	}
	return ch.Names[0]
}

// CacheDeps is what a Catalog that caches its answers needs besides a database.
type CacheDeps struct {
	Changes *cache.Changes
	Metrics *telemetry.Metrics
	Log     *slog.Logger
	// Write writes a change as an event, and Notify notifies every process of it, both in the transaction that makes
	// it; see Invalidate.
	Write  func(ctx context.Context, tx pgx.Tx, ch Change) error
	Notify func(ctx context.Context, q Querier, ch Change) error
}

// caches hold the answers. All readers share them. What a decision depends on, such as an offer in an order, is never
// cached.
type caches struct {
	CacheDeps
	names      *cache.Filter
	ids        *cache.Cache[int64] // by "slug:…" and "sku:…": neither ever changes hands
	products   *cache.Cache[Product]
	reviews    *cache.Cache[ReviewPage]
	lists      *cache.Cache[Page]
	related    *cache.Cache[[]Card]
	categories *cache.Cache[[]Category]
	creators   *cache.Cache[[]Creator]
	creator    *cache.Cache[Creator]
	series     *cache.Cache[Series]
}

func newCaches(k CacheDeps) caches {
	return caches{
		CacheDeps: k,
		names:     cache.NewFilter(k.Changes, k.Metrics.Cache("catalog_names")),
		ids: newCache(k, cache.Options[int64]{
			Name:   "catalog_ids",
			Fresh:  5 * time.Minute,
			Absent: ErrProductNotFound,
		}),
		products:   newCache(k, cache.Options[Product]{Name: "catalog_products", Absent: ErrProductNotFound}),
		reviews:    newCache(k, cache.Options[ReviewPage]{Name: "catalog_reviews"}),
		lists:      newCache(k, cache.Options[Page]{Name: "catalog_lists", Most: 2000}),
		related:    newCache(k, cache.Options[[]Card]{Name: "catalog_related"}),
		categories: newCache(k, cache.Options[[]Category]{Name: "catalog_categories"}),
		creators:   newCache(k, cache.Options[[]Creator]{Name: "catalog_creators"}),
		creator:    newCache(k, cache.Options[Creator]{Name: "catalog_creator", Absent: ErrCreatorNotFound}),
		series:     newCache(k, cache.Options[Series]{Name: "catalog_series", Absent: ErrSeriesNotFound}),
	}
}

func newCache[T any](k CacheDeps, o cache.Options[T]) *cache.Cache[T] {
	return cache.New(k.Changes, o, k.Log, k.Metrics)
}

// fresh is the pool from which answers are read before they are cached: the primary. Where nothing is cached, a replica
// does.
func (c *Catalog) fresh() *pgxpool.Pool {
	if c.caches.Changes == nil {
		return c.pools.Replica
	}
	return c.pools.Primary
}

// WithChanges runs do and announces what it says has changed, in one transaction. This process forgets at once, so that
// whoever made the change sees it in the next answer.
func (c *Catalog) WithChanges(ctx context.Context, do func(tx pgx.Tx) ([]Change, error)) error {
	var made []Change
	err := db.InTx(ctx, c.pools.Primary, func(tx pgx.Tx) (err error) {
		if made, err = do(tx); err != nil {
			return err
		}
		return c.AnnounceTx(ctx, tx, made)
	})
	if err == nil {
		c.Forget(ctx, made)
	}
	return err
}

// AnnounceTx writes changes as events and notifies of them in the transaction that makes them.
func (c *Catalog) AnnounceTx(ctx context.Context, tx pgx.Tx, made []Change) error {
	if c.caches.Changes == nil {
		return nil
	}
	for _, ch := range made {
		if err := c.caches.Write(ctx, tx, ch); err != nil {
			return err
		}
		if err := c.caches.Notify(ctx, tx, ch); err != nil {
			return err
		}
	}
	return nil
}

// NotifySaleTx notifies every process, in the transaction of a flash sale's move, that what these SKUs cost has
// changed.
func (c *Catalog) NotifySaleTx(ctx context.Context, tx pgx.Tx, skuIDs []int64) error {
	if c.caches.Changes == nil {
		return nil
	}
	offers, err := c.OffersTx(ctx, tx, skuIDs, c.now())
	if err != nil {
		return err
	}
	for _, o := range offers {
		if err := c.caches.Notify(ctx, tx, Change{Type: ChangeSale, SPUID: o.SPUID}); err != nil {
			return err
		}
	}
	return nil
}

// Forget drops at once what this process has cached of committed changes. A caller that made the changes in a
// transaction of its own calls it after the commit. Every process is notified anyway, a moment later.
func (c *Catalog) Forget(ctx context.Context, made []Change) {
	if c.caches.Changes == nil {
		return
	}
	for _, ch := range made {
		c.caches.take(ctx, ch)
	}
	c.caches.Changes.Drop(ctx, TagLists)
}

// Invalidate applies a change that some process announced. A list of many videos may be shown for a second more while
// it is read anew, because each sale changes it; a video's own page may not.
func (c *Catalog) Invalidate(ctx context.Context, ch Change) {
	c.caches.take(ctx, ch)
	c.caches.Changes.Age(ctx, TagLists)
}

func (k caches) take(ctx context.Context, ch Change) {
	for _, name := range ch.Names {
		k.names.Add(name)
	}
	tags := slices.Clone(ch.Names)
	if ch.SPUID != 0 && ch.Type != ChangeSold {
		tags = append(tags, TagOf(ch.SPUID))
	}
	if len(tags) > 0 {
		k.Changes.Drop(ctx, tags...)
	}
}

// LearnNames fills the filter that turns away unknown names with all names that exist.
func (c *Catalog) LearnNames(ctx context.Context) error {
	var expected int64
	if err := c.pools.Primary.QueryRow(ctx, `select (select count(*) from video_product_spu) + (select count(*)
		from video_product_sku)
		+ (select count(*) from catalog_creator)`).Scan(&expected); err != nil {
		return fmt.Errorf("count names: %w", err)
	}
	return c.caches.names.Fill(ctx, expected, func(ctx context.Context, add func(string)) error {
		// This reads row by row, since there may be millions of names; a query of sqlc would hold them all in a list.
		rows, err := c.pools.Primary.Query(ctx, `select 'slug:' || slug from video_product_spu
			union all select 'sku:' || id from video_product_sku union all select 'creator:' || slug
			from catalog_creator`)
		if err != nil {
			return fmt.Errorf("learn names: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return fmt.Errorf("learn names: %w", err)
			}
			add(name)
		}
		return rows.Err()
	})
}

// idOf finds an SPU by a name, "slug:…" or "sku:…". Callers who ask for one name at the same time share one call of
// ask.
func (c *Catalog) idOf(ctx context.Context, name string, ask func(ctx context.Context) (int64, error)) (int64, error) {
	if !c.caches.names.Passes(name) {
		return 0, ErrProductNotFound.Because("no name %q", name)
	}
	return c.caches.ids.Get(ctx, name, []string{name}, func(ctx context.Context) (int64, cache.Policy, error) {
		id, err := ask(ctx)
		if missing(err) {
			err = ErrProductNotFound.Because("no row of %q", name)
		}
		return id, cache.Policy{}, err
	})
}

// ends is the policy of a value that holds until that moment, or without an end where it is nil.
func ends(until *time.Time) cache.Policy {
	if until == nil {
		return cache.Policy{}
	}
	return cache.Policy{Until: *until}
}
