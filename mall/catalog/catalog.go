// Package catalog owns what is for sale: categories, creators, SPUs (a video), SKUs (a way to buy it), price
// versions, reviews, and the lists a shopper walks through. It refuses to know stock, orders and who bought
// what: a caller that lets somebody review brings the proof of ownership. What creators edit before it is for sale
// belongs to package listing below it.
package catalog

import (
	"context"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"videomall/db"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/fault"
)

// How a SKU sells its SPU.
const (
	KindRent = "rent" // playable for RentHours from the first play
	KindOwn  = "own"  // playable for good
)

// The qualities a SKU may grant, the lower first.
const (
	QualityHD = "HD"
	Quality4K = "4K"
)

// The states of an SPU.
const (
	StatusDraft     = "draft"
	StatusInReview  = "in_review"
	StatusLive      = "live"
	StatusTakenDown = "taken_down"
)

// Faults of this package; see the verbs for when.
var (
	ErrProductNotFound  = fault.New(fault.NotFound, "product_not_found", "There is no such video.")
	ErrSKUNotFound      = fault.New(fault.NotFound, "sku_not_found", "There is no such version of a video.")
	ErrCategoryNotFound = fault.New(fault.NotFound, "category_not_found", "There is no such category.")
	ErrCreatorNotFound  = fault.New(fault.NotFound, "creator_not_found", "There is no such creator.")
	ErrCursorInvalid    = fault.New(fault.Invalid, "cursor_invalid",
		"This page link does not belong to this list. Start from the first page.")
	ErrFilterInvalid  = fault.New(fault.Invalid, "filter_invalid", "One of the filters is not valid.")
	ErrPriceOverlaps  = fault.New(fault.Conflict, "price_overlaps", "Another price is already set for that time.")
	ErrPriceInvalid   = fault.New(fault.Invalid, "price_invalid", "The price is not valid.")
	ErrPriceCurrency  = fault.New(fault.Invalid, "price_currency_mixed", "One video sells in one currency only.")
	ErrProductInvalid = fault.New(fault.Invalid, "product_invalid", "The video's details are not valid.")
	ErrSlugTaken      = fault.New(fault.Conflict, "slug_taken", "That address is already taken.")
	ErrProductState   = fault.New(fault.Conflict, "product_state", "The video's state does not allow that.")
	ErrSeriesNotFound = fault.New(fault.NotFound, "series_not_found", "There is no such series.")
	ErrReviewExists   = fault.New(fault.Conflict, "review_exists", "You have already reviewed this video.")
	ErrReviewInvalid  = fault.New(fault.Invalid, "review_invalid", "The review is not valid.")
	ErrReviewOwn      = fault.New(fault.Forbidden, "review_own", "Nobody reviews a video of their own.")
	ErrReviewNotOwned = fault.New(fault.Forbidden, "review_not_owned",
		"Only people who have bought a video may review it.")
)

// Querier is a pool or a transaction: what a verb needs to read within its caller's snapshot.
type Querier interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
	Query(context.Context, string, ...any) (pgx.Rows, error)
	QueryRow(context.Context, string, ...any) pgx.Row
}

// Catalog is the catalogue in one database. It is safe for concurrent use.
type Catalog struct {
	pools   db.Pools
	now     func() time.Time
	queries *dbsqlc.Queries
	caches  caches // zero: nothing is cached
}

// Deps are what a Catalog stands on.
type Deps struct {
	Pools db.Pools
	Now   func() time.Time
	// Cache makes the Catalog cache its answers, and announce its changes. What is cached is loaded from the primary: a
	// replica may not have seen yet the change for which it is loaded again. Without Cache.Changes nothing is cached,
	// and lists are read from the replica at every call.
	Cache CacheDeps
}

// New opens the catalogue.
func New(d Deps) *Catalog {
	c := &Catalog{
		pools: d.Pools,
		// PostgreSQL keeps microseconds; a finer clock would make "from now on" begin after now.
		now:     func() time.Time { return d.Now().Truncate(time.Microsecond) },
		queries: dbsqlc.New(),
	}
	if d.Cache.Changes != nil {
		c.caches = newCaches(d.Cache)
	}
	return c
}

// IsSlug says that s may be the name in an address.
func IsSlug(s string) bool { return slugPattern.MatchString(s) }

var slugPattern = regexp.MustCompile(`^[a-z0-9-]{1,80}$`)
