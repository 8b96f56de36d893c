package mall

import (
	"context"
	"encoding/json"
	"fmt"
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

// listingEvents says as what a creator hears of what happens to a listing.
func listingEvents() map[string]string {
	return map[string]string{"catalog.published": "listing.published", "catalog.revised": "listing.revised",
		"catalog.returned": "listing.returned", "catalog.taken_down": "listing.taken_down"}
}

// tellCreators has creators' own servers told of what concerns them.
func (m *Mall) tellCreators() {
	m.Ledger.Decided = func(ctx context.Context, tx pgx.Tx, p ledger.Payout) error {
		return m.Outbox.WriteTx(ctx, tx, "payout."+string(p.State), fmt.Sprintf("payout:%d", p.ID), decidedPayout{
			CreatorID: p.CreatorID,
			toldPayout: toldPayout{
				PayoutID:      p.ID,
				Amount:        p.Amount,
				State:         p.State,
				Reason:        p.Reason,
				BankReference: p.BankReference,
			},
		})
	}
	m.Outbox.Subscribe("webhooks", []string{"order.paid", "order.delivered", "order.refunded"},
		func(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
			return TellOfOrder(ctx, tx, m.Webhooks, e)
		})
	m.Outbox.Subscribe("webhooks_listings", slices.Sorted(maps.Keys(listingEvents())), m.tellOfListing)
	m.Outbox.Subscribe("webhooks_payouts",
		[]string{"payout.approved", "payout.refused", "payout.paid", "payout.failed"}, m.tellOfPayout)
}

type toldListing struct {
	VideoID int64 `json:"videoId"`
}

// tellOfListing tells the creator of a listing what became of it.
func (m *Mall) tellOfListing(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	var ch catalog.Change
	if err := json.Unmarshal(e.Payload, &ch); err != nil {
		return fmt.Errorf("read event %d: %w", e.ID, err)
	}
	creators, err := m.Catalog.CreatorsOfTx(ctx, tx, []int64{ch.SPUID})
	if err != nil {
		return err
	}
	owner, exists := creators[ch.SPUID]
	if !exists {
		return nil // deleted since
	}
	return m.Webhooks.TellTx(ctx, tx, webhook.Message{
		EventID:   e.ID,
		OwnerID:   owner,
		Type:      listingEvents()[e.Type],
		Aggregate: e.Aggregate,
		At:        e.CreatedAt,
		Data:      toldListing{ch.SPUID},
	})
}

// toldPayout is what a creator is told of a payout, and decidedPayout what the mall has to know besides.
type toldPayout struct {
	PayoutID      int64        `json:"payoutId"`
	Amount        money.Money  `json:"amount"`
	State         ledger.State `json:"state"`
	Reason        string       `json:"reason,omitempty"`
	BankReference string       `json:"bankReference,omitempty"`
}

type decidedPayout struct {
	CreatorID int64 `json:"creatorId"`
	toldPayout
}

func (m *Mall) tellOfPayout(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	var p decidedPayout
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		return fmt.Errorf("read event %d: %w", e.ID, err)
	}
	return m.Webhooks.TellTx(ctx, tx, webhook.Message{
		EventID:   e.ID,
		OwnerID:   p.CreatorID,
		Type:      e.Type,
		Aggregate: e.Aggregate,
		At:        e.CreatedAt,
		Data:      p.toldPayout,
	})
}

// soldOrder is what a creator is told of an order: their own items of it, and nothing of who bought them or of what
// else was bought.
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

// TellOfOrder tells everybody whose items an order has, each of their own.
func TellOfOrder(ctx context.Context, tx pgx.Tx, w *webhook.Webhooks, e outbox.Event) error {
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
			told[owner] = &soldOrder{
				OrderNo: o.OrderNo,
				PaidAt:  o.PaidAt,
				Amount:  money.Of(0, i.Amount.Currency),
			}
		}
		told[owner].Amount.Amount += i.Amount.Amount
		told[owner].Items = append(told[owner].Items, i)
	}
	if e.Type == "order.refunded" {
		if o.Refund == nil {
			return nil // written by a version that did not say what went back
		}
		for _, i := range o.Refund.Items {
			add(i.CreatorID, soldItem{
				VideoID: i.VideoID,
				SKUID:   i.SKUID,
				Amount:  i.Amount,
			})
		}
	} else {
		for _, i := range o.Items {
			add(i.CreatorID, soldItem{
				VideoID:  i.VideoID,
				SKUID:    i.SKUID,
				Quantity: i.Quantity,
				Amount:   i.Paid,
			})
		}
	}
	for _, owner := range owners {
		if err := w.TellTx(ctx, tx, webhook.Message{
			EventID:   e.ID,
			OwnerID:   owner,
			Type:      e.Type,
			Aggregate: e.Aggregate,
			At:        e.CreatedAt,
			Data:      told[owner],
		}); err != nil {
			return err
		}
	}
	return nil
}
