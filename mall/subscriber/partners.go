package subscriber

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/outbox"
)

// partnerMessage is what a partner is told of an order that came by a link of theirs: nothing of who bought.
type partnerMessage struct {
	OrderNo   string        `json:"orderNo"`
	Reference string        `json:"reference"`
	Status    order.Status  `json:"status"`
	Total     money.Money   `json:"total"`
	PaidAt    *time.Time    `json:"paidAt"`
	Items     []partnerItem `json:"items"`
	// Refund is the sum that went back this time, in order.refunded only.
	Refund *money.Money `json:"refund,omitempty"`
}

type partnerItem struct {
	VideoID int64 `json:"videoId"`
	SKUID   int64 `json:"skuId"`
}

// notifyPartner tells the partner from whom the buyer of an order came.
func (h handlers) notifyPartner(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	o, err := outbox.Payload[order.Event](e)
	if err != nil || o.PaidAt == nil {
		return err // a sum that came too late and went back: nothing was sold
	}
	r, err := h.deps.Orders.ReferralTx(ctx, tx, o.OrderNo)
	if err != nil || r == nil {
		return err
	}
	m := partnerMessage{
		OrderNo:   o.OrderNo,
		Reference: r.Reference,
		Status:    o.Status,
		Total:     o.Total,
		PaidAt:    o.PaidAt,
		Items:     []partnerItem{},
	}
	for _, i := range o.Items {
		m.Items = append(m.Items, partnerItem{i.VideoID, i.SKUID})
	}
	if o.Refund != nil {
		m.Refund = &o.Refund.Amount
	}
	return h.deps.PartnerHooks.NotifyTx(ctx, tx, message(e, r.PartnerID, e.Type, m))
}
