package sandbox_test

import (
	"sync/atomic"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

func TestSandbox_Create_one_charge_per_attempt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.create("attempt-1")
	parallel(8, func(int) {
		a, err := b.Create(b.ctx, payment.CreateRequest{
			AttemptNo: "attempt-1",
			Method:    sandbox.Method,
			ReturnURL: "/x",
			Amount:    money.Of(990, "CNY"),
			ExpiresAt: b.now().Add(time.Hour),
		})
		if err != nil || a.Action.URL != "http://pay.test/sandbox/pay/"+first {
			t.Errorf("%+v, %v", a, err)
		}
	})
	for name, r := range map[string]payment.CreateRequest{
		"another amount": {
			AttemptNo: "attempt-1",
			Method:    sandbox.Method,
			ReturnURL: "/x",
			Amount:    money.Of(1, "CNY"),
		},
		"no amount": {
			AttemptNo: "attempt-2",
			Method:    sandbox.Method,
			ReturnURL: "/x",
			Amount:    money.Of(0, "CNY"),
		},
		"no currency": {
			AttemptNo: "attempt-2",
			Method:    sandbox.Method,
			ReturnURL: "/x",
			Amount:    money.Of(1, ""),
		},
		"script": {
			AttemptNo: "attempt-2",
			Method:    sandbox.Method,
			ReturnURL: "javascript:alert(1)",
			Amount:    money.Of(1, "CNY"),
		},
		"schemeless": {
			AttemptNo: "attempt-2",
			Method:    sandbox.Method,
			ReturnURL: "//evil.test/",
			Amount:    money.Of(1, "CNY"),
		},
		"no number": {Method: sandbox.Method, ReturnURL: "/x", Amount: money.Of(1, "CNY")},
	} {
		if a, err := b.Create(b.ctx, r); err == nil {
			t.Errorf("%s: %+v", name, a)
		} else {
			wantErr(t, err, payment.ErrRejected)
		}
	}
	if c := b.status("never"); c.Status != payment.ChargeAbsent {
		t.Fatalf("%+v", c)
	}
}

func TestSandbox_Pay_many_at_once(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.create("attempt-1")
	parallel(12, func(int) {
		if c, err := b.Pay(b.ctx, token, sandbox.PayOptions{}); err != nil || c.Status != sandbox.StatusPaid {
			t.Errorf("%+v, %v", c, err)
		}
	})
	c := b.status("attempt-1")
	if c.Status != payment.ChargePaid || c.Amount != money.Of(990, "CNY") || c.ChannelTxnNo == "" ||
		!c.PaidAt.Equal(b.now()) {
		t.Fatalf("%+v", c)
	}
	if n := len(b.jobs()); n != 1 {
		t.Fatalf("%d notices", n)
	}
	b.deliverAll()
	if len(b.notices) != 1 || b.notices[0].ChannelTxnNo != c.ChannelTxnNo || b.notices[0].AttemptNo != "attempt-1" ||
		b.notices[0].Amount != c.Amount {
		t.Fatalf("%+v", b.notices)
	}
	wantErr(t, b.Close(b.ctx, named("attempt-1")), payment.ErrAlreadyPaid)
	_, err := b.Fail(b.ctx, token)
	wantErr(t, err, sandbox.ErrNotPayable)
}

