package order_test

import (
	"errors"
	"testing"

	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

// inTens is a provider that takes and gives back whole tens of fen only, as card networks do with thousandths.
type inTens struct{ payment.Provider }

func (inTens) Methods() []payment.Method {
	return []payment.Method{{
		Name:       sandbox.Method,
		Currencies: []string{"CNY"},
		Multiples:  map[string]int64{"CNY": 10},
	}}
}

// TestRefunds_item_that_the_provider_would_round: one item of several is a part like any other, whoever asks for it.
func TestRefunds_item_that_the_provider_would_round(t *testing.T) {
	s := open(t, func(_ *shop, p payment.Provider) payment.Provider { return inTens{p} })
	o := s.bought(alice, one(s.sells(333, -1), s.sells(657, -1)))
	ask := order.RefundRequest{
		OrderNo: o.OrderNo,
		ItemIDs: []int64{o.Items[0].ID},
		Actor:   "operator:2",
		Key:     "a",
	}
	if _, err := s.orders.Refunds().Request(s.ctx, ask); !errors.Is(err, order.ErrRefundRounds) {
		t.Errorf("3.33 of 9.90: %v", err)
	}
	asked, err := s.asks(o, "b", o.Items[0].ID)
	if err != nil || asked.Status != order.AskRequested || asked.Outside != order.OutsideStaff {
		t.Errorf("asked for by the buyer: %+v, %v; want that the staff decides", asked, err)
	}
	if !s.watches(alice, o, 0) {
		t.Error("access ended for a refund that can't be made")
	}
	ask.ItemIDs, ask.Key = nil, "c"
	if r, err := s.orders.Refunds().Request(s.ctx, ask); err != nil || r.Amount != cny(990) {
		t.Errorf("all of it: %+v, %v", r, err)
	}
	s.refunds()
	s.is(o.OrderNo, order.Refunded)
	s.whole()
}

// TestRefunds_Request_sums_that_the_provider_would_round: a part is refused before anything is promised; all of it goes
// back as it came.
func TestRefunds_Request_sums_that_the_provider_would_round(t *testing.T) {
	s := open(t, func(_ *shop, p payment.Provider) payment.Provider { return inTens{p} })
	o := s.bought(alice, one(s.sells(990, -1)))
	ask := order.RefundRequest{
		OrderNo: o.OrderNo,
		Amount:  cny(333),
		Actor:   "operator:2",
		Key:     "a",
	}
	if _, err := s.orders.Refunds().Preview(s.ctx, ask); !errors.Is(err, order.ErrRefundRounds) {
		t.Errorf("preview of 3.33: %v", err)
	}
	if _, err := s.orders.Refunds().Request(s.ctx, ask); !errors.Is(err, order.ErrRefundRounds) {
		t.Errorf("3.33: %v", err)
	}
	if list, err := s.orders.Refunds().OfOrder(s.ctx, o.OrderNo); err != nil || len(list) != 0 {
		t.Errorf("recorded: %+v, %v", list, err)
	}
	ask.Amount = cny(330)
	if r, err := s.orders.Refunds().Request(s.ctx, ask); err != nil || r.Amount != cny(330) {
		t.Errorf("3.30: %+v, %v", r, err)
	}
	ask.Amount, ask.Key = money.Money{}, "b"
	if r, err := s.orders.Refunds().Request(s.ctx, ask); err != nil || r.Amount != cny(660) {
		t.Errorf("the rest: %+v, %v", r, err)
	}
	s.refunds()
	s.whole()
}
