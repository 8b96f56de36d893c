package mall

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/outbox"
	"videomall/mall/webhook"
)

// webhookEvents are the events of which creators are told; what each becomes, says TellCreators.
func webhookEvents() []string { return []string{"order.paid", "order.delivered", "order.refunded"} }

// soldOrder is what a creator is told of an order: their own items of it, and nothing of who bought them or of what else was bought.
type soldOrder struct {
	OrderNo string      `json:"orderNo"`
	PaidAt  *time.Time  `json:"paidAt"`
	Amount  money.Money `json:"amount"` // of the items below
	Items   []soldItem  `json:"items"`
}

type soldItem struct {
	VideoID  int64       `json:"videoId"`
	SKUID    int64       `json:"skuId"`
	Quantity int         `json:"quantity,omitempty"` // 0: a refund, which gives back money and counts nothing
	Amount   money.Money `json:"amount"`             // paid for all its units, or given back of it
}

// TellCreators tells everybody whose items an event concerns, each of their own.
func TellCreators(ctx context.Context, tx pgx.Tx, w *webhook.Webhooks, e outbox.Event) error {
	var o order.Event
	if err := json.Unmarshal(e.Payload, &o); err != nil {
		return fmt.Errorf("read event %d: %w", e.ID, err)
	}
	if o.PaidAt == nil {
		return nil // a sum that came too late and went back: nothing was sold
	}
	var owners []int64
	told := map[int64]*soldOrder{}
	add := func(owner int64, i soldItem) {
		if told[owner] == nil {
			owners = append(owners, owner)
			told[owner] = &soldOrder{OrderNo: o.OrderNo, PaidAt: o.PaidAt, Amount: money.Of(0, i.Amount.Currency)}
		}
		told[owner].Amount.Amount += i.Amount.Amount
		told[owner].Items = append(told[owner].Items, i)
	}
	if e.Type == "order.refunded" {
		if o.Refund == nil {
			return nil // written by a version that did not say what went back
		}
		for _, i := range o.Refund.Items {
			add(i.CreatorID, soldItem{VideoID: i.VideoID, SKUID: i.SKUID, Amount: i.Amount})
		}
	} else {
		for _, i := range o.Items {
			add(i.CreatorID, soldItem{VideoID: i.VideoID, SKUID: i.SKUID, Quantity: i.Quantity, Amount: i.Paid})
		}
	}
	for _, owner := range owners {
		if err := w.TellTx(ctx, tx, webhook.Message{EventID: e.ID, OwnerID: owner, Type: e.Type, Aggregate: e.Aggregate, At: e.CreatedAt,
			Data: told[owner]}); err != nil {
			return err
		}
	}
	return nil
}
