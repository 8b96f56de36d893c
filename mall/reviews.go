package mall

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog/listing"
	"videomall/mall/money"
	"videomall/mall/review"
)

// reviewDeps hands the review desk the verbs of the listings.
func (m *Mall) reviewDeps() review.Deps {
	return review.Deps{
		Pool:      m.pool,
		Now:       m.now,
		Facts:     m.reviewFacts(),
		Audit:     m.audit,
		EndAccess: m.Orders.Refunds().EndAccessTx,
		OnDecision: func(ctx context.Context, tx pgx.Tx, d review.Decision) error {
			return m.Outbox.WriteTx(ctx, tx, "review."+d.Type, fmt.Sprintf("spu:%d", d.SPUID), d)
		},
		Listing: review.Listing{
			Approve: func(ctx context.Context, tx pgx.Tx, revisionID int64) error {
				// what is kept of the shop hears of it after the commit
				_, err := m.Listings.ApproveTx(ctx, tx, revisionID)
				return err
			},
			Return: m.Listings.ReturnTx,
			Reopen: m.Listings.ReopenTx,
			TakeDown: func(ctx context.Context, tx pgx.Tx, spuID int64) error {
				_, err := m.Listings.TakeDownTx(ctx, tx, spuID)
				return err
			},
			Restore: func(ctx context.Context, tx pgx.Tx, spuID int64) error {
				_, err := m.Listings.RestoreTx(ctx, tx, spuID)
				return err
			},
		},
	}
}

func (m *Mall) reviewFacts() review.Facts {
	return review.Facts{
		Creator: func(ctx context.Context, tx pgx.Tx, creatorID int64) (review.Creator, error) {
			u, err := m.Accounts.UserTx(ctx, tx, creatorID)
			if err != nil {
				return review.Creator{}, err
			}
			live, first, err := m.Catalog.LiveOfTx(ctx, tx, creatorID)
			return review.Creator{
				Since:        u.CreatedAt,
				Live:         live,
				FirstListing: first,
			}, err
		},
		PriceBand: func(ctx context.Context, tx pgx.Tx, categoryID int64, kind, currency string) (review.Band, error) {
			b, err := m.Listings.PriceBandTx(ctx, tx, categoryID, kind, currency)
			return review.Band{
				Offers: b.N,
				Low:    b.P10,
				High:   b.P90,
			}, err
		},
		Duplicates: func(ctx context.Context, tx pgx.Tx, videoID int64) ([]int64, error) {
			return m.Media.Videos.DuplicatesTx(ctx, tx, videoID)
		},
	}
}

// submitted hands a revision to the review desk, in the transaction that submits it.
func (m *Mall) submitted(ctx context.Context, tx pgx.Tx, s listing.Submission) error {
	n := s.Content
	c := review.Content{
		Title:       n.Title,
		Description: n.Description,
		Tags:        n.Tags,
		CategoryID:  n.CategoryID,
		Cover:       n.Cover,
		VideoID:     n.VideoID,
		FreeSeconds: n.FreeSeconds,
		Slug:        n.Slug,
		Series:      s.Series,
		Episode:     n.Episode,
	}
	for _, k := range n.SKUs {
		if k.Price != nil {
			p := review.Price{
				Kind:      k.Kind,
				Quality:   k.Quality,
				RentHours: k.RentHours,
				Amount:    money.Of(*k.Price, s.Currency),
			}
			if k.List != nil {
				p.List = new(money.Of(*k.List, s.Currency))
			}
			c.Prices = append(c.Prices, p)
		}
	}
	_, err := m.Reviews.OpenTx(ctx, tx, review.Submission{
		RevisionID: s.RevisionID,
		SPUID:      s.SPUID,
		CreatorID:  s.CreatorID,
		Content:    c,
	})
	return err
}

// withdrawn takes a revision back from the review desk, in the transaction that withdraws it.
func (m *Mall) withdrawn(ctx context.Context, tx pgx.Tx, revisionID int64) error {
	return m.Reviews.WithdrawTx(ctx, tx, revisionID)
}
