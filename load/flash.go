package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// entry is the result of one buyer's attempt to order.
type entry struct {
	visit   int
	person  Person
	key     string
	orderNo string // of an answer 201
	end     string
}

// book holds the attempted orders, and the orders whose payment the mall acknowledged.
type book struct {
	mu      sync.Mutex
	entries []entry
	heard   map[string]bool // order numbers
}

func (b *book) hear(orderNo string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.heard == nil {
		b.heard = map[string]bool{}
	}
	b.heard[orderNo] = true
}

func (b *book) write(e entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entries = append(b.entries, e)
}

type orderItem struct {
	SKUID    int64 `json:"skuId"`
	Quantity int   `json:"quantity"`
}

type orderBody struct {
	Items      []orderItem `json:"items"`
	CampaignID int64       `json:"campaignId,omitempty"`
}

// order is the request of one unit under a key.
func order(p Person, key string, sku, campaign int64) request {
	return post(api+"/orders", orderBody{[]orderItem{{sku, 1}}, campaign}).as(p).with("Idempotency-Key", key)
}

type orderAnswer struct {
	OrderNo string `json:"orderNo"`
	Status  string
}

// place orders one unit. It tries again when the mall asks for patience, always under the same key. The end is placed,
// the mall's slug, gaveUp or inDoubt; the number is empty unless the order was placed.
func (v *Visit) place(ctx context.Context, sku, campaign int64) (orderNo, end string) {
	e := entry{
		visit:  v.N,
		person: v.person(),
		key:    v.crowd.key(v.N),
	}
	a := v.insist(ctx, "place order", order(e.person, e.key, sku, campaign))
	var made orderAnswer
	switch {
	case a.into(&made) && made.OrderNo != "":
		e.orderNo, e.end = made.OrderNo, placed
	case a.doubtful():
		e.end = inDoubt
	case KindOf(a.outcome()) == Waiting:
		e.end = gaveUp
	case a.code != "":
		e.end = a.code
	default:
		e.end = a.outcome()
	}
	v.crowd.book.write(e)
	return e.orderNo, e.end
}

// flash is a crowd at one SKU: everybody wants one, at once.
func flash(_ context.Context, c *Crowd) (func(context.Context, *Visit) string, error) {
	if c.stage.SKU == 0 {
		return nil, errors.New("no SKU is named")
	}
	return func(ctx context.Context, v *Visit) string {
		_, end := v.place(ctx, c.stage.SKU, c.stage.CampaignID)
		return end
	}, nil
}

// fairness says how many of the earliest buyers succeeded: with U units, how many of the first U buyers got one.
func (c *Crowd) fairness() string {
	units := int(c.stage.Units)
	first, won, all := 0, 0, 0
	for _, e := range c.book.entries {
		if e.end == placed {
			all++
		}
		if e.visit < units {
			first++
			if e.end == placed {
				won++
			}
		}
	}
	if first == 0 || all == 0 {
		return ""
	}
	return fmt.Sprintf("Of the first %d to arrive %d got a unit; %d got one altogether.", first, won, all)
}
