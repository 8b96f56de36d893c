package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

func TestPayments_Prepay_many_at_once(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	got := make([]payment.Attempt, 16)
	parallel(len(got), func(i int) {
		a, err := k.payments.Prepay(k.ctx, k.request("order-1"))
		if err != nil {
			t.Error(err)
			return
		}
		got[i] = a
	})
	for _, a := range got {
		if a.AttemptNo != got[0].AttemptNo || a.Action == nil || a.Action.URL != got[0].Action.URL {
			t.Fatalf("%+v and %+v", got[0], a)
		}
	}
	if n := k.count("select count(*) from video_payment"); n != 1 {
		t.Fatalf("%d attempts", n)
	}
	if n := k.count("select count(*) from sandbox_charge"); n != 1 {
		t.Fatalf("%d charges", n)
	}
	if n := len(got[0].AttemptNo); n < 26 || n > 28 {
		t.Fatalf("attempt number %q", got[0].AttemptNo)
	}
	other := k.request("order-1")
	other.Provider = "second"
	a, err := k.payments.Prepay(k.ctx, other)
	if err == nil && a.AttemptNo == got[0].AttemptNo {
		t.Fatal("another provider got the first one's attempt")
	}
}

func TestPayments_Prepay_commits_before_it_calls(t *testing.T) {
	t.Parallel()
	var net *network
	k := newTill(t, func(k *till) payment.Provider {
		net = &network{Sandbox: k.sandbox}
		return net
	})
	net.create = func(r payment.CreateRequest, call func() (payment.Created, error)) (payment.Created, error) {
		if n := k.count("select count(*) from video_payment where attempt_no = $1 and status = 'created'",
			r.AttemptNo); n != 1 {
			t.Errorf("the provider is asked for an attempt that is not committed")
		}
		return call()
	}
	if a := k.prepay("order-1"); a.Status != payment.AttemptPending {
		t.Fatalf("status %s", a.Status)
	}
}

func TestPayments_Prepay_lost_request_or_answer(t *testing.T) {
	t.Parallel()
	lost := context.DeadlineExceeded
	for name, c := range map[string]struct {
		arrives bool // the request reaches the provider and only the answer is lost
		times   int32
		first   error // of the first Prepay
	}{
		"request lost once": {arrives: false, times: 1},
		"answer lost once":  {arrives: true, times: 1},
		"request lost twice": {
			arrives: false,
			times:   2,
			first:   payment.ErrProviderDown,
		},
		"answer lost twice": {
			arrives: true,
			times:   2,
			first:   payment.ErrProviderDown,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var net *network
			k := newTill(t, func(k *till) payment.Provider {
				net = &network{Sandbox: k.sandbox}
				return net
			})
			net.create = func(_ payment.CreateRequest, call func() (payment.Created, error)) (payment.Created, error) {
				if net.creates.Load() > c.times {
					return call()
				}
				if c.arrives {
					_, _ = call()
				}
				return payment.Created{}, lost
			}
			a, err := k.payments.Prepay(k.ctx, k.request("order-1"))
			if c.first != nil {
				wantErr(t, err, c.first)
				a = k.prepay("order-1")
			} else if err != nil {
				t.Fatal(err)
			}
			if all := k.attempts("order-1"); len(all) != 1 || all[0].AttemptNo != a.AttemptNo || a.Action == nil {
				t.Fatalf("attempts %+v, returned %+v", all, a)
			}
			if n := k.count("select count(*) from sandbox_charge"); n != 1 {
				t.Fatalf("%d charges", n)
			}
		})
	}
}

func TestPayments_Prepay_unreachable_provider(t *testing.T) {
	t.Parallel()
	var net *network
	k := newTill(t, func(k *till) payment.Provider {
		net = &network{Sandbox: k.sandbox}
		return net
	})
	net.create = func(payment.CreateRequest, func() (payment.Created, error)) (payment.Created, error) {
		return payment.Created{}, context.DeadlineExceeded
	}
	net.query = func() error { return context.DeadlineExceeded }
	_, err := k.payments.Prepay(k.ctx, k.request("order-1"))
	wantErr(t, err, payment.ErrProviderDown)
	if net.creates.Load() != 1 {
		t.Fatal("the request was repeated although the state of the first one is unknown")
	}
	asked, err := k.payments.Inquire(k.ctx, "order-1")
	if err != nil || len(asked) != 1 || asked[0].Err == nil {
		t.Fatalf("%+v, %v", asked, err)
	}
	net.create, net.query = nil, nil
	first := k.attempts("order-1")[0].AttemptNo
	if a := k.prepay("order-1"); a.AttemptNo != first {
		t.Fatalf("attempt %s, first was %s", a.AttemptNo, first)
	}
}

