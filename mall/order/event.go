package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
)

// Event is the payload of every order.* event: the order as it stood when the event became true.
type Event struct {
	OrderNo string      `json:"orderNo"`
	UserID  int64       `json:"userId"`
	Status  Status      `json:"status"`
	Version int         `json:"version"`
	Total   money.Money `json:"total"`
	// PaidAt is null for an order that was never paid, even if a late payment of it was refunded.
	PaidAt *time.Time  `json:"paidAt"`
	Items  []EventItem `json:"items"`
	// Refund is set in order.refunded and order.surplus_refunded only.
	Refund *EventRefund `json:"refund,omitempty"`
}

// EventRefund is a refund that succeeded. It has no items if it returned a sum that had paid for none.
type EventRefund struct {
	RefundNo  string            `json:"refundNo"`
	Cause     string            `json:"cause"`
	Amount    money.Money       `json:"amount"`
	SettledAt time.Time         `json:"settledAt"`
	Items     []EventRefundItem `json:"items"`
}

// EventRefundItem is what one line of the order got back, without tax.
type EventRefundItem struct {
	SKUID     int64       `json:"skuId"`
	VideoID   int64       `json:"videoId"`
	CreatorID int64       `json:"creatorId"`
	Amount    money.Money `json:"amount"`
}

// EventItem is one line of an order in an event.
type EventItem struct {
	SKUID     int64       `json:"skuId"`
	VideoID   int64       `json:"videoId"`
	CreatorID int64       `json:"creatorId"`
	Quantity  int         `json:"quantity"`
	Amount    money.Money `json:"amount"`
	Paid      money.Money `json:"paid"` // the amount less the discount, without tax
}

func eventOf(o Order) Event {
	e := Event{
		OrderNo: o.OrderNo,
		UserID:  o.UserID,
		Status:  o.Status,
		Version: o.Version,
		Total:   o.Total,
		PaidAt:  o.PaidAt,
		Items:   []EventItem{},
	}
	for _, i := range o.Items {
		e.Items = append(e.Items, EventItem{i.SKUID, i.SPUID, i.CreatorID, i.Quantity, i.Amount, i.Untaxed()})
	}
	return e
}

func (s *store) eventTx(ctx context.Context, tx pgx.Tx, kind string, o Order) error {
	return s.deps.Outbox.WriteTx(ctx, tx, kind, aggregate(o.OrderNo), eventOf(o))
}

// refundedEventTx writes the event of a refund of an order that succeeded.
func (s *store) refundedEventTx(ctx context.Context, tx pgx.Tx, o Order, r Refund) error {
	return s.refundEventTx(ctx, tx, "order.refunded", o, r)
}

// refundEventTx writes the event of a refund that succeeded, also of one that leaves the order as it is.
func (s *store) refundEventTx(ctx context.Context, tx pgx.Tx, kind string, o Order, r Refund) error {
	e := eventOf(o)
	e.Refund = &EventRefund{
		RefundNo:  r.RefundNo,
		Cause:     r.Cause,
		Amount:    r.Amount,
		SettledAt: *r.SettledAt,
		Items:     []EventRefundItem{},
	}
	for _, share := range r.Items {
		if i, ok := o.Item(share.ItemID); ok {
			e.Refund.Items = append(e.Refund.Items, EventRefundItem{
				SKUID:     i.SKUID,
				VideoID:   i.SPUID,
				CreatorID: i.CreatorID,
				Amount:    share.Untaxed(),
			})
		}
	}
	return s.deps.Outbox.WriteTx(ctx, tx, kind, aggregate(o.OrderNo), e)
}

// openCaseTx opens a case for an operator, once for each kind and reference.
func (s *store) openCaseTx(ctx context.Context, tx pgx.Tx, kind, orderNo, reference string,
	detail map[string]any,
) error {
	body, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("case %s %s: %w", kind, reference, err)
	}
	if err := s.q.OpenCase(ctx, tx, dbsqlc.OpenCaseParams{
		Kind:      kind,
		OrderNo:   orderNo,
		Reference: reference,
		Detail:    body,
		CreatedAt: s.deps.Now(),
	}); err != nil {
		return fmt.Errorf("case %s %s: %w", kind, reference, err)
	}
	return nil
}

// sweepRows bounds one round of a sweeper.
const sweepRows = 200

// each calls do for every order or refund named. It goes on after a failure, and does not count ErrAwaitsProvider as
// one. It returns the number of calls.
func (s *store) each(ctx context.Context, names []string, do func(context.Context, string) error) (int, error) {
	var failed []error
	for n, name := range names {
		if ctx.Err() != nil {
			return n, errors.Join(append(failed, ctx.Err())...)
		}
		if err := do(ctx, name); err != nil && !errors.Is(err, ErrAwaitsProvider) {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
		}
	}
	return len(names), errors.Join(failed...)
}
