package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/cache"
	"videomall/mall/catalog/internal/dbsqlc"
)

// MaxReviewLength is the most characters a review's text may have.
const MaxReviewLength = 4000

// reviewList names the list of a video's reviews, for its cursors.
func reviewList(spuID int64) string { return "reviews-" + strconv.FormatInt(spuID, 10) }

// NewReview is what a person says of a video.
type NewReview struct {
	SPUID, UserID int64
	Owned         bool // the caller's word that they have bought it
	// Held says whether they still own it, and keeps the answer true until the transaction ends, since a refund may
	// come meanwhile. Where it is nil, Owned is enough.
	Held   func(ctx context.Context, tx pgx.Tx, userID, spuID int64) (bool, error)
	Author string
	Rating int       // 1 to 5
	Body   string    // may be empty
	Locale string    // zh-CN or en: the language it was written in
	At     time.Time // zero: now
}

// Review is what one person says of one video.
type Review struct {
	ID, SPUID, UserID int64
	Author            string
	Rating            int
	Body, Locale      string
	CreatedAt         time.Time
	Refunded          bool   // every purchase behind it was paid back: its rating does not count
	Reply             *Reply // the creator's answer
}

// ReviewPage is a part of a video's reviews, newest first.
type ReviewPage struct {
	Items      []Review
	NextCursor string
}

// AddReview keeps a review and counts its stars in one transaction. Errors: ErrReviewNotOwned, ErrReviewOwn for the
// video's creator whatever their role is by now, ErrReviewInvalid (fields rating, body), ErrReviewExists when the
// person has reviewed the video before, ErrProductNotFound.
func (c *Catalog) AddReview(ctx context.Context, n NewReview) (Review, error) {
	n.Body = strings.TrimSpace(n.Body)
	if err := n.check(); err != nil {
		return Review{}, err
	}
	if n.At.IsZero() {
		n.At = c.now()
	}
	r := Review{
		SPUID:     n.SPUID,
		UserID:    n.UserID,
		Author:    n.Author,
		Rating:    n.Rating,
		Body:      n.Body,
		Locale:    n.Locale,
		CreatedAt: n.At,
	}
	err := c.WithChanges(ctx, func(tx pgx.Tx) (_ []Change, err error) {
		r.ID, err = c.addReviewTx(ctx, tx, n)
		return []Change{{Type: ChangeReviewed, SPUID: n.SPUID}}, err
	})
	switch {
	case db.IsUnique(err, "catalog_review_once"):
		return Review{}, ErrReviewExists.Because("user %d, SPU %d: %w", n.UserID, n.SPUID, err)
	case err != nil:
		return Review{}, fmt.Errorf("review SPU %d by user %d: %w", n.SPUID, n.UserID, err)
	}
	return r, nil
}

func (n NewReview) check() error {
	switch {
	case !n.Owned:
		return ErrReviewNotOwned
	case n.Rating < 1 || n.Rating > 5:
		return ErrReviewInvalid.With("rating", "out_of_range")
	case utf8.RuneCountInString(n.Body) > MaxReviewLength:
		return ErrReviewInvalid.With("body", "too_long")
	case !db.Storable(n.Body):
		return ErrReviewInvalid.With("body", "unreadable")
	}
	return nil
}

