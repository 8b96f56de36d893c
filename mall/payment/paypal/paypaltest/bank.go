package paypaltest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
)

// dispute is the dispute of a capture.
type dispute struct {
	id, status, outcome, channel string
	of                           *capture
	due                          time.Time
}

// of returns the order of an attempt: the one that is captured, or else the newest.
func (s *Server) of(attemptNo string) (*order, bool) {
	custom := Shop + ":" + attemptNo
	got, known := find(s.orders, func(x *order) bool { return x.custom == custom && x.capture != nil })
	if !known {
		got, known = find(s.orders, func(x *order) bool { return x.custom == custom })
	}
	return got, known
}

// Pay lets the payer approve an attempt's order. Nothing is taken before the order is captured; how says what the capture
// brings. What is being processed then ends with another call.
func (s *Server) Pay(attemptNo string, how paymenttest.Payment) (err error) {
	s.act(func() {
		s.expireOld()
		x, known := s.of(attemptNo)
		switch {
		case !known:
			err = fmt.Errorf("%w: no order of %s", paymenttest.ErrNotPayable, attemptNo)
		case x.capture != nil && x.capture.status == "PENDING" && !how.Pending:
			status := "COMPLETED"
			if how.Fails {
				status = "DENIED"
			}
			s.finishCapture(x.capture, status)
		case !s.approve(x, how):
			err = fmt.Errorf("%w: the order is %s", paymenttest.ErrNotPayable, x.status)
		}
	})
	return err
}

// finishCapture ends a capture that was pending. What is denied has the status of what is declined.
func (s *Server) finishCapture(x *capture, event string) {
	if event != "DENIED" {
		s.end(x, event)
		return
	}
	x.status = "DECLINED"
	s.send("PAYMENT.CAPTURE.DENIED", "capture", s.captureJSON(x))
}

// FinishRefund ends a refund that is pending.
func (s *Server) FinishRefund(refundNo string, succeeded bool) (err error) {
	s.act(func() {
		for _, x := range s.orders {
			if x.capture == nil {
				continue
			}
			for _, r := range x.capture.refunds {
				if strings.HasSuffix(r.custom, ":"+refundNo) && r.status == "PENDING" {
					s.finish(r, succeeded)
					return
				}
			}
		}
		err = fmt.Errorf("paypaltest: no pending refund %s", refundNo)
	})
	return err
}

// RefundAtBank makes a refund on PayPal's pages, which has no mark. It succeeds at once.
func (s *Server) RefundAtBank(attemptNo string, amount money.Money) (err error) {
	s.act(func() {
		x, known := s.of(attemptNo)
		if !known || x.capture == nil || x.capture.amount.Amount-x.capture.refunded() < amount.Amount {
			err = errors.New("paypaltest: not paid, or more than is left")
			return
		}
		s.finish(s.refund(x.capture, amount, "", ""), true)
	})
	return err
}

// Reverse lets PayPal take a payment back, with an event of its own.
func (s *Server) Reverse(attemptNo string) (err error) {
	s.act(func() {
		x, known := s.of(attemptNo)
		if !known || x.capture == nil {
			err = errors.New("paypaltest: not paid")
			return
		}
		r := s.refund(x.capture, x.capture.amount, "", "")
		r.status = "COMPLETED"
		s.book(r.id, x.capture.id, "T1106", x.custom, -r.amount.Amount, 0, r.amount.Currency)
		s.send("PAYMENT.CAPTURE.REVERSED", "refund", s.refundJSON(r))
	})
	return err
}

// SetBalance sets the available balance.
func (s *Server) SetBalance(minor int64) { s.set(func() { s.balance = minor }) }

// Dispute moves the dispute of a paid attempt on. PayPal has no events for the money of a dispute.
func (s *Server) Dispute(attemptNo, to string) (err error) {
	s.act(func() {
		x, known := s.of(attemptNo)
		if !known || x.capture == nil || x.capture.status != "COMPLETED" {
			err = fmt.Errorf("paypaltest: %s was never paid", attemptNo)
			return
		}
		err = s.dispute(x.capture, to)
	})
	return err
}

