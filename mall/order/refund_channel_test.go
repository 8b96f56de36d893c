package order_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

// stated applies a line of a statement about the only payment of the shop.
func (s *shop) stated(kind, refundNo string, amount int64) string {
	s.t.Helper()
	outcome, err := s.orders.ApplyStatement(s.ctx, sandbox.Name, kind+"/"+refundNo, payment.StatementLine{
		Kind:         kind,
		AttemptNo:    query[string](s, `select attempt_no from video_payment`)[0],
		ChannelTxnNo: query[string](s, `select txn_no from sandbox_transaction`)[0],
		RefundNo:     refundNo,
		Amount:       cny(amount),
		At:           s.now(),
	})
	s.ok(err)
	return outcome
}

// gaveBack makes the bank have given back so much of the only payment of the shop.
func (s *shop) gaveBack(amount int64) {
	s.t.Helper()
	_, err := s.pool.Exec(s.ctx, `update sandbox_transaction set refunded = $1`, amount)
	s.ok(err)
}

// refundTold applies a notice of a refund of the only payment of the shop; number may be empty.
func (s *shop) refundTold(kind, number string, amount int64) string {
	s.t.Helper()
	s.told++
	now := s.now()
	outcome, _, err := s.notify(fmt.Sprintf(`{"eventId":"r%d","type":%q,"outTradeNo":%q,"channelTxnNo":%q,"refundTxnNo":%q,`+
		`"amount":%d,"currency":"CNY","occurredAt":%q}`, s.told, kind,
		query[string](s, `select attempt_no from video_payment`)[0],
		query[string](s, `select txn_no from sandbox_transaction`)[0], number, amount, now.Format(time.RFC3339)),
		now, "sandbox-secret")
	s.ok(err)
	return outcome
}

// Of two refunds at the provider over the same sum the first failed. Its notice comes after a statement has told the
// second, without a number.
func TestOrders_ApplyNotice_another_refund_over_the_same_sum_failed(t *testing.T) {
	s := open(t)
	o := s.bought(alice, one(s.sells(990, 2)))
	if got := s.stated(payment.StatementRefund, "", 990); got != order.OutcomeRefundSettled {
		t.Fatalf("the statement: %s", got)
	}
	for n, c := range []struct{ kind, number, want string }{
		{payment.RefundFailed, "re_A", order.OutcomeRefundUnmatched}, // nobody knows yet which one it was
		{payment.RefundSucceeded, "re_B", order.OutcomeDuplicate},
		{payment.RefundFailed, "re_A", order.OutcomeIgnored},
	} {
		if got := s.refundTold(c.kind, c.number, 990); got != c.want {
			t.Errorf("notice %d: %s, want %s", n, got, c.want)
		}
	}
	same(t, query[string](s, `select status from payment_refund`), payment.Succeeded)
	if asked, returned := s.cases(order.OutcomeRefundUnmatched), s.cases("refund_returned"); asked != 1 || returned != 0 {
		t.Errorf("%d cases, %d of them of money that came back", asked+returned, returned)
	}
	if owed := s.account("refunding"); owed != 0 {
		t.Errorf("we owe %d", owed)
	}
	s.is(o.OrderNo, order.Refunded)
	s.gaveBack(990)
	s.whole()
	// This one does come back.
	if got := s.refundTold(payment.RefundFailed, "re_B", 990); got != order.OutcomeRefundFailed {
		t.Errorf("the failure of the one that is here: %s", got)
	}
	same(t, query[string](s, `select status from payment_refund`), payment.Returned)
	s.gaveBack(0)
	s.whole()
}

// totalling is a bank whose notices tell only how much of a payment has been refunded so far.
type totalling struct{ *sandbox.Sandbox }

func (c totalling) ParseNotice(h http.Header, body []byte) (payment.Notice, error) {
	n, err := c.Sandbox.ParseNotice(h, body)
	if n.Type == payment.RefundSucceeded {
		n.Amount, n.RefundedTotal = money.Money{}, n.Amount
	}
	return n, err
}

