package stripetest

import (
	"errors"
	"fmt"
	"strings"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/stripe"
)

// dispute is the dispute of an intent.
type dispute struct {
	id, status string
	intent     *intent
	movements  []*movement
	due        int64
}

// of returns the session of an attempt: the one that is paid, or else the newest.
func (s *Server) of(attemptNo string) (*session, bool) {
	got, known := find(s.sessions, func(x *session) bool { return x.attempt == attemptNo && x.intent != nil })
	if !known {
		got, known = find(s.sessions, func(x *session) bool { return x.attempt == attemptNo })
	}
	return got, known
}

// Pay lets the payer pay an attempt. One that fails for good is a bank debit that the bank refused; a refused card
// would leave the page open.
func (s *Server) Pay(attemptNo string, how paymenttest.Payment) (err error) {
	s.act(func() {
		s.expireOld()
		x, known := s.of(attemptNo)
		if !known {
			err = fmt.Errorf("%w: no session of %s", paymenttest.ErrNotPayable, attemptNo)
			return
		}
		amount := x.amount
		if how.Amount != 0 {
			if amount, _, err = stripe.ToStripe(money.Of(how.Amount, strings.ToUpper(x.currency))); err != nil {
				return
			}
		}
		if !s.pay(x, amount, how.Pending, how.Fails) {
			err = fmt.Errorf("%w: the session is %s", paymenttest.ErrNotPayable, x.status)
		}
	})
	return err
}

// FinishRefund ends a refund.
func (s *Server) FinishRefund(refundNo string, succeeded bool) (err error) {
	s.act(func() {
		x, known := find(s.refunds, func(x *refund) bool { return x.mark["refund_no"] == refundNo })
		if !known {
			err = fmt.Errorf("stripetest: no refund %s", refundNo)
			return
		}
		if succeeded {
			s.finish(x, "succeeded")
		} else {
			s.finish(x, "failed")
		}
	})
	return err
}

// RefundAtBank makes a refund in the Dashboard, which writes no metadata. It succeeds at once.
func (s *Server) RefundAtBank(attemptNo string, amount money.Money) (err error) {
	s.act(func() {
		x, known := s.of(attemptNo)
		if !known || x.intent == nil {
			err = fmt.Errorf("stripetest: %s was never paid", attemptNo)
			return
		}
		var n int64
		if n, _, err = stripe.ToStripe(amount); err != nil {
			return
		}
		if n > x.intent.received-s.refundedOf(x.intent) {
			err = errors.New("stripetest: more than is left")
			return
		}
		s.refund(x.intent, n, "succeeded", map[string]string{})
	})
	return err
}

// SetBalance sets the available balance.
func (s *Server) SetBalance(minor int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.balance = minor
}

// Dispute moves the dispute of a paid attempt on. A warning is an early fraud warning, not an inquiry.
func (s *Server) Dispute(attemptNo, to string) (err error) {
	s.act(func() {
		x, known := s.of(attemptNo)
		if !known || x.intent == nil || x.intent.status != "succeeded" {
			err = fmt.Errorf("stripetest: %s was never paid", attemptNo)
			return
		}
		if to == payment.DisputeWarning {
			s.send("radar.early_fraud_warning.created", object{
				"id": s.id("issfr_"), "object": "radar.early_fraud_warning", "actionable": true, "livemode": false,
				"charge": x.intent.charge, "payment_intent": x.intent.id, "created": s.now().Unix(),
				"fraud_type": "made_with_stolen_card",
			}, nil)
			return
		}
		err = s.dispute(x.intent, to)
	})
	return err
}

func (s *Server) dispute(of *intent, to string) error {
	d, known := find(s.disputes, func(x *dispute) bool { return x.intent == of })
	if !known {
		d = &dispute{id: s.id("dp_"), intent: of, due: s.now().Unix() + 9*24*60*60}
		s.disputes = append(s.disputes, d)
	}
	move := func(amount, fee int64, category string) {
		d.movements = append(d.movements, s.book("adjustment", category, amount, fee, of.currency, d.id,
			func() object { return disputeJSON(d) }))
		s.balance += amount - fee
	}
	kind := ""
	switch to {
	case payment.DisputeOpened:
		d.status, kind = "needs_response", "charge.dispute.created"
	case payment.DisputeFundsWithdrawn:
		move(-of.received, 1500, "dispute")
		kind = "charge.dispute.funds_withdrawn"
	case payment.DisputeFundsReinstated:
		move(of.received, 0, "dispute_reversal")
		kind = "charge.dispute.funds_reinstated"
	case payment.DisputeWon:
		d.status, kind = "won", "charge.dispute.closed"
	case payment.DisputeLost:
		d.status, kind = "lost", "charge.dispute.closed"
	default:
		return fmt.Errorf("%w: %s", paymenttest.ErrUnsupported, to)
	}
	s.send(kind, disputeJSON(d), nil)
	return nil
}

func disputeJSON(x *dispute) object {
	moved := []object{}
	for _, m := range x.movements {
		o := movementJSON(m, false)
		moved = append(moved, o)
	}
	return object{
		"id": x.id, "object": "dispute", "status": x.status, "reason": "fraudulent", "amount": x.intent.received,
		"currency": x.intent.currency, "charge": x.intent.charge, "payment_intent": x.intent.id,
		"evidence_details": object{"due_by": x.due, "has_evidence": false}, "balance_transactions": moved,
		"metadata": object{}, "livemode": false,
	}
}

// Foreign lets another shop with the same account sell something and refund it, which has events and stands in the
// books, and pays out what the account has earned.
func (s *Server) Foreign() error {
	s.act(func() {
		theirs := map[string]string{"shop": "another", "attempt_no": "theirs-1"}
		x := &session{
			id: s.id("cs_test_"), status: "open", paymentStatus: "unpaid", attempt: "theirs-1", currency: "usd",
			amount: 700, created: s.now().Unix(), expires: s.now().Unix() + 60*60, mark: theirs, intentMark: theirs,
		}
		s.sessions = append(s.sessions, x)
		s.pay(x, x.amount, false, false)
		s.refund(x.intent, 300, "succeeded", theirs)
		s.send("payout.paid", object{"id": s.id("po_"), "object": "payout", "amount": 100}, nil)
		payout := func() object { return object{"id": "po_1", "object": "payout"} }
		s.book("payout", "payout", -100, 0, "usd", "po_1", payout)
		s.book("stripe_fee", "fee", -25, 0, "usd", "", nil)
	})
	return nil
}

// Charges returns how many sessions an attempt has.
func (s *Server) Charges(attemptNo string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, x := range s.sessions {
		if x.attempt == attemptNo {
			n++
		}
	}
	return n
}

// Refunded returns how much of an attempt's payment is on its way back or has arrived.
func (s *Server) Refunded(attemptNo string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, known := s.of(attemptNo)
	if !known || x.intent == nil {
		return 0
	}
	back := s.refundedOf(x.intent)
	if back == 0 {
		return 0
	}
	m, err := stripe.FromStripe(back, x.currency)
	if err != nil {
		return -1
	}
	return m.Amount
}
