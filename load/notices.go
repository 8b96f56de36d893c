package load

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Each payment is told of noticesAPayment times: it succeeded, twice; and either a third time the same, or that a try
// before had failed. They come in any order.
const noticesAPayment = 3

// signatureHeader is the sandbox's.
const signatureHeader = "Sandbox-Signature"

// payments is how many accounts, and orders, so many notices need.
func payments(notices int) int { return (notices + noticesAPayment - 1) / noticesAPayment }

// letter is one delivery of a notice.
type letter struct {
	orderNo string
	pays    bool
	body    []byte
}

type notice struct {
	EventID      string    `json:"eventId"`
	Type         string    `json:"type"`
	OutTradeNo   string    `json:"outTradeNo"`
	ChannelTxnNo string    `json:"channelTxnNo"`
	Amount       int64     `json:"amount"`
	Currency     string    `json:"currency"`
	OccurredAt   time.Time `json:"occurredAt"`
}

// notices places orders and opens their payments before the crowd comes; the crowd is what a payment provider has to
// say of them.
func notices(ctx context.Context, c *Crowd) (func(context.Context, *Visit) string, error) {
	s, err := c.look(ctx, "sort=popular&priceMin=1")
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var mail []letter
	err = c.beforehand(ctx, c.People(), func(ctx context.Context, n int) error {
		said, err := c.owed(ctx, s, n)
		mu.Lock()
		defer mu.Unlock()
		mail = append(mail, said...)
		return err
	})
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(c.plan.Seed, math.MaxUint64-1))
	r.Shuffle(len(mail), func(i, j int) { mail[i], mail[j] = mail[j], mail[i] })
	return func(ctx context.Context, v *Visit) string {
		l := mail[v.N] // as many as visits, or a few more
		tell := request{
			http.MethodPost, api + "/payments/callback/sandbox", l.body,
			http.Header{"Content-Type": {"application/json"}},
		}
		// A provider tells again until it is heard; insist does, when it is asked to come later or hears nothing.
		a := v.insist(ctx, "notice", tell.with(signatureHeader, c.stage.Sign(time.Now(), l.body)))
		var ack struct{ Received bool }
		if !a.into(&ack) || !ack.Received {
			return a.outcome()
		}
		if l.pays {
			c.book.hear(l.orderNo)
		}
		return "acknowledged"
	}, nil
}

// owed makes an order that waits for payment, and what is going to be said of it.
func (c *Crowd) owed(ctx context.Context, s onSale, n int) (mail []letter, err error) {
	p, key := c.stage.People[n], c.key(n)
	var made orderAnswer
	if a := c.ask(ctx, order(p, key, s.videos[n%len(s.videos)].SKUID, 0)); !a.into(&made) {
		return nil, fmt.Errorf("place an order: %s", a.outcome())
	}
	c.book.write(entry{
		visit:   n,
		person:  p,
		key:     key,
		orderNo: made.OrderNo,
		end:     placed,
	})
	var open prepayAnswer
	if a := c.ask(ctx, prepay(p, made.OrderNo)); !a.into(&open) {
		return nil, fmt.Errorf("open a payment: %s", a.outcome())
	}
	paid := notice{
		EventID:      "load-" + open.AttemptNo,
		Type:         "payment.succeeded",
		OutTradeNo:   open.AttemptNo,
		ChannelTxnNo: "load-" + open.AttemptNo,
		Amount:       open.Amount.Amount,
		Currency:     open.Amount.Currency,
		OccurredAt:   time.Now().UTC(),
	}
	third := paid
	if n%2 == 1 {
		third.EventID = paid.EventID + "-failed"
		third.Type = "payment.failed"
		third.OccurredAt = paid.OccurredAt.Add(-time.Second)
		third.ChannelTxnNo = ""
	}
	for _, n := range []notice{paid, paid, third} {
		body, err := json.Marshal(n)
		if err != nil {
			return nil, err
		}
		mail = append(mail, letter{made.OrderNo, n.Type == paid.Type, body})
	}
	return mail, nil
}

// handsBeforehand is how many prepare at once: it is no part of what is measured and should not wear the mall out.
const handsBeforehand = 8

// beforehand does something n times before the crowd comes, and returns the first error.
func (c *Crowd) beforehand(ctx context.Context, n int, do func(context.Context, int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	numbers := make(chan int)
	var hands sync.WaitGroup
	for range handsBeforehand {
		hands.Go(func() {
			for i := range numbers {
				if err := do(ctx, i); err != nil {
					stop(err)
					return
				}
			}
		})
	}
	for i := range n {
		select {
		case numbers <- i:
		case <-ctx.Done():
		}
	}
	close(numbers)
	hands.Wait()
	return context.Cause(ctx)
}
