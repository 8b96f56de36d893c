package catalog

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/fault"
	"videomall/mall/locale"
)

// MaxReplyLength is the most characters a creator's answer to a review may have.
const MaxReplyLength = 2000

// ErrReviewNotFound is a review that is not there, or of somebody else's video.
var ErrReviewNotFound = fault.New(fault.NotFound, "review_not_found", "There is no such review.")

// Reviewed is a review with the video it is of.
type Reviewed struct {
	Review
	Slug  string
	Title locale.Text
}

// Reply is what a creator answered to a review.
type Reply struct {
	Body string
	At   time.Time
}

// Reply keeps the answer of a video's creator below a review; an empty one takes it back. Errors: ErrReviewNotFound,
// ErrReviewInvalid with the field reply.
func (c *Catalog) Reply(ctx context.Context, creatorID, reviewID int64, body string) error {
	body = strings.TrimSpace(body)
	switch {
	case utf8.RuneCountInString(body) > MaxReplyLength:
		return ErrReviewInvalid.With("reply", "too_long")
	case !db.Storable(body):
		return ErrReviewInvalid.With("reply", "unreadable")
	}
	err := c.WithChanges(ctx, func(tx pgx.Tx) ([]Change, error) {
		spuID, err := c.queries.ReplyToReview(ctx, tx, dbsqlc.ReplyToReviewParams{
			ID:        reviewID,
			CreatorID: creatorID,
			Reply:     body,
			At:        c.now(),
		})
		if missing(err) {
			err = ErrReviewNotFound
		}
		return []Change{{Type: ChangeReviewed, SPUID: spuID}}, err
	})
	if err != nil {
		return fmt.Errorf("reply of %d to review %d: %w", creatorID, reviewID, err)
	}
	return nil
}

// ReviewsAsked says which of the reviews of a creator's videos are asked for.
type ReviewsAsked struct {
	CreatorID  int64
	Unanswered bool  // only those
	Before     int64 // only ids below it; 0 is from the newest
	Most       int
}

// ReviewsFor reads what was said of a creator's videos, the newest first.
func (c *Catalog) ReviewsFor(ctx context.Context, asked ReviewsAsked) ([]Reviewed, error) {
	rows, err := c.queries.ReviewsFor(ctx, c.pools.Primary, dbsqlc.ReviewsForParams{
		CreatorID:  asked.CreatorID,
		Unanswered: asked.Unanswered,
		BeforeID:   asked.Before,
		Most:       int32(asked.Most),
	})
	if err != nil {
		return nil, fmt.Errorf("reviews for %d: %w", asked.CreatorID, err)
	}
	list := make([]Reviewed, len(rows))
	for n, r := range rows {
		list[n] = Reviewed{review(r.CatalogReview), r.Slug, locale.Text{Zh: r.TitleZh, En: r.TitleEn}}
	}
	return list, nil
}

// ReviewsOf reads what a person said of videos, the newest first, at most so many.
func (c *Catalog) ReviewsOf(ctx context.Context, userID int64, most int) ([]Reviewed, error) {
	rows, err := c.queries.ReviewsOf(ctx, c.pools.Primary, dbsqlc.ReviewsOfParams{UserID: userID, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("reviews of user %d: %w", userID, err)
	}
	list := make([]Reviewed, len(rows))
	for n, r := range rows {
		list[n] = Reviewed{review(r.CatalogReview), r.Slug, locale.Text{Zh: r.TitleZh, En: r.TitleEn}}
	}
	return list, nil
}
