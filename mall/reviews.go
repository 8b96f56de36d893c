package mall

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/order"
	"videomall/mall/outbox"
	"videomall/mall/review"
)

// OpenReviews opens the review desk over the listings, whose verbs it is handed; everything else it needs to know it finds here. It is
// called once, from New, before events are relayed.
func (m *Mall) OpenReviews(listing review.Listing) {
	m.Reviews = review.New(review.Deps{Pool: m.pool, Now: m.now, Listing: listing, Facts: m.reviewFacts(), Audit: Deeds(m.Accounts, m.Audit),
		EndAccess: m.Orders.EndAccessTx})
	m.Outbox.Subscribe("ended_access", []string{"order.paid"}, m.endLateAccess)
}

func (m *Mall) reviewFacts() review.Facts {
	return review.Facts{
		Creator: func(ctx context.Context, tx pgx.Tx, creatorID int64) (review.Creator, error) {
			u, err := m.Accounts.UserTx(ctx, tx, creatorID)
			if err != nil {
				return review.Creator{}, err
			}
			live, first, err := m.Catalog.LiveOfTx(ctx, tx, creatorID)
			return review.Creator{Since: u.CreatedAt, Live: live, FirstListing: first}, err
		},
		PriceBand: func(ctx context.Context, tx pgx.Tx, categoryID int64, kind, currency string) (review.Band, error) {
			b, err := m.Catalog.PriceBandTx(ctx, tx, categoryID, kind, currency)
			return review.Band(b), err
		},
		Twins: func(ctx context.Context, tx pgx.Tx, videoID int64) ([]int64, error) {
			return m.Media.TwinsTx(ctx, tx, videoID)
		},
	}
}

// endLateAccess pays an order back whose payment came after its video was taken off with all that was bought of it.
func (m *Mall) endLateAccess(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	var o order.Event
	if err := json.Unmarshal(e.Payload, &o); err != nil {
		return fmt.Errorf("read event %d: %w", e.ID, err)
	}
	var spuIDs []int64
	for _, i := range o.Items {
		spuIDs = append(spuIDs, i.VideoID)
	}
	ended, err := m.Reviews.EndedAccessTx(ctx, tx, spuIDs)
	if err != nil {
		return err
	}
	for spuID, takedownID := range ended {
		if err := m.Orders.EndAccessTx(ctx, tx, spuID, takedownID); err != nil {
			return err
		}
	}
	return nil
}
