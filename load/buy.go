package load

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// buy goes the whole way: search, product, order, prepay, the sandbox's payment page, and until the video is delivered.
func buy(ctx context.Context, c *Crowd) (func(context.Context, *Visit) string, error) {
	s, err := c.look(ctx, "sort=popular&priceMin=1")
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v *Visit) string {
		f := s.video(v)
		for _, step := range []struct{ name, path string }{
			{"search", "/search?q=" + s.word(v)},
			{"product page", "/v/" + f.Slug},
		} {
			if a := v.ask(ctx, step.name, page(step.path)); !a.ok() {
				return a.outcome()
			}
			if !v.think(ctx) {
				return abandoned
			}
		}
		orderNo, end := v.place(ctx, f.SKUID, 0)
		if end != placed {
			return end
		}
		if end := v.pay(ctx, orderNo); end != "" {
			return end
		}
		return v.await(ctx, orderNo)
	}, nil
}

type prepayAnswer struct {
	AttemptNo string `json:"attemptNo"`
	Amount    struct {
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
	} `json:"amount"`
	Action struct{ URL string } `json:"action"`
}

// pay opens a payment and pays on the sandbox's page; "" when the bank took it.
func (v *Visit) pay(ctx context.Context, orderNo string) (end string) {
	a := v.insist(ctx, "prepay", prepay(v.person(), orderNo))
	var open prepayAnswer
	if !a.into(&open) {
		return a.outcome()
	}
	bank, err := url.Parse(open.Action.URL)
	if err != nil || bank.Path == "" {
		return "no payment page"
	}
	// The bank's page is the mall's own sandbox, under whatever public name: its path is enough.
	form := request{
		http.MethodPost, bank.Path + "/pay", nil,
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	}
	if a = v.ask(ctx, "pay at the sandbox", form); !a.ok() {
		return a.outcome()
	}
	return ""
}

func prepay(p Person, orderNo string) request {
	return post(api+"/payments/"+orderNo+"/prepay", map[string]string{"provider": "sandbox"}).as(p)
}

// lookAgain is how often the order's page asks.
const lookAgain = time.Second

// await looks at the order until it is delivered, as its page does, for as long as the plan persists.
func (v *Visit) await(ctx context.Context, orderNo string) (end string) {
	for until := time.Now().Add(v.crowd.plan.Persist); time.Now().Before(until); {
		a := v.ask(ctx, "look at order", get(api+"/orders/"+orderNo).as(v.person()))
		var o orderAnswer
		switch {
		case !a.into(&o):
			return a.outcome()
		case o.Status == "DELIVERED":
			return delivered
		case o.Status != "PENDING_PAY" && o.Status != "PAID":
			return "order " + o.Status
		}
		if !v.pause(ctx, lookAgain) {
			return abandoned
		}
	}
	return "not delivered in time"
}
