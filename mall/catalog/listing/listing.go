// Package listing owns how a video comes to be for sale: the draft that its creator edits, the revisions that wait for
// a review and are approved or returned, series, profiles of creators, and the prices that they plan. It writes what
// package catalog shows and refuses to know who may review: the review desk calls the verbs that decide.
package listing

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/fault"
)

// Faults of this package; see the verbs for when.
var (
	ErrNotFound        = fault.New(fault.NotFound, "listing_not_found", "There is no such listing.")
	ErrRevisionInvalid = fault.New(fault.Invalid, "revision_invalid", "Some fields need another look.")
	ErrRevisionMissing = fault.New(fault.Invalid, "revision_missing",
		"Something is missing before it can be reviewed.")
	ErrRevisionMoved  = fault.New(fault.Conflict, "revision_moved", "The listing has changed since you looked.")
	ErrPriceNotFound  = fault.New(fault.NotFound, "price_not_found", "There is no such price.")
	ErrPriceBegun     = fault.New(fault.Conflict, "price_begun", "This price has begun already.")
	ErrSeriesInvalid  = fault.New(fault.Invalid, "series_invalid", "Some fields need another look.")
	ErrCreatorInvalid = fault.New(fault.Invalid, "creator_invalid", "Some fields need another look.")
)

// Listings are the listings of all creators. It is safe for concurrent use.
type Listings struct {
	pools   db.Pools
	now     func() time.Time
	catalog *catalog.Catalog
	queries *dbsqlc.Queries
	deps    Deps
}

// Deps are what Listings stand on. Functions that get a transaction join it.
type Deps struct {
	Pools   db.Pools
	Now     func() time.Time
	Catalog *catalog.Catalog // the same database's
	// Video finds a creator's video. A fault of kind NotFound says that there is none of that owner; nil finds none.
	Video func(ctx context.Context, q catalog.Querier, ownerID, videoID int64) (Video, error)
	// Stock gives a SKU its units; nil where nothing limited is listed.
	Stock func(ctx context.Context, tx pgx.Tx, skuID, units int64) error
	// OnSubmit and OnWithdraw hear that a revision wants to be reviewed, or does not any more; nil for nobody.
	OnSubmit   func(ctx context.Context, tx pgx.Tx, s Submission) error
	OnWithdraw func(ctx context.Context, tx pgx.Tx, revisionID int64) error
}

// New needs a migrated database.
func New(d Deps) *Listings {
	return &Listings{
		pools: d.Pools,
		// PostgreSQL keeps microseconds; a finer clock would make "from now on" begin after now.
		now:     func() time.Time { return d.Now().Truncate(time.Microsecond) },
		catalog: d.Catalog,
		queries: dbsqlc.New(),
		deps:    d,
	}
}

func missing(err error) bool { return errors.Is(err, pgx.ErrNoRows) }

func isNotFound(err error) bool { return err != nil && fault.From(err).Kind == fault.NotFound }