func TestPayments_Prepay_late_answer(t *testing.T) {
	t.Parallel()
	var net *network
	k := newTill(t, func(k *till) payment.Provider {
		net = &network{Sandbox: k.sandbox}
		return net
	})
	// The provider returns another page for each request; the answer to the first request comes last.
	net.create = func(payment.CreateRequest, func() (payment.Created, error)) (payment.Created, error) {
		if net.creates.Load() == 1 {
			if a := k.prepay("order-1"); a.Action.URL != "/second" {
				t.Errorf("got %+v", a.Action)
			}
			return payment.Created{Action: payment.Action{Type: payment.ActionRedirect, URL: "/first"}}, nil
		}
		return payment.Created{Action: payment.Action{Type: payment.ActionRedirect, URL: "/second"}}, nil
	}
	for range 3 {
		if a := k.prepay("order-1"); a.Action.URL != "/second" {
			t.Fatalf("a late answer replaced the page: %+v", a.Action)
		}
	}
	if n := net.creates.Load(); n != 2 {
		t.Fatalf("asked the provider %d times", n)
	}
}

func TestPayments_Prepay_notice_before_the_answer(t *testing.T) {
	t.Parallel()
	var net *network
	k := newTill(t, func(k *till) payment.Provider {
		net = &network{Sandbox: k.sandbox}
		return net
	})
	net.create = func(r payment.CreateRequest, call func() (payment.Created, error)) (payment.Created, error) {
		created, err := call()
		a := payment.Attempt{
			AttemptNo: r.AttemptNo,
			Reference: "order-1",
			Action:    &created.Action,
		}
		k.capture(a, k.pay(a, sandbox.PayOptions{}), payment.Consumed)
		return created, err
	}
	a := k.prepay("order-1")
	if a.Status != payment.AttemptSucceeded || a.ChannelTxnNo == "" || a.Action == nil {
		t.Fatalf("the late answer changed what the notice wrote: %+v", a)
	}
	_, err := k.payments.Prepay(k.ctx, k.request("order-1"))
	wantErr(t, err, payment.ErrAlreadyPaid)
}

func TestPayments_Prepay_closed_meanwhile(t *testing.T) {
	t.Parallel()
	var net *network
	k := newTill(t, func(k *till) payment.Provider {
		net = &network{Sandbox: k.sandbox}
		return net
	})
	net.create = func(_ payment.CreateRequest, call func() (payment.Created, error)) (payment.Created, error) {
		if err := k.payments.CloseAttempts(k.ctx, "order-1"); err != nil { // the provider has not heard of it yet
			t.Error(err)
		}
		return call()
	}
	_, err := k.payments.Prepay(k.ctx, k.request("order-1"))
	wantErr(t, err, payment.ErrPaymentExpired)
	c, err := k.sandbox.Query(k.ctx, named(k.attempts("order-1")[0].AttemptNo))
	if err != nil || c.Status != payment.ChargeClosed {
		t.Fatalf("the page is still payable: %+v, %v", c, err)
	}
}

