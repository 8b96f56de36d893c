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
	PaidAt  *time.Time  `json:"paidAt"` // null for an order that never was, though a late sum of it may have come and gone back
	Items   []EventItem `json:"items"`
	// Returned are the items of one refund with what each gives back, in order.refunded only.
	Returned []EventReturn `json:"returned,omitempty"`
}

// EventReturn is what one refund gives back for a line of an order.
type EventReturn struct {
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
}

func eventOf(o Order) Event {
	e := Event{OrderNo: o.OrderNo, UserID: o.UserID, Status: o.Status, Version: o.Version, Total: o.Total, PaidAt: o.PaidAt, Items: []EventItem{}}
	for _, i := range o.Items {
		e.Items = append(e.Items, EventItem{i.SKUID, i.SPUID, i.CreatorID, i.Quantity, i.Amount})
	}
	return e
}

func (s *Orders) eventTx(ctx context.Context, tx pgx.Tx, kind string, o Order) error {
	return s.Outbox.WriteTx(ctx, tx, kind, aggregate(o.OrderNo), eventOf(o))
}

// refundedEventTx says what one refund gave back; an event of a sum that paid for nothing names no item.
func (s *Orders) refundedEventTx(ctx context.Context, tx pgx.Tx, o Order, shares []RefundItem) error {
	e := eventOf(o)
	for _, share := range shares {
		for _, i := range o.Items {
			if i.ID == share.ItemID {
				e.Returned = append(e.Returned, EventReturn{i.SKUID, i.SPUID, i.CreatorID, share.Amount})
			}
		}
	}
	return s.Outbox.WriteTx(ctx, tx, "order.refunded", aggregate(o.OrderNo), e)
}

// openCaseTx calls an operator, once for its kind and reference.
func (s *Orders) openCaseTx(ctx context.Context, tx pgx.Tx, kind, orderNo, reference string, detail map[string]any) error {
	body, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("case %s %s: %w", kind, reference, err)
	}
	if err := s.q.OpenCase(ctx, tx, dbsqlc.OpenCaseParams{Kind: kind, OrderNo: orderNo, Reference: reference, Detail: body, CreatedAt: s.Now()}); err != nil {
		return fmt.Errorf("case %s %s: %w", kind, reference, err)
	}
	return nil
}

// sweepRows bounds one round of a sweeper.
const sweepRows = 200

// each does one thing to every order or refund named; one that fails doesn't keep the others waiting, and one that
// awaits its provider is no failure. It returns how many it tried.
func (s *Orders) each(ctx context.Context, names []string, do func(context.Context, string) error) (int, error) {
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
