package order_test

import (
	"errors"
	"path"
	"testing"

	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

const testKey = "ABCDEFGHJKMNPQRSTVWXYZ2345"

// tests begins a test payment and returns the bank's page.
func (s *shop) tests(sum money.Money) string {
	s.t.Helper()
	a, err := s.payments.PrepayTest(s.ctx, payment.TestRequest{
		Key:       testKey,
		Provider:  sandbox.Name,
		Device:    payment.DeviceDesktop,
		Subject:   "Test payment",
		ReturnURL: "http://127.0.0.1/admin",
		Amount:    sum,
	})
	s.ok(err)
	return path.Base(a.Action.URL)
}

// submitTest submits the refund of the test payment.
func (s *shop) submitTest() {
	s.t.Helper()
	for _, no := range query[string](s, `select refund_no from payment_refund where status in ('pending', 'submitted')`) {
		if err := s.orders.Refunds().Submit(s.ctx, no); err != nil && !errors.Is(err, order.ErrAwaitsProvider) {
			s.t.Fatal(err)
		}
	}
	s.deliverNotices()
}

func (s *shop) test() payment.Test {
	s.t.Helper()
	test, err := s.payments.Test(s.ctx, testKey)
	s.ok(err)
	return test
}

func TestOrders_test_payment_is_refunded(t *testing.T) {
	s := open(t)
	page := s.tests(cny(100))
	if again := s.tests(cny(100)); again != page {
		t.Errorf("the same key began another payment: %s, then %s", page, again)
	}
	s.payAt(page, sandbox.PayOptions{Twice: true})
	s.deliverNotices()
	if got := s.test(); !got.Paid || !got.Noticed || got.Refund != payment.Pending {
		t.Fatalf("after the notice: %+v", got)
	}
	s.submitTest()
	if got := s.test(); got.Refund != payment.Succeeded {
		t.Fatalf("after the refund: %+v", got)
	}
	if again := s.tests(cny(100)); again != page {
		t.Error("a paid test was begun again")
	}
	if n := query[int64](s, "select count(*) from video_order")[0]; n != 0 {
		t.Errorf("%d orders", n)
	}
	if n := query[int64](s, "select count(*) from order_case")[0]; n != 0 {
		t.Errorf("%d cases", n)
	}
	if sums := query[int64](s, "select sum(amount)::bigint from ledger_line group by account"); len(sums) == 0 {
		t.Error("nothing was booked")
	} else {
		for _, sum := range sums {
			if sum != 0 {
				t.Errorf("an account has %d left", sum)
			}
		}
	}
	s.whole()
}

func TestOrders_test_payment_without_a_notice(t *testing.T) {
	s := open(t)
	s.payAt(s.tests(cny(100)), sandbox.PayOptions{HoldNotice: true})
	s.ok(s.orders.AskTest(s.ctx, testKey))
	if got := s.test(); !got.Paid || got.Noticed || got.Refund != payment.Pending {
		t.Fatalf("after the question: %+v", got)
	}
	s.submitTest()
	if got := s.test(); got.Refund != payment.Succeeded {
		t.Errorf("after the refund: %+v", got)
	}
	s.whole()
}

func TestOrders_test_payment_whose_refund_fails(t *testing.T) {
	s := open(t)
	s.payAt(s.tests(cny(100)), sandbox.PayOptions{RefundsFail: true})
	s.deliverNotices()
	s.submitTest()
	if got := s.test(); got.Refund != payment.Failed {
		t.Fatalf("after the refund: %+v", got)
	}
	if kinds := query[string](s, "select kind from order_case"); len(kinds) != 1 || kinds[0] != order.OutcomeRefundFailed {
		t.Errorf("cases: %v", kinds)
	}
	s.whole()
}

func TestOrders_test_payment_disputed(t *testing.T) {
	s := open(t)
	s.payAt(s.tests(cny(100)), sandbox.PayOptions{})
	s.deliverNotices()
	s.submitTest()
	attempt := s.test().Attempt
	if outcome := s.applies(map[string]any{
		"type":         payment.DisputeOpened,
		"outTradeNo":   attempt.AttemptNo,
		"channelTxnNo": attempt.ChannelTxnNo,
		"amount":       100,
		"disputeNo":    "D1",
	}); outcome != order.OutcomeIgnored {
		t.Errorf("the dispute of a test payment is %s", outcome)
	}
	s.whole()
}

// TestOrders_Prepay_hidden_provider: what is not offered takes test payments, and no orders.
func TestOrders_Prepay_hidden_provider(t *testing.T) {
	s := open(t)
	s.payments.Configure([]payment.Configured{{Provider: renamed{s.sandbox}}})
	o := s.place(alice, one(s.sells(990, -1)))
	_, err := s.orders.Prepay(s.ctx, order.PrepayRequest{
		UserID:    alice,
		OrderNo:   o.OrderNo,
		Provider:  "hidden",
		ReturnURL: "http://127.0.0.1/",
	})
	if !errors.Is(err, payment.ErrUnknownProvider) {
		t.Errorf("prepaid at a hidden provider: %v", err)
	}
	if names := s.payments.Offered(payment.DeviceDesktop, money.Of(990, "CNY")); len(names) != 1 || names[0] != sandbox.Name {
		t.Errorf("offered: %v", names)
	}
	s.payments.Configure([]payment.Configured{{Provider: renamed{s.sandbox}, Offered: true}})
	if names := s.payments.Offered(payment.DeviceDesktop, money.Of(990, "CNY")); len(names) != 2 || names[0] != "hidden" {
		t.Errorf("offered: %v", names)
	}
	s.payments.Configure(nil)
	if _, err := s.payments.Provider("hidden"); !errors.Is(err, payment.ErrUnknownProvider) {
		t.Errorf("a provider without settings: %v", err)
	}
}

type renamed struct{ *sandbox.Sandbox }

func (renamed) Name() string { return "hidden" }

// TestOrders_test_payment_is_captured: where the mall has to take the money, it does so when the payer has agreed.
func TestOrders_test_payment_is_captured(t *testing.T) {
	s, bank := capturing(t)
	a, err := s.payments.PrepayTest(s.ctx, payment.TestRequest{
		Key:       testKey,
		Provider:  bank.Name(),
		Device:    payment.DeviceDesktop,
		Subject:   "Test payment",
		ReturnURL: "http://127.0.0.1/admin",
		Amount:    cny(990),
	})
	s.ok(err)
	s.payAt(path.Base(a.Action.URL), sandbox.PayOptions{})
	if outcome := bank.told(s, order.Order{OrderNo: payment.TestReference(testKey)}, "evt-1"); outcome != order.OutcomeApproved {
		t.Errorf("told that the payer agreed: %s", outcome)
	}
	args := query[string](s, "select args->>'orderNo' from river_job where kind = 'order_collect'")
	if len(args) != 1 {
		t.Fatalf("jobs: %v", args)
	}
	s.ok(s.orders.Collect(s.ctx, args[0]))
	s.ok(s.orders.AskTest(s.ctx, testKey))
	if got := s.test(); !got.Paid || got.Refund != payment.Pending || bank.captures.Load() != 1 {
		t.Errorf("%+v, captured %d times", got, bank.captures.Load())
	}
}