func (s *Server) dispute(of *capture, to string) error {
	d, known := find(s.disputes, func(x *dispute) bool { return x.of == of && x.channel != "ALERT" })
	open := func(channel string) *dispute {
		d := &dispute{
			id: "PP-D-" + s.id(), status: "WAITING_FOR_SELLER_RESPONSE", channel: channel, of: of,
			due: s.now().Add(10 * 24 * time.Hour),
		}
		s.disputes = append(s.disputes, d)
		return d
	}
	end := func(outcome string) { d.status, d.outcome = "RESOLVED", outcome }
	event := "CUSTOMER.DISPUTE.RESOLVED"
	switch {
	case to == payment.DisputeWarning:
		d, event = open("ALERT"), "CUSTOMER.DISPUTE.CREATED"
	case to == payment.DisputeOpened && known:
		d.due, event = d.due.Add(24*time.Hour), "CUSTOMER.DISPUTE.UPDATED"
	case to == payment.DisputeOpened:
		d, event = open("INTERNAL"), "CUSTOMER.DISPUTE.CREATED"
	case to == payment.DisputeWon && known:
		end("RESOLVED_SELLER_FAVOUR")
	case to == payment.DisputeLost && known:
		end("RESOLVED_BUYER_FAVOUR")
		s.balance -= of.amount.Amount
		s.book(s.id(), of.id, "T1106", of.of.custom, -of.amount.Amount, 0, of.amount.Currency)
	default:
		return fmt.Errorf("%w: %s", paymenttest.ErrUnsupported, to)
	}
	s.send(event, "dispute", s.disputeJSON(d))
	return nil
}

func (s *Server) disputeJSON(d *dispute) object {
	o := object{
		"dispute_id": d.id, "create_time": timeJSON(s.now()), "update_time": timeJSON(s.now()), "status": d.status,
		"reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED", "dispute_amount": amountJSON(d.of.amount),
		"dispute_life_cycle_stage": "INQUIRY", "dispute_channel": d.channel, "seller_response_due_date": timeJSON(d.due),
		"disputed_transactions": []object{{
			"seller_transaction_id": d.of.id, "custom": d.of.of.custom, "invoice_number": d.of.of.invoice,
			"gross_amount": amountJSON(d.of.amount), "transaction_status": "COMPLETED",
		}},
		"messages": []object{{"posted_by": "BUYER", "content": "It never played."}},
	}
	if d.outcome != "" {
		o["dispute_outcome"] = object{"outcome_code": d.outcome, "amount_refunded": amountJSON(d.of.amount)}
	}
	return o
}

// Foreign lets another shop with the same account sell something and refund it, which has events and stands in the
// books, and transfers money to the bank.
func (s *Server) Foreign() error {
	s.act(func() {
		x := &order{
			id: s.id(), status: "PAYER_ACTION_REQUIRED", custom: "another:theirs-1", invoice: "another-1",
			amount: money.Of(700, "USD"), created: s.now(),
		}
		s.orders = append(s.orders, x)
		s.approve(x, paymenttest.Payment{})
		x.status, x.capture = "COMPLETED", &capture{id: s.id(), amount: x.amount, created: s.now(), of: x}
		s.end(x.capture, "COMPLETED")
		s.finish(s.refund(x.capture, money.Of(300, "USD"), x.custom, x.invoice), true)
		s.send("BILLING.SUBSCRIPTION.ACTIVATED", "subscription", object{"id": "I-BW452GLLEP1G"})
		s.book(s.id(), "", "T0400", "", -100, 0, "USD")
	})
	return nil
}

// Charges returns how many orders an attempt has.
func (s *Server) Charges(attemptNo string) (n int) {
	s.set(func() {
		for _, x := range s.orders {
			if x.custom == Shop+":"+attemptNo {
				n++
			}
		}
	})
	return n
}

// Refunded returns how much of an attempt's payment is on its way back or has arrived.
func (s *Server) Refunded(attemptNo string) (minor int64) {
	s.set(func() {
		if x, known := s.of(attemptNo); known && x.capture != nil {
			minor = x.capture.refunded()
		}
	})
	return minor
}