func opensTotalling(t *testing.T) *shop {
	return open(t, func(s *shop, _ payment.Provider) payment.Provider { return totalling{s.sandbox} })
}

// A refund of ours waits at the provider, where somebody gives back the rest.
func TestOrders_ApplyNotice_sum_of_refunds_while_one_waits(t *testing.T) {
	waiting := func(t *testing.T) (*shop, order.Order) {
		s := opensTotalling(t)
		o := s.bought(alice, one(s.sells(300, -1), s.sells(690, -1)))
		_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{
			OrderNo: o.OrderNo,
			ItemIDs: []int64{o.Items[0].ID},
			Key:     "k",
		})
		s.ok(err)
		return s, o
	}
	t.Run("after the statement", func(t *testing.T) {
		s, o := waiting(t)
		if got := s.stated(payment.StatementRefund, "", 690); got != order.OutcomeRefundSettled {
			t.Fatalf("the statement: %s", got)
		}
		if got := s.refundTold(payment.RefundSucceeded, "", 690); got != order.OutcomeDuplicate {
			t.Errorf("its notice: %s", got)
		}
		if got := s.refundStates(o); got != "pending succeeded" {
			t.Errorf("refunds: %s", got)
		}
		s.gaveBack(690) // the ledger counts ours once its own notice comes
		s.whole()
	})
	t.Run("before the statement", func(t *testing.T) {
		s, o := waiting(t)
		// The provider has made ours as well.
		if got := s.refundTold(payment.RefundSucceeded, "", 990); got != order.OutcomeRefundSettled {
			t.Errorf("its notice: %s", got)
		}
		if got := s.refundStates(o); got != "pending succeeded" {
			t.Errorf("refunds: %s", got)
		}
		s.gaveBack(690) // the ledger counts ours once its own notice comes
		s.whole()
	})
	for name, sum := range map[string]int64{"a part": 100, "as much as waits": 300} {
		t.Run(name, func(t *testing.T) {
			s, o := waiting(t)
			if got := s.refundTold(payment.RefundSucceeded, "", sum); got != order.OutcomeRefundUnmatched {
				t.Errorf("its notice: %s", got) // that money is not booked
			}
			if got := s.refundStates(o); got != "pending" || s.cases(order.OutcomeRefundUnmatched) != 1 {
				t.Errorf("refunds: %s", got)
			}
		})
	}
	t.Run("as much as waits, when all waits", func(t *testing.T) {
		s, o := waiting(t)
		_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Key: "rest"})
		s.ok(err)
		if got := s.refundTold(payment.RefundSucceeded, "", 990); got != order.OutcomeRefundUnmatched {
			t.Errorf("its notice: %s", got)
		}
		if got := s.refundStates(o); got != "pending pending" {
			t.Errorf("refunds: %s", got)
		}
	})
}

// The notice of a refund at the provider comes after its money has come back.
func TestOrders_ApplyNotice_sum_of_refunds_after_a_return(t *testing.T) {
	s := opensTotalling(t)
	o := s.bought(alice, one(s.sells(990, 2)))
	if got := s.stated(payment.StatementRefund, "", 990); got != order.OutcomeRefundSettled {
		t.Fatalf("the statement: %s", got)
	}
	no := query[string](s, `select refund_no from order_refund`)[0]
	if got := s.stated(payment.StatementRefundReturned, no, 990); got != order.OutcomeRefundFailed {
		t.Fatalf("the statement of what came back: %s", got)
	}
	if got := s.refundTold(payment.RefundSucceeded, "", 990); got != order.OutcomeDuplicate {
		t.Errorf("its notice: %s", got)
	}
	if got := s.refundStates(o); got != payment.Returned {
		t.Errorf("refunds: %s", got)
	}
	s.whole()
}
