package subscriber

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/ledger"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/outbox"
	"videomall/mall/webhook"
)

// listingTypes says as what a creator hears of what happens to a listing.
func listingTypes() map[string]string {
	return map[string]string{
		"catalog.published":  "listing.published",
		"catalog.revised":    "listing.revised",
		"catalog.returned":   "listing.returned",
		"catalog.taken_down": "listing.taken_down",
	}
}

func listingEvents() []string { return slices.Sorted(maps.Keys(listingTypes())) }

type listingMessage struct {
	VideoID int64 `json:"videoId"`
}

// notifyOfListing tells the creator of a listing what became of it.
func (h handlers) notifyOfListing(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	ch, err := outbox.Payload[catalog.Change](e)
	if err != nil {
		return err
	}
	creators, err := h.deps.Catalog.CreatorsOfTx(ctx, tx, []int64{ch.SPUID})
	if err != nil {
		return err
	}
	owner, exists := creators[ch.SPUID]
	if !exists {
		return nil // deleted since
	}
	return h.deps.Webhooks.NotifyTx(ctx, tx, message(e, owner, listingTypes()[e.Type], listingMessage{ch.SPUID}))
}

// payoutMessage is what a creator is told of a payout.
type payoutMessage struct {
	PayoutID      int64        `json:"payoutId"`
	Amount        money.Money  `json:"amount"`
	State         ledger.State `json:"state"`
	Reason        string       `json:"reason,omitempty"`
	BankReference string       `json:"bankReference,omitempty"`
}

// notifyOfPayout tells a creator what was decided about a payout.
func (h handlers) notifyOfPayout(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	p, err := outbox.Payload[ledger.PayoutEvent](e)
	if err != nil {
		return err
	}
	return h.deps.Webhooks.NotifyTx(ctx, tx, message(e, p.CreatorID, e.Type, payoutMessage{
		PayoutID:      p.PayoutID,
		Amount:        p.Amount,
		State:         p.State,
		Reason:        p.Reason,
		BankReference: p.BankReference,
	}))
}

// orderMessage is what a creator is told of an order: their own items of it, and nothing of who bought them or of what
// else was bought.
type orderMessage struct {
	OrderNo string        `json:"orderNo"`
	PaidAt  *time.Time    `json:"paidAt"`
	Amount  money.Money   `json:"amount"` // of the items below
	Items   []itemMessage `json:"items"`
}

type itemMessage struct {
	VideoID  int64       `json:"videoId"`
	SKUID    int64       `json:"skuId"`
	Quantity int         `json:"quantity,omitempty"` // 0: a refund, which gives back money and counts nothing
	Amount   money.Money `json:"amount"`             // paid for all its units, or given back of it
}

func (h handlers) notifyOfOrder(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	return NotifyOfOrder(ctx, tx, h.deps.Webhooks, e)
}

// NotifyOfOrder tells all creators whose items an order has, each of their own.
func NotifyOfOrder(ctx context.Context, tx pgx.Tx, w *webhook.Webhooks, e outbox.Event) error {
	o, err := outbox.Payload[order.Event](e)
	if err != nil {
		return err
	}
	if o.PaidAt == nil {
		return nil // a sum that came too late and went back: nothing was sold
	}
	var owners []int64
	messages := map[int64]*orderMessage{}
	add := func(owner int64, i itemMessage) {
		if messages[owner] == nil {
			owners = append(owners, owner)
			messages[owner] = &orderMessage{
				OrderNo: o.OrderNo,
				PaidAt:  o.PaidAt,
				Amount:  money.Of(0, i.Amount.Currency),
			}
		}
		messages[owner].Amount.Amount += i.Amount.Amount
		messages[owner].Items = append(messages[owner].Items, i)
	}
	if e.Type == "order.refunded" {
		if o.Refund == nil {
			return nil // written by a version that did not say what went back
		}
		for _, i := range o.Refund.Items {
			add(i.CreatorID, itemMessage{
				VideoID: i.VideoID,
				SKUID:   i.SKUID,
				Amount:  i.Amount,
			})
		}
	} else {
		for _, i := range o.Items {
			add(i.CreatorID, itemMessage{
				VideoID:  i.VideoID,
				SKUID:    i.SKUID,
				Quantity: i.Quantity,
				Amount:   i.Paid,
			})
		}
	}
	for _, owner := range owners {
		if err := w.NotifyTx(ctx, tx, message(e, owner, e.Type, messages[owner])); err != nil {
			return err
		}
	}
	return nil
}

func message(e outbox.Event, ownerID int64, kind string, data any) webhook.Message {
	return webhook.Message{
		EventID:   e.ID,
		OwnerID:   ownerID,
		Type:      kind,
		Aggregate: e.Aggregate,
		At:        e.CreatedAt,
		Data:      data,
	}
}
