package payment_test

import (
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

func TestPayments_RecordNoticeTx_many_at_once(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	a := k.prepay("order-1")
	n := payment.Notice{
		Provider:     sandbox.Name,
		EventID:      "evt-1",
		Type:         payment.PaymentSucceeded,
		AttemptNo:    a.AttemptNo,
		ChannelTxnNo: "txn-1",
		Amount:       cny(990),
		OccurredAt:   k.now(),
		Raw:          []byte{0xff, 0},
	}
	var fresh atomic.Int32
	parallel(30, func(int) {
		err := db.InTx(k.ctx, k.pool, func(tx pgx.Tx) error {
			first, err := k.payments.RecordNoticeTx(k.ctx, tx, n)
			if first {
				fresh.Add(1)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	if fresh.Load() != 1 {
		t.Fatalf("%d of 30 were fresh", fresh.Load())
	}
	k.tx(func(tx pgx.Tx) error { return k.payments.SetNoticeOutcomeTx(k.ctx, tx, n, "paid") })
	kept, err := k.payments.Notices(k.ctx, "order-1", 10)
	if err != nil || len(kept) != 1 || kept[0].Replays != 29 || kept[0].Outcome != "paid" ||
		kept[0].Amount != cny(990) {
		t.Fatalf("%+v, %v", kept, err)
	}
	// A notice that was rolled back was never recorded.
	n.EventID = "evt-2"
	_ = db.InTx(k.ctx, k.pool, func(tx pgx.Tx) error {
		_, _ = k.payments.RecordNoticeTx(k.ctx, tx, n)
		return payment.ErrMalformedNotice
	})
	k.tx(func(tx pgx.Tx) error {
		again, err := k.payments.RecordNoticeTx(k.ctx, tx, n)
		if !again {
			t.Error("the notice that was rolled back counts as recorded")
		}
		return err
	})
}

func TestPayments_CaptureTx_once_per_transaction(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	a := k.prepay("order-1")
	charge := k.pay(a, sandbox.PayOptions{})
	first := payment.Capture{
		Provider:     sandbox.Name,
		ChannelTxnNo: charge.ChannelTxnNo,
		AttemptNo:    a.AttemptNo,
		Reference:    "order-1",
		Amount:       charge.Amount,
		State:        payment.Consumed,
		CapturedAt:   charge.PaidAt,
	}
	var fresh atomic.Int32
	parallel(20, func(int) {
		err := db.InTx(k.ctx, k.pool, func(tx pgx.Tx) error {
			got, isFresh, err := k.payments.CaptureTx(k.ctx, tx, first)
			if isFresh {
				fresh.Add(1)
			}
			if err == nil && (got.ID == 0 || got.State != payment.Consumed || got.Amount != cny(990)) {
				t.Errorf("%+v", got)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	if fresh.Load() != 1 {
		t.Fatalf("%d of 20 were fresh", fresh.Load())
	}
	if got := k.attempts("order-1")[0]; got.Status != payment.AttemptSucceeded ||
		got.ChannelTxnNo != charge.ChannelTxnNo {
		t.Fatalf("%+v", got)
	}

	k.tx(func(tx pgx.Tx) error {
		another := first
		another.ChannelTxnNo = "txn-2"
		_, _, err := k.payments.CaptureTx(k.ctx, tx, another)
		wantErr(t, err, payment.ErrAlreadyConsumed)
		another.State = payment.Surplus // the database transaction can go on
		if _, isFresh, err := k.payments.CaptureTx(k.ctx, tx, another); err != nil || !isFresh {
			t.Errorf("surplus: %t, %v", isFresh, err)
		}
		reused := first
		reused.Provider, reused.State = "second", payment.Surplus
		_, _, err = k.payments.CaptureTx(k.ctx, tx, reused)
		wantErr(t, err, payment.ErrTransactionReused)
		// Money that nobody asked for: two providers may use the same transaction number.
		for _, provider := range []string{"sandbox", "second"} {
			stray := payment.Capture{
				Provider:     provider,
				ChannelTxnNo: "stray",
				Amount:       cny(5),
				State:        payment.Suspense,
				CapturedAt:   k.now(),
			}
			if _, isFresh, err := k.payments.CaptureTx(k.ctx, tx, stray); err != nil || !isFresh {
				t.Errorf("stray of %s: %t, %v", provider, isFresh, err)
			}
		}
		return nil
	})
	all, err := k.payments.Captures(k.ctx, "order-1")
	if err != nil || len(all) != 2 || all[1].State != payment.Surplus || all[0].Refundable != cny(990) {
		t.Fatalf("%+v, %v", all, err)
	}
}

func TestPayments_CaptureTx_after_the_attempt_failed(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	closed, suspended := k.prepay("closed"), k.prepay("suspended")
	charge := k.pay(closed, sandbox.PayOptions{})
	k.tx(func(tx pgx.Tx) error { return k.payments.FailAttemptTx(k.ctx, tx, sandbox.Name, closed.AttemptNo) })
	k.capture(closed, charge, payment.Surplus)
	if got := k.attempts("closed")[0]; got.Status != payment.AttemptSucceeded {
		t.Fatalf("%+v", got)
	}
	k.tx(func(tx pgx.Tx) error { return k.payments.FailAttemptTx(k.ctx, tx, sandbox.Name, closed.AttemptNo) })
	if got := k.attempts("closed")[0]; got.Status != payment.AttemptSucceeded {
		t.Fatal("a late failure undid a payment")
	}
	k.capture(suspended, k.pay(suspended, sandbox.PayOptions{Amount: 1}), payment.Suspense)
	if got := k.attempts("suspended")[0]; got.Status != payment.AttemptSucceeded {
		t.Fatalf("an attempt through which a wrong sum was paid is %s", got.Status)
	}
}