func (c *Catalog) addReviewTx(ctx context.Context, tx pgx.Tx, n NewReview) (id int64, err error) {
	if n.Held != nil { // before the SPU's row, as refunds do
		if held, err := n.Held(ctx, tx, n.UserID, n.SPUID); err != nil || !held {
			return 0, cmp.Or(err, error(ErrReviewNotOwned))
		}
	}
	// The SPU's row is locked before the review is inserted: two reviews of one video then wait for each other instead of
	// deadlocking on the lock that the foreign key takes.
	creatorID, err := c.queries.CountRating(ctx, tx, dbsqlc.CountRatingParams{
		SpuID:  n.SPUID,
		Rating: int32(n.Rating),
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, ErrProductNotFound
	case err != nil:
		return 0, err
	case creatorID == n.UserID: // the count goes back with the transaction
		return 0, ErrReviewOwn.Because("user %d, SPU %d", n.UserID, n.SPUID)
	}
	return c.queries.InsertReview(ctx, tx, dbsqlc.InsertReviewParams{
		SpuID:  n.SPUID,
		UserID: n.UserID,
		Author: n.Author,
		Rating: int32(n.Rating),
		Body:   n.Body,
		Locale: n.Locale,
		At:     n.At,
	})
}

// Reviews returns a page of a video's reviews, newest first; limit 0 means 10. Errors: ErrCursorInvalid.
func (c *Catalog) Reviews(ctx context.Context, spuID int64, after string, limit int) (ReviewPage, error) {
	if limit <= 0 {
		limit = 10
	}
	limit = min(limit, MaxLimit)
	if after == "" {
		key := fmt.Sprintf("%d.%d", spuID, limit)
		return c.caches.reviews.Get(ctx, key, []string{TagOf(spuID)},
			func(ctx context.Context) (ReviewPage, cache.Policy, error) {
				rows, err := c.queries.Reviews(ctx, c.fresh(), dbsqlc.ReviewsParams{
					SpuID: spuID,
					Most:  int32(limit + 1),
				})
				if err != nil {
					return ReviewPage{}, cache.Policy{}, fmt.Errorf("reviews of SPU %d: %w", spuID, err)
				}
				return reviewPage(rows, limit), cache.Policy{}, nil
			})
	}
	at, err := ParseCursor(after, reviewList(spuID))
	if err != nil {
		return ReviewPage{}, err
	}
	moment, err := at.instant()
	if err != nil {
		return ReviewPage{}, err
	}
	rows, err := c.queries.ReviewsAfter(ctx, c.pools.Replica, dbsqlc.ReviewsAfterParams{
		SpuID:     spuID,
		CreatedAt: moment,
		ID:        at.ID,
		Most:      int32(limit + 1),
	})
	if err != nil {
		return ReviewPage{}, fmt.Errorf("reviews of SPU %d: %w", spuID, err)
	}
	return reviewPage(rows, limit), nil
}

// reviewPage cuts off the extra row, which was read only to learn whether there are more.
func reviewPage(rows []dbsqlc.CatalogReview, limit int) ReviewPage {
	page := ReviewPage{}
	for _, r := range rows[:min(limit, len(rows))] {
		page.Items = append(page.Items, review(r))
	}
	if len(rows) > limit {
		last := page.Items[limit-1]
		page.NextCursor = Cursor{reviewList(last.SPUID), last.CreatedAt.UnixMicro(), last.ID}.String()
	}
	return page
}

// ReviewBy returns what a person said of a video; false when they said nothing yet.
func (c *Catalog) ReviewBy(ctx context.Context, spuID, userID int64) (Review, bool, error) {
	r, err := c.queries.ReviewBy(ctx, c.pools.Primary, dbsqlc.ReviewByParams{SpuID: spuID, UserID: userID})
	if missing(err) {
		return Review{}, false, nil
	}
	if err != nil {
		return Review{}, false, fmt.Errorf("review of SPU %d by user %d: %w", spuID, userID, err)
	}
	return review(r), true, nil
}

func review(r dbsqlc.CatalogReview) Review {
	out := Review{
		ID:        r.ID,
		SPUID:     r.SpuID,
		UserID:    r.UserID,
		Author:    r.Author,
		Rating:    int(r.Rating),
		Body:      r.Body,
		Locale:    r.Locale,
		CreatedAt: r.CreatedAt,
		Refunded:  r.RefundedAt != nil,
	}
	if r.RepliedAt != nil {
		out.Reply = &Reply{r.Reply, *r.RepliedAt}
	}
	return out
}
