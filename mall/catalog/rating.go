package catalog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog/internal/dbsqlc"
)

// SettleRatingsTx brings the ratings that a person gave to these videos in line with their purchases, in the
// transaction that changed those: a rating counts as long as one purchase of the video has not been paid back, and
// again once the video is bought anew. held says for which videos that is so; it is asked after the videos' rows are
// locked, so that of two refunds at once the later one sees both.
func (c *Catalog) SettleRatingsTx(ctx context.Context, tx pgx.Tx, userID int64, spuIDs []int64,
	held func(ctx context.Context, tx pgx.Tx, userID int64, spuIDs []int64) (map[int64]bool, error),
) error {
	reviewed, err := c.queries.ReviewedOf(ctx, tx, dbsqlc.ReviewedOfParams{UserID: userID, SpuIds: spuIDs})
	if err != nil {
		return fmt.Errorf("what user %d reviewed of %v: %w", userID, spuIDs, err)
	}
	if len(reviewed) == 0 {
		return nil
	}
	if err := c.queries.LockProducts(ctx, tx, reviewed); err != nil { // before the reviews, as AddReview does
		return fmt.Errorf("lock SPUs %v: %w", reviewed, err)
	}
	holds, err := held(ctx, tx, userID, reviewed)
	if err != nil {
		return err
	}
	var made []Change
	for _, spuID := range reviewed {
		changed, err := c.settleRatingTx(ctx, tx, userID, spuID, holds[spuID])
		if err != nil {
			return fmt.Errorf("settle the rating of SPU %d by user %d: %w", spuID, userID, err)
		}
		if changed {
			made = append(made, Change{Type: ChangeReviewed, SPUID: spuID})
		}
	}
	return c.AnnounceTx(ctx, tx, made)
}

// settleRatingTx counts one rating, or takes it out of the count. The caller has locked the SPU's row.
func (c *Catalog) settleRatingTx(ctx context.Context, tx pgx.Tx, userID, spuID int64,
	counts bool,
) (changed bool, err error) {
	var rating int32
	if counts {
		rating, err = c.queries.RestoreReview(ctx, tx, dbsqlc.RestoreReviewParams{UserID: userID, SpuID: spuID})
	} else {
		rating, err = c.queries.RefundReview(ctx, tx, dbsqlc.RefundReviewParams{
			UserID: userID,
			SpuID:  spuID,
			At:     c.now(),
		})
	}
	switch {
	case missing(err):
		return false, nil // it stands so already
	case err != nil:
		return false, err
	case counts:
		_, err = c.queries.CountRating(ctx, tx, dbsqlc.CountRatingParams{SpuID: spuID, Rating: rating})
	default:
		err = c.queries.UncountRating(ctx, tx, dbsqlc.UncountRatingParams{SpuID: spuID, Rating: rating})
	}
	return err == nil, err
}
