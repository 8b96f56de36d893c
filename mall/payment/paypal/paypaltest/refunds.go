package paypaltest

import (
	"time"

	"videomall/mall/money"
)

// refund is a refund of a capture.
type refund struct {
	id, status, custom, invoice string
	amount                      money.Money
	created                     time.Time
	of                          *capture
}

type newRefund struct {
	Amount    wireAmount `json:"amount"`
	CustomID  string     `json:"custom_id"`
	InvoiceID string     `json:"invoice_id"`
	Note      string     `json:"note_to_payer"`
}

func (s *Server) createRefund(c call, id string) (func() object, *refusal) {
	of, known := s.capture(id)
	if !known {
		return nil, missing()
	}
	var n newRefund
	if refused := c.into(&n); refused != nil {
		return nil, refused
	}
	sum, refused := sumOf(n.Amount)
	if refused != nil {
		return nil, refused
	}
	left, issue := of.amount.Amount-of.refunded(), s.refuse
	s.refuse = ""
	switch {
	case issue != "":
		return nil, unprocessable(issue)
	case c.key == "":
		return nil, bad("PayPal-Request-Id")
	case of.status == "PENDING":
		return nil, unprocessable("PENDING_CAPTURE")
	case of.status != "COMPLETED":
		return nil, unprocessable("REFUND_NOT_ALLOWED")
	case sum.Currency != of.amount.Currency:
		return nil, unprocessable("REFUND_CAPTURE_CURRENCY_MISMATCH")
	case left == 0:
		return nil, unprocessable("CAPTURE_FULLY_REFUNDED")
	case sum.Amount > left:
		return nil, unprocessable("REFUND_AMOUNT_EXCEEDED")
	case sum.Amount > s.balance:
		return nil, unprocessable("REFUND_FAILED_INSUFFICIENT_FUNDS")
	}
	made := s.refund(of, sum, n.CustomID, n.InvoiceID)
	s.send("PAYMENT.REFUND.PENDING", "refund", s.refundJSON(made))
	return func() object { return s.refundJSON(made) }, nil
}

// refund makes a refund that is pending.
func (s *Server) refund(of *capture, sum money.Money, custom, invoice string) *refund {
	made := &refund{id: s.id(), status: "PENDING", custom: custom, invoice: invoice, amount: sum, created: s.now(), of: of}
	of.refunds = append(of.refunds, made)
	s.balance -= sum.Amount
	return made
}

// finish ends a refund, books it if the money has gone back, and tells.
func (s *Server) finish(x *refund, succeeded bool) {
	if !succeeded {
		x.status = "FAILED"
		s.balance += x.amount.Amount
		s.send("PAYMENT.REFUND.FAILED", "refund", s.refundJSON(x))
		return
	}
	x.status = "COMPLETED"
	s.book(x.id, x.of.id, "T1107", x.of.of.custom, -x.amount.Amount, 0, x.amount.Currency)
	s.send("PAYMENT.CAPTURE.REFUNDED", "refund", s.refundJSON(x))
}

// refunded returns what is on its way back or has arrived.
func (x *capture) refunded() (total int64) {
	for _, r := range x.refunds {
		if r.status != "FAILED" {
			total += r.amount.Amount
		}
	}
	return total
}

func (s *Server) getRefund(_ call, id string) (func() object, *refusal) {
	for _, x := range s.orders {
		if x.capture == nil {
			continue
		}
		if got, known := find(x.capture.refunds, func(r *refund) bool { return r.id == id }); known {
			return func() object { return s.refundJSON(got) }, nil
		}
	}
	return nil, missing()
}

func (s *Server) refundJSON(x *refund) object {
	o := object{
		"id": x.id, "status": x.status, "amount": amountJSON(x.amount), "create_time": timeJSON(x.created),
		"update_time": timeJSON(x.created),
		"seller_payable_breakdown": object{
			"gross_amount": amountJSON(x.amount), "net_amount": amountJSON(x.amount),
			"total_refunded_amount": amountJSON(money.Of(x.of.refunded(), x.amount.Currency)),
		},
		"links": []object{
			s.link("self", "GET", "/v2/payments/refunds/"+x.id), s.link("up", "GET", "/v2/payments/captures/"+x.of.id),
		},
	}
	if x.custom != "" {
		o["custom_id"], o["invoice_id"] = x.custom, x.invoice
	}
	return o
}
