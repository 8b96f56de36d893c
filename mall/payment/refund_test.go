package payment_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

func (k *till) paid(reference string, o sandbox.PayOptions) payment.Capture {
	k.t.Helper()
	a := k.prepay(reference)
	return k.capture(a, k.pay(a, o), payment.Consumed)
}

func (k *till) refund(no string, c payment.Capture, amount int64) error {
	return db.InTx(k.ctx, k.pool, func(tx pgx.Tx) error {
		return k.payments.RefundTx(k.ctx, tx, payment.Refund{
			RefundNo:  no,
			CaptureID: c.ID,
			Amount:    cny(amount),
			Reason:    "test",
		})
	})
}

func (k *till) settle(no, status string) (r payment.Refund, changed bool) {
	k.t.Helper()
	k.tx(func(tx pgx.Tx) (err error) {
		r, changed, err = k.payments.SettleRefundTx(k.ctx, tx, no, status, "channel-"+no)
		return err
	})
	return r, changed
}

func TestPayments_RefundTx_many_at_once(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	c := k.paid("order-1", sandbox.PayOptions{})
	var promised atomic.Int32
	parallel(24, func(i int) {
		switch err := k.refund(refundNo(i), c, 100); {
		case err == nil:
			promised.Add(1)
		case !errors.Is(err, payment.ErrRefundExceeds):
			t.Error(err)
		}
	})
	if promised.Load() != 9 {
		t.Fatalf("%d refunds of 100 promised from 990", promised.Load())
	}
	if sum := k.count("select sum(amount)::bigint from payment_refund"); sum != 900 {
		t.Fatalf("%d promised", sum)
	}
	// The bound holds while some refunds are settled and others are requested.
	open, err := k.payments.OpenRefunds(k.ctx, -time.Second, 100)
	if err != nil || len(open) != 9 {
		t.Fatalf("%d open, %v", len(open), err)
	}
	parallel(18, func(i int) {
		if i < 9 {
			k.settle(open[i].RefundNo, payment.Succeeded)
		} else if err := k.refund(refundNo(100+i), c, 91); !errors.Is(err, payment.ErrRefundExceeds) {
			t.Errorf("91 of the last 90: %v", err)
		}
	})
	all, err := k.payments.Captures(k.ctx, "order-1")
	if err != nil || all[0].Refunded != cny(900) || all[0].Refundable != cny(90) {
		t.Fatalf("%+v, %v", all, err)
	}
	if err := k.refund(refundNo(999), c, 90); err != nil {
		t.Fatal("the last 90: ", err)
	}
}

func TestPayments_RefundTx_waits_for_the_one_before(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	c := k.paid("order-1", sandbox.PayOptions{})
	second := make(chan error, 1)
	k.tx(func(tx pgx.Tx) error {
		err := k.payments.RefundTx(k.ctx, tx, payment.Refund{
			RefundNo:  refundNo(1),
			CaptureID: c.ID,
			Amount:    cny(600),
		})
		go func() { second <- k.refund(refundNo(2), c, 600) }()
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			if len(second) > 0 || time.Now().After(deadline) {
				t.Fatal("the second refund did not wait for the first one's commit")
			}
			if k.count(
				"select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == 1 {
				return err
			}
		}
	})
	wantErr(t, <-second, payment.ErrRefundExceeds)
}

func TestPayments_SettleRefundTx_failed(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	c := k.paid("order-1", sandbox.PayOptions{})
	if err := k.refund(refundNo(1), c, 990); err != nil {
		t.Fatal(err)
	}
	wantErr(t, k.refund(refundNo(2), c, 1), payment.ErrRefundExceeds)
	if r, changed := k.settle(refundNo(1), payment.Failed); !changed || r.Status != payment.Failed {
		t.Fatalf("%+v, %t", r, changed)
	}
	if err := k.refund(refundNo(2), c, 990); err != nil {
		t.Fatal(err)
	}
	if r, changed := k.settle(refundNo(2), payment.Succeeded); !changed || r.ChannelRefundNo != "channel-"+refundNo(2) {
		t.Fatalf("%+v, %t", r, changed)
	}
	// Repeated and contradicting results change nothing; the returned status distinguishes them.
	if r, changed := k.settle(refundNo(2), payment.Succeeded); changed || r.Status != payment.Succeeded {
		t.Fatalf("%+v, %t", r, changed)
	}
	if r, changed := k.settle(refundNo(2), payment.Failed); changed || r.Status != payment.Succeeded {
		t.Fatalf("%+v, %t", r, changed)
	}
	if r, changed := k.settle(refundNo(1), payment.Succeeded); changed || r.Status != payment.Failed {
		t.Fatalf("%+v, %t", r, changed)
	}
	if n := k.count("select refunded from payment_capture where id = $1", c.ID); n != 990 {
		t.Fatalf("refunded %d", n)
	}
}

func TestPayments_RefundTx_same_number(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	c := k.paid("order-1", sandbox.PayOptions{})
	for range 2 {
		if err := k.refund(refundNo(1), c, 500); err != nil {
			t.Fatal(err)
		}
	}
	wantErr(t, k.refund(refundNo(1), c, 400), payment.ErrRefundNoReused)
	wantErr(t, k.refund(refundNo(2), payment.Capture{ID: 1 << 40}, 1), payment.ErrUnknownCapture)
	wantErr(t, k.refund(refundNo(2), c, -1), payment.ErrRefundExceeds)
	err := db.InTx(k.ctx, k.pool, func(tx pgx.Tx) error {
		return k.payments.RefundTx(k.ctx, tx, payment.Refund{
			RefundNo:  refundNo(3),
			CaptureID: c.ID,
			Amount:    money.Of(1, "USD"),
		})
	})
	wantErr(t, err, money.ErrCurrency)
	if all, err := k.payments.Refunds(k.ctx, "order-1"); err != nil || len(all) != 1 || all[0].Amount != cny(500) {
		t.Fatalf("%+v, %v", all, err)
	}
	_, err = k.payments.Refund(k.ctx, "nothing-here")
	wantErr(t, err, payment.ErrUnknownRefund)
}

