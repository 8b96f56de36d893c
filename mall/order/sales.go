package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
)

// Sales are the sums of what a creator, or one video of theirs, sold and refunded on a day, in minor units of one
// currency and without tax. A sale counts on the day of its payment, with the sum that was paid; a refund on the day
// that it succeeded.
type Sales struct {
	Day       int   // the first is 0
	CreatorID int64 // 0 for the sum over all creators asked for
	SPUID     int64 // 0 for the sum over all videos of the creator, where an order of two videos counts once
	Currency  string
	Orders    int64
	Units     int64
	Gross     int64
	Refunds   int64
	Refunded  int64
}

// SalesTx sums the orders by day, as the caller's transaction sees them, for some creators, or for all if creators is
// nil. Each day ends where the next one starts; the last of starts is the end of the last day.
func (s *Orders) SalesTx(ctx context.Context, tx pgx.Tx, starts []time.Time, creators []int64) ([]Sales, error) {
	since, until := starts[0], starts[len(starts)-1]
	rows, err := s.q.SalesByDay(ctx, tx, dbsqlc.SalesByDayParams{
		Starts:     starts,
		Since:      since,
		Until:      until,
		Everybody:  creators == nil,
		CreatorIds: creators,
	})
	if err != nil {
		return nil, fmt.Errorf("sales from %s to %s: %w", since, until, err)
	}
	sales := make([]Sales, len(rows))
	for n, r := range rows {
		sales[n] = Sales{
			Day:       int(r.Day) - 1,
			CreatorID: r.CreatorID,
			SPUID:     r.SpuID,
			Currency:  r.Currency,
			Orders:    r.Orders,
			Units:     r.Units,
			Gross:     r.Gross,
			Refunds:   r.Refunds,
			Refunded:  r.Refunded,
		}
	}
	return sales, nil
}

// FirstPaid returns when the first order was paid, or nil if none was.
func (s *Orders) FirstPaid(ctx context.Context) (*time.Time, error) {
	return s.firstPaid(ctx, s.deps.Pool)
}

// FirstPaidTx is FirstPaid as the caller's transaction sees it.
func (s *Orders) FirstPaidTx(ctx context.Context, tx pgx.Tx) (*time.Time, error) {
	return s.firstPaid(ctx, tx)
}

func (s *Orders) firstPaid(ctx context.Context, q dbsqlc.DBTX) (*time.Time, error) {
	at, err := s.q.FirstPaid(ctx, q)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the first payment: %w", err)
	}
	return at, nil
}

// SoldLine is a paid line of an order, for the creator of the video. It does not name the buyer.
type SoldLine struct {
	ID             int64
	OrderNo        string
	PaidAt         time.Time
	SPUID          int64
	Title          locale.Text
	Kind, Quality  string
	Quantity       int
	Paid, Refunded money.Money
}

// SoldLines lists the lines of a creator's videos, or of one video if spuID is not 0, that were paid between since and
// until, the oldest first: at most most lines after the one with the id after.
func (s *Orders) SoldLines(ctx context.Context, creatorID, spuID int64, since, until time.Time, after int64,
	most int,
) ([]SoldLine, error) {
	rows, err := s.q.SoldLines(ctx, s.deps.Pool, dbsqlc.SoldLinesParams{
		CreatorID: creatorID,
		SpuID:     spuID,
		Since:     since,
		Until:     until,
		AfterID:   after,
		MaxRows:   int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("sold lines of creator %d: %w", creatorID, err)
	}
	lines := make([]SoldLine, len(rows))
	for n, r := range rows {
		lines[n] = SoldLine{
			r.ID, r.OrderNo, r.PaidAt, r.SpuID,
			locale.Text{
				Zh: r.TitleZh,
				En: r.TitleEn,
			},
			r.Kind, r.Quality,
			int(r.Quantity),
			money.Of(r.Amount, r.Currency), money.Of(r.RefundedAmount, r.Currency),
		}
	}
	return lines, nil
}