func TestSandbox_HostedPage_ends_once(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var ends [3]atomic.Bool
	token := b.create("attempt-1")
	parallel(9, func(i int) {
		var err error
		switch i % 3 {
		case 0:
			_, err = b.Pay(b.ctx, token, sandbox.PayOptions{})
		case 1:
			_, err = b.Fail(b.ctx, token)
		default:
			err = b.Close(b.ctx, named("attempt-1"))
		}
		if err == nil {
			ends[i%3].Store(true)
		}
	})
	// Closing a failed charge is no error, since it can't be paid either way. All other ends exclude each other.
	paid, failed, closed := ends[0].Load(), ends[1].Load(), ends[2].Load()
	c, err := b.Query(b.ctx, named("attempt-1"))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case paid && !failed && !closed && c.Status == payment.ChargePaid:
	case failed && !paid && c.Status == payment.ChargeFailed:
	case closed && !paid && !failed && c.Status == payment.ChargeClosed:
	default:
		t.Fatalf("paid %t, failed %t, closed %t, and the charge is %s", paid, failed, closed, c.Status)
	}
	if n := len(b.jobs()); n > 1 {
		t.Fatalf("%d notices for one end", n)
	}

	declined := b.create("attempt-2")
	for range 2 {
		if c, err := b.Fail(b.ctx, declined); err != nil || c.Status != sandbox.StatusFailed {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	_, err = b.Pay(b.ctx, declined, sandbox.PayOptions{})
	wantErr(t, err, sandbox.ErrNotPayable)
	b.deliverAll()
	if last := b.notices[len(b.notices)-1]; last.Type != payment.PaymentFailed || last.AttemptNo != "attempt-2" {
		t.Fatalf("%+v", last)
	}

	shut := b.create("attempt-3")
	for range 2 {
		if err := b.Close(b.ctx, named("attempt-3")); err != nil {
			t.Fatal(err)
		}
	}
	_, err = b.Pay(b.ctx, shut, sandbox.PayOptions{})
	wantErr(t, err, sandbox.ErrNotPayable)
	wantErr(t, b.Close(b.ctx, named("never")), payment.ErrAbsent)

	expired := b.create("attempt-4")
	b.pass(15*time.Minute - time.Second)
	if c := b.status("attempt-4"); c.Status != payment.ChargeOpen {
		t.Fatalf("a second before its time: %+v", c)
	}
	b.pass(time.Second)
	_, err = b.Pay(b.ctx, expired, sandbox.PayOptions{})
	wantErr(t, err, sandbox.ErrNotPayable)
	_, err = b.Fail(b.ctx, expired)
	wantErr(t, err, sandbox.ErrNotPayable)
	if c := b.status("attempt-4"); c.Status != payment.ChargeClosed {
		t.Fatalf("%+v", c)
	}
	if c, err := b.HostedPage(b.ctx, expired); err != nil || c.Status != sandbox.StatusExpired {
		t.Fatalf("%+v, %v", c, err)
	}
	_, err = b.HostedPage(b.ctx, "guessed")
	wantErr(t, err, sandbox.ErrUnknownPage)
	_, err = b.Pay(b.ctx, "guessed", sandbox.PayOptions{})
	wantErr(t, err, sandbox.ErrUnknownPage)
}

func TestSandbox_Pay_options(t *testing.T) {
	t.Parallel()
	b := newBench(t)

	b.pay(b.create("copies"), sandbox.PayOptions{Copies: 20})
	b.deliverAll()
	if len(b.notices) != 20 || b.notices[0].EventID != b.notices[19].EventID {
		t.Fatalf("%d copies", len(b.notices))
	}

	b.pay(b.create("wrong"), sandbox.PayOptions{Amount: 1, Currency: "USD"})
	if c := b.status("wrong"); c.Amount != money.Of(1, "USD") {
		t.Fatalf("the books say %s", c.Amount)
	}
	b.deliverAll()
	if n := b.notices[20]; n.Amount != money.Of(1, "USD") {
		t.Fatalf("%+v", n)
	}

	b.pay(b.create("twice"), sandbox.PayOptions{Twice: true})
	b.deliverAll()
	x, y := b.notices[21], b.notices[22]
	if x.AttemptNo != "twice" || y.AttemptNo != "twice" || x.ChannelTxnNo == y.ChannelTxnNo || x.EventID == y.EventID {
		t.Fatalf("%+v and %+v", x, y)
	}
	if c := b.status("twice"); c.ChannelTxnNo != x.ChannelTxnNo {
		t.Fatalf("the query returns %s, the first transaction is %s", c.ChannelTxnNo, x.ChannelTxnNo)
	}

	for _, signing := range []string{sandbox.SignBadly, sandbox.SignStale} {
		b.pay(b.create(signing), sandbox.PayOptions{FirstNotice: signing})
		id := b.jobs()[len(b.jobs())-1].noticeID
		before := len(b.notices)
		if err := b.Deliver(b.ctx, id); err == nil {
			t.Fatalf("%s: acknowledged", signing)
		}
		if len(b.notices) != before {
			t.Fatalf("%s: read", signing)
		}
		if err := b.Deliver(b.ctx, id); err != nil || len(b.notices) != before+1 {
			t.Fatalf("%s, second try: %v", signing, err)
		}
	}
	if len(b.refused) != 2 {
		t.Fatalf("refused %v", b.refused)
	}

	b.pay(b.create("late"), sandbox.PayOptions{Delay: time.Minute})
	if j := b.jobs(); !j[len(j)-1].at.Equal(b.now().Add(time.Minute)) {
		t.Fatalf("scheduled %+v", j[len(j)-1])
	}
	if c := b.status("late"); c.Status != payment.ChargePaid {
		t.Fatalf("only the notice is late: %+v", c)
	}

	b.pay(b.create("slow"), sandbox.PayOptions{Delay: time.Minute, Processing: true})
	if c := b.status("slow"); c.Status != payment.ChargeProcessing {
		t.Fatalf("%+v", c)
	}
	wantErr(t, b.Close(b.ctx, named("slow")), payment.ErrProcessing)
	b.pass(time.Minute)
	b.deliverAll()
	if c := b.status("slow"); c.Status != payment.ChargePaid || !c.PaidAt.Equal(b.now()) {
		t.Fatalf("%+v", c)
	}

	token := b.create("options")
	for _, o := range []sandbox.PayOptions{
		{Copies: 101},
		{Copies: -1},
		{Delay: -1},
		{Delay: time.Hour},
		{Amount: -1},
		{Currency: "yuan"},
		{FirstNotice: "maybe"},
		{Processing: true, HoldNotice: true},
	} {
		if _, err := b.Pay(b.ctx, token, o); err == nil {
			t.Errorf("%+v was accepted", o)
		} else {
			wantErr(t, err, sandbox.ErrBadOptions)
		}
	}
}

func TestSandbox_Refund_releases_a_held_notice(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.pay(b.create("attempt-1"), sandbox.PayOptions{HoldNotice: true})
	if n := len(b.jobs()); n != 0 {
		t.Fatalf("%d notices are being sent", n)
	}
	var held int64
	if err := b.pool.QueryRow(b.ctx, "select id from sandbox_notice").Scan(&held); err != nil {
		t.Fatal(err)
	}
	if err := b.Deliver(b.ctx, held); err != nil || b.posts != 0 {
		t.Fatalf("a notice that is held back was posted %d times, %v", b.posts, err)
	}
	if _, err := b.Refund(b.ctx, refundOf("refund-1", "attempt-1", "", money.Of(990, "CNY"))); err != nil {
		t.Fatal(err)
	}
	b.deliverAll()
	if len(b.notices) != 2 || b.notices[0].Type != payment.RefundSucceeded ||
		b.notices[1].Type != payment.PaymentSucceeded {
		t.Fatalf("%+v", b.notices)
	}
	if n := b.notices[0]; n.RefundNo != "refund-1" || n.ChannelRefundNo == "" ||
		n.ChannelTxnNo != b.notices[1].ChannelTxnNo {
		t.Fatalf("%+v", n)
	}
}