func TestPayments_SubmitRefund_again(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(call func() (payment.RefundResult, error)) (payment.RefundResult, error){
		"nothing lost": func(call func() (payment.RefundResult, error)) (payment.RefundResult, error) { return call() },
		"answer lost": func(call func() (payment.RefundResult, error)) (payment.RefundResult, error) {
			_, _ = call()
			return payment.RefundResult{}, context.DeadlineExceeded
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var net *network
			k := newTill(t, func(k *till) payment.Provider {
				net = &network{Sandbox: k.sandbox}
				return net
			})
			net.refund = func(_ payment.RefundRequest,
				call func() (payment.RefundResult, error),
			) (payment.RefundResult, error) {
				return lose(call)
			}
			c := k.paid("order-1", sandbox.PayOptions{})
			if err := k.refund(refundNo(1), c, 600); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				r, err := k.payments.SubmitRefund(k.ctx, refundNo(1))
				if err != nil || r.Status != payment.Submitted || r.ChannelRefundNo == "" {
					t.Fatalf("%+v, %v", r, err)
				}
			}
			if n := k.count("select count(*) from sandbox_refund"); n != 1 {
				t.Fatalf("%d refunds at the provider", n)
			}
			if net.refunds.Load() != 1 {
				t.Fatalf("requested %d times", net.refunds.Load())
			}
			// The provider settles the refund and its notice is lost: the next query finds out.
			if _, err := k.pool.Exec(k.ctx,
				"update sandbox_refund set status = 'succeeded', settled_at = now()"); err != nil {
				t.Fatal(err)
			}
			r, err := k.payments.SubmitRefund(k.ctx, refundNo(1))
			if err != nil || r.Status != payment.Succeeded {
				t.Fatalf("%+v, %v", r, err)
			}
			if stored, err := k.payments.Refund(k.ctx, refundNo(1)); err != nil || stored.Status != payment.Submitted ||
				stored.Attempts != 4 {
				t.Fatalf("the row must wait for SettleRefundTx: %+v, %v", stored, err)
			}
		})
	}
}

func TestPayments_SubmitRefund_no_answer(t *testing.T) {
	t.Parallel()
	var net *network
	k := newTill(t, func(k *till) payment.Provider {
		net = &network{Sandbox: k.sandbox}
		return net
	})
	c := k.paid("order-1", sandbox.PayOptions{})
	if err := k.refund(refundNo(1), c, 990); err != nil {
		t.Fatal(err)
	}
	net.refund = func(payment.RefundRequest, func() (payment.RefundResult, error)) (payment.RefundResult, error) {
		return payment.RefundResult{}, context.DeadlineExceeded
	}
	_, err := k.payments.SubmitRefund(k.ctx, refundNo(1))
	wantErr(t, err, payment.ErrProviderDown)
	r, err := k.payments.Refund(k.ctx, refundNo(1))
	if err != nil || r.Status != payment.Pending || r.Attempts != 1 || r.LastError == "" {
		t.Fatalf("%+v, %v", r, err)
	}
	net.refund = nil
	if r, err := k.payments.SubmitRefund(k.ctx, refundNo(1)); err != nil || r.Status != payment.Submitted ||
		r.LastError != "" {
		t.Fatalf("%+v, %v", r, err)
	}
}

func TestPayments_SubmitRefund_notice_before_the_answer(t *testing.T) {
	t.Parallel()
	var net *network
	k := newTill(t, func(k *till) payment.Provider {
		net = &network{Sandbox: k.sandbox}
		return net
	})
	c := k.paid("order-1", sandbox.PayOptions{})
	if err := k.refund(refundNo(1), c, 990); err != nil {
		t.Fatal(err)
	}
	net.refund = func(r payment.RefundRequest,
		call func() (payment.RefundResult, error),
	) (payment.RefundResult, error) {
		result, err := call()
		k.settle(r.RefundNo, payment.Succeeded)
		return result, err
	}
	r, err := k.payments.SubmitRefund(k.ctx, refundNo(1))
	if err != nil || r.Status != payment.Succeeded {
		t.Fatalf("%+v, %v", r, err)
	}
	if stored, err := k.payments.Refund(k.ctx, refundNo(1)); err != nil || stored.Status != payment.Succeeded {
		t.Fatalf("the late answer undid the notice: %+v, %v", stored, err)
	}
}

func TestPayments_SubmitRefund_refused(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	a := k.prepay("order-1")
	charge := k.pay(a, sandbox.PayOptions{})
	charge.ChannelTxnNo = "unknown-to-the-provider"
	c := k.capture(a, charge, payment.Consumed)
	if err := k.refund(refundNo(1), c, 990); err != nil {
		t.Fatal(err)
	}
	r, err := k.payments.SubmitRefund(k.ctx, refundNo(1))
	if err != nil || r.Status != payment.Failed || r.LastError == "" {
		t.Fatalf("%+v, %v", r, err)
	}
}
