package stripetest

import (
	"net/http"
	"slices"
)

// refund is a refund of an intent.
type refund struct {
	id, status, currency string
	amount, created      int64
	intent               *intent
	mark                 map[string]string
}

func (s *Server) createRefund(c call, _ string) (object, *refusal) {
	of, known := find(s.intents, func(x *intent) bool { return x.id == c.form.Get("payment_intent") })
	if !known {
		return nil, missing("payment_intent", c.form.Get("payment_intent"))
	}
	amount, refused := sum(c.form, "amount", of.currency)
	if refused != nil {
		return nil, refused
	}
	mark, refused := metadata(c.form, "metadata")
	if refused != nil {
		return nil, refused
	}
	left := of.received - s.refundedOf(of)
	switch {
	case of.status != "succeeded":
		return nil, refuse(http.StatusBadRequest, "payment_intent_unexpected_state", "payment_intent",
			"This PaymentIntent does not have a successful charge to refund.").keep()
	case left == 0:
		return nil, refuse(http.StatusBadRequest, "charge_already_refunded", "",
			"Charge "+of.charge+" has already been refunded.").keep()
	case amount > left:
		return nil, refuse(http.StatusBadRequest, "", "amount",
			"Refund amount is greater than unrefunded amount on charge").keep()
	case amount > s.balance:
		r := refuse(http.StatusBadRequest, "", "", "Insufficient funds in your Stripe balance to refund this amount.")
		r.body["error"].(object)["message_code"] = "insufficient_balance_for_refund"
		return nil, r.keep()
	}
	made := s.refund(of, amount, "pending", mark)
	return refundJSON(made), nil
}

// refund makes a refund and books it.
func (s *Server) refund(of *intent, amount int64, status string, mark map[string]string) *refund {
	made := &refund{
		id: s.id("re_"), status: status, currency: of.currency, amount: amount, created: s.now().Unix(), intent: of,
		mark: mark,
	}
	s.refunds = append(s.refunds, made)
	s.balance -= amount
	s.book("refund", "refund", -amount, 0, of.currency, made.id, func() object { return refundJSON(made) })
	s.send("refund.created", refundJSON(made), nil)
	return made
}

func (s *Server) refundedOf(of *intent) int64 {
	total := int64(0)
	for _, r := range s.refunds {
		if r.intent == of && r.status != "failed" && r.status != "canceled" {
			total += r.amount
		}
	}
	return total
}

func (s *Server) getRefund(_ call, id string) (object, *refusal) {
	got, known := find(s.refunds, func(x *refund) bool { return x.id == id })
	if !known {
		return nil, missing("refund", id)
	}
	return refundJSON(got), nil
}

func (s *Server) listRefunds(c call, _ string) (object, *refusal) {
	of := c.form.Get("payment_intent")
	if _, known := find(s.intents, func(x *intent) bool { return x.id == of }); of != "" && !known {
		return nil, missing("payment_intent", of)
	}
	list := slices.DeleteFunc(slices.Clone(s.refunds), func(x *refund) bool { return of != "" && x.intent.id != of })
	slices.Reverse(list)
	return page(c, list, func(x *refund) string { return x.id }, refundJSON)
}

func refundJSON(x *refund) object {
	return object{
		"id": x.id, "object": "refund", "amount": x.amount, "currency": x.currency, "status": x.status,
		"created": x.created, "payment_intent": x.intent.id, "charge": x.intent.charge, "metadata": x.mark,
	}
}

// finish ends a refund, or lets one that had succeeded come back.
func (s *Server) finish(x *refund, status string) {
	before := x.status
	x.status = status
	if status == "failed" {
		s.balance += x.amount
		s.book("refund_failure", "refund_failure", x.amount, 0, x.currency, x.id, func() object { return refundJSON(x) })
	}
	s.send("refund.updated", refundJSON(x), object{"status": before})
	if status == "failed" {
		s.send("refund.failed", refundJSON(x), nil)
	}
}