func TestPayments_Prepay_refused(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	first := k.prepay("order-1")
	for name, c := range map[string]struct {
		change func(*payment.PrepayRequest)
		want   error
	}{
		"unknown provider": {func(r *payment.PrepayRequest) { r.Provider = "cash" }, payment.ErrUnknownProvider},
		"expired":          {func(r *payment.PrepayRequest) { r.ExpiresAt = k.now() }, payment.ErrPaymentExpired},
		"nothing to pay":   {func(r *payment.PrepayRequest) { r.Amount = cny(0) }, payment.ErrInvalidPrepay},
		"no reference":     {func(r *payment.PrepayRequest) { r.Reference = "" }, payment.ErrInvalidPrepay},
		"another amount":   {func(r *payment.PrepayRequest) { r.Amount = cny(991) }, payment.ErrPrepayMismatch},
		"another currency": {func(r *payment.PrepayRequest) {
			r.Amount = money.Of(990, "USD")
		}, payment.ErrPrepayMismatch},
		"refused": {func(r *payment.PrepayRequest) {
			r.Reference, r.ReturnURL = "order-2", "javascript:alert(1)"
		}, payment.ErrRejected},
	} {
		r := k.request("order-1")
		c.change(&r)
		if _, err := k.payments.Prepay(k.ctx, r); err == nil {
			t.Errorf("%s was accepted", name)
		} else {
			wantErr(t, err, c.want)
		}
	}
	if all := k.attempts("order-2"); len(all) != 1 || all[0].Status != payment.AttemptFailed {
		t.Fatalf("the refused attempt: %+v", all)
	}
	// After a failed attempt a new one can be opened.
	k.tx(func(tx pgx.Tx) error { return k.payments.FailAttemptTx(k.ctx, tx, sandbox.Name, first.AttemptNo) })
	if next := k.prepay("order-1"); next.AttemptNo == first.AttemptNo {
		t.Fatal("the failed attempt came back")
	}
}

func TestPayments_Prepay_after_expiry(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	first := k.prepay("order-1")
	k.pass(16 * time.Minute)
	next := k.prepay("order-1")
	if next.AttemptNo == first.AttemptNo {
		t.Fatal("the expired attempt came back")
	}
	if all := k.attempts("order-1"); len(all) != 2 || all[0].Status != payment.AttemptClosed {
		t.Fatalf("%+v", all)
	}
}

func TestPayments_CloseAttempts_asks_the_provider(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	_, paid, processing := k.prepay("open"), k.prepay("paid"), k.prepay("processing")
	k.pay(paid, sandbox.PayOptions{})
	k.pay(processing, sandbox.PayOptions{Processing: true, Delay: time.Minute})

	if err := k.payments.CloseAttempts(k.ctx, "open"); err != nil {
		t.Fatal(err)
	}
	wantErr(t, k.payments.CloseAttempts(k.ctx, "paid"), payment.ErrAlreadyPaid)
	wantErr(t, k.payments.CloseAttempts(k.ctx, "processing"), payment.ErrProcessing)
	for reference, status := range map[string]string{
		"open": payment.AttemptClosed, "paid": payment.AttemptPending,
		"processing": payment.AttemptPending,
	} {
		if a := k.attempts(reference)[0]; a.Status != status {
			t.Errorf("%s is %s, want %s", reference, a.Status, status)
		}
	}
	if err := k.payments.CloseAttempts(k.ctx, "open"); err != nil {
		t.Fatal("a second close: ", err)
	}

	// Inquire still asks about attempts that were closed recently, since they may have been paid at the same moment.
	for reference, status := range map[string]payment.ChargeStatus{
		"open": payment.ChargeClosed,
		"paid": payment.ChargePaid, "processing": payment.ChargeProcessing,
	} {
		asked, err := k.payments.Inquire(k.ctx, reference)
		if err != nil || len(asked) != 1 || asked[0].Err != nil || asked[0].Charge.Status != status {
			t.Errorf("%s: %+v, %v", reference, asked, err)
		}
	}
	k.pass(3 * time.Hour)
	if asked, err := k.payments.Inquire(k.ctx, "open"); err != nil || len(asked) != 0 {
		t.Errorf("asked about an attempt that ended long ago: %+v, %v", asked, err)
	}
}

func TestPayments_ReferenceOf(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	a := k.prepay("order-1")
	if got, err := k.payments.ReferenceOf(k.ctx, a.AttemptNo); err != nil || got != "order-1" {
		t.Fatalf("%q, %v", got, err)
	}
	_, err := k.payments.ReferenceOf(k.ctx, "nothing")
	wantErr(t, err, payment.ErrUnknownAttempt)
	k.tx(func(tx pgx.Tx) error {
		if _, err := k.payments.AttemptTx(k.ctx, tx, "second", a.AttemptNo); err == nil {
			t.Error("an attempt was found under another provider's name")
		}
		got, err := k.payments.AttemptTx(k.ctx, tx, sandbox.Name, a.AttemptNo)
		if got.Amount != cny(990) {
			t.Errorf("%+v", got)
		}
		return err
	})
}
