package order

import (
	"context"
	"fmt"
	"slices"
	"time"

	"videomall/mall/fault"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
)

// Faults of a creator's refund. Operators may still make such a refund.
var (
	ErrRefundWindow = fault.New(fault.Conflict, "refund_window_over",
		"The time in which you can refund this sale is over. Ask the mall's operators.")
	ErrRefundUncovered = fault.New(fault.Conflict, "refund_uncovered",
		"What you have with the mall does not cover this refund. Ask the mall's operators.")
)

// RefundWindow is how long after the payment a creator may refund a sale of theirs. After that only an operator can.
const RefundWindow = 30 * 24 * time.Hour

// Sale is a paid item of an order, for the creator who sold it. Of the buyer it holds only the user id.
type Sale struct {
	ItemID        int64
	OrderNo       string
	BuyerID       int64
	Status        Status // the order's
	Title         locale.Text
	Slug          string
	Kind, Quality string
	RentHours     int // of one unit
	Quantity      int
	Amount        money.Money // paid for all units, without tax
	Refunded      money.Money // without tax
	PaidAt        time.Time
	RevokedAt     *time.Time
}

// Refundable reports whether its creator may still refund it.
func (s Sale) Refundable(now time.Time) bool {
	return s.RevokedAt == nil && now.Before(s.PaidAt.Add(RefundWindow)) && (s.Status == Paid || s.Status == Delivered)
}

// Sales lists what a creator sold, the newest first: at most most items older than the item before (0 to begin with the
// newest). With a buyerID it lists only what that person bought; 0 stands for everybody.
func (s *Orders) Sales(ctx context.Context, creatorID, buyerID, before int64, most int) ([]Sale, error) {
	if buyerID == 0 {
		rows, err := s.q.SalesOf(ctx, s.deps.Pool, dbsqlc.SalesOfParams{
			CreatorID: creatorID,
			BeforeID:  before,
			Most:      int32(most),
		})
		if err != nil {
			return nil, fmt.Errorf("sales of %d: %w", creatorID, err)
		}
		return salesOf(rows), nil
	}
	rows, err := s.q.SalesTo(ctx, s.deps.Pool, dbsqlc.SalesToParams{
		CreatorID: creatorID,
		UserID:    buyerID,
		BeforeID:  before,
		Most:      int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("sales of %d to %d: %w", creatorID, buyerID, err)
	}
	same := make([]dbsqlc.SalesOfRow, len(rows))
	for n, r := range rows {
		same[n] = dbsqlc.SalesOfRow(r)
	}
	return salesOf(same), nil
}

func salesOf(rows []dbsqlc.SalesOfRow) []Sale {
	sales := make([]Sale, len(rows))
	for n, r := range rows {
		sales[n] = Sale{
			ItemID:    r.ID,
			OrderNo:   r.OrderNo,
			BuyerID:   r.UserID,
			Status:    Status(r.Status),
			Title:     locale.Text{Zh: r.TitleZh, En: r.TitleEn},
			Slug:      r.Slug,
			Kind:      r.Kind,
			Quality:   r.Quality,
			RentHours: int(r.RentHours),
			Quantity:  int(r.Quantity),
			Amount:    money.Of(r.Amount, r.Currency),
			Refunded:  money.Of(r.RefundedAmount, r.Currency),
			PaidAt:    r.PaidAt,
			RevokedAt: r.RevokedAt,
		}
	}
	return sales
}

// SaleOf reads an order as a creator may see it: with their own items only, and only if it was paid. It returns
// ErrNotFound for an order without an item of theirs, as for one that doesn't exist.
func (s *Orders) SaleOf(ctx context.Context, creatorID int64, orderNo string) (Order, error) {
	o, err := s.GetAny(ctx, orderNo)
	if err != nil {
		return Order{}, err
	}
	if o.Items, err = soldBy(o, creatorID); err != nil {
		return Order{}, err
	}
	return o, nil
}

// soldBy returns a creator's items of a paid order. Errors: ErrNotFound if there are none.
func soldBy(o Order, creatorID int64) ([]Item, error) {
	items := slices.DeleteFunc(slices.Clone(o.Items), func(i Item) bool { return i.CreatorID != creatorID })
	if len(items) == 0 || o.PaidAt == nil {
		return nil, ErrNotFound.Because("order %s is no sale of creator %d", o.OrderNo, creatorID)
	}
	return items, nil
}
