package sandbox_test

import (
	"sync/atomic"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

func TestSandbox_Refund_within_the_transaction(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.pay(b.create("attempt-1"), sandbox.PayOptions{Twice: true})
	txn := b.status("attempt-1").ChannelTxnNo
	ask := func(no string, amount int64) (payment.RefundResult, error) {
		return b.Refund(b.ctx, refundOf(no, "attempt-1", txn, money.Of(amount, "CNY")))
	}
	var accepted atomic.Int32
	parallel(20, func(i int) {
		if r, err := ask("refund-"+string(rune('a'+i)), 100); err == nil {
			accepted.Add(1)
			if r.Status != payment.ResultProcessing || r.ChannelRefundNo == "" {
				t.Errorf("%+v", r)
			}
		} else {
			wantErr(t, err, payment.ErrRejected)
		}
	})
	if accepted.Load() != 9 { // 990 were paid; the second transaction's money can't be refunded here
		t.Fatalf("%d accepted", accepted.Load())
	}
	// One number is one refund, however many requests come at once.
	var numbers [10]string
	parallel(len(numbers), func(i int) {
		r, err := ask("refund-last", 90)
		if err != nil {
			t.Error(err)
		}
		numbers[i] = r.ChannelRefundNo
	})
	for _, n := range numbers {
		if n != numbers[0] {
			t.Fatalf("%v", numbers)
		}
	}
	for name, r := range map[string]payment.RefundRequest{
		"number of another refund": refundOf("refund-last", "attempt-1", txn, money.Of(80, "CNY")),
		"unknown transaction":      refundOf("refund-x", "attempt-1", "no", money.Of(1, "CNY")),
		"unknown charge":           refundOf("refund-x", "no", "", money.Of(1, "CNY")),
		"nothing":                  refundOf("refund-x", "attempt-1", "", money.Of(0, "CNY")),
		"another currency":         refundOf("refund-x", "attempt-1", "", money.Of(1, "USD")),
	} {
		if _, err := b.Refund(b.ctx, r); err == nil {
			t.Errorf("%s was accepted", name)
		} else {
			wantErr(t, err, payment.ErrRejected)
		}
	}
	b.create("unpaid")
	b.pay(b.create("processing"), sandbox.PayOptions{Processing: true, Delay: time.Minute})
	for _, attemptNo := range []string{"unpaid", "processing"} {
		_, err := b.Refund(b.ctx, refundOf("refund-"+attemptNo, attemptNo, "", money.Of(1, "CNY")))
		wantErr(t, err, payment.ErrRejected)
	}

	b.deliverAll()
	r, err := b.QueryRefund(b.ctx, payment.RefundRef{RefundNo: "refund-last", Charge: named("attempt-1")})
	if err != nil || r.Status != payment.ResultSucceeded || r.ChannelRefundNo != numbers[0] {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err := ask("refund-last", 90); err != nil || r.Status != payment.ResultSucceeded {
		t.Fatalf("the same request after it succeeded: %+v, %v", r, err)
	}
	_, err = b.QueryRefund(b.ctx, payment.RefundRef{RefundNo: "refund-x", Charge: named("attempt-1")})
	wantErr(t, err, payment.ErrAbsent)
}

func TestSandbox_Refund_waits_for_the_one_before(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.pay(b.create("attempt-1"), sandbox.PayOptions{})
	tx, err := b.pool.Begin(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(b.ctx) }()
	// Another refund has updated the transaction, but not committed yet.
	if _, err := tx.Exec(b.ctx, "update sandbox_transaction set refunded = 600"); err != nil {
		t.Fatal(err)
	}
	second := make(chan error, 1)
	go func() {
		_, err := b.Refund(b.ctx, refundOf("refund-1", "attempt-1", "", money.Of(600, "CNY")))
		second <- err
	}()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var waiting bool
		if err := b.pool.QueryRow(b.ctx,
			"select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')").Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		if waiting {
			break
		}
		if len(second) > 0 || time.Now().After(deadline) {
			t.Fatal("the refund did not wait")
		}
	}
	if err := tx.Commit(b.ctx); err != nil {
		t.Fatal(err)
	}
	wantErr(t, <-second, payment.ErrRejected)
}

func TestSandbox_Refund_failure_restores_the_amount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.pay(b.create("attempt-1"), sandbox.PayOptions{RefundsFail: true})
	for _, no := range []string{"refund-1", "refund-2"} { // twice the whole sum: possible only if the first came back
		if _, err := b.Refund(b.ctx, refundOf(no, "attempt-1", "", money.Of(990, "CNY"))); err != nil {
			t.Fatal(err)
		}
		b.deliverAll()
		if r, err := b.QueryRefund(b.ctx, payment.RefundRef{RefundNo: no, Charge: named("attempt-1")}); err != nil || r.Status != payment.ResultFailed {
			t.Fatalf("%+v, %v", r, err)
		}
		if n := b.notices[len(b.notices)-1]; n.Type != payment.RefundFailed || n.RefundNo != no {
			t.Fatalf("%+v", n)
		}
	}
}

func TestSandbox_Statement_of_a_day(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.pay(b.create("attempt-1"), sandbox.PayOptions{Twice: true})
	b.pay(b.create("slow"), sandbox.PayOptions{Processing: true})
	if _, err := b.Refund(b.ctx, refundOf("refund-1", "attempt-1", "", money.Of(90, "CNY"))); err != nil {
		t.Fatal(err)
	}
	today, err := b.lines(b.now())
	if err != nil || len(today) != 2 {
		t.Fatalf("before anything is settled: %+v, %v", today, err)
	}
	b.pass(24 * time.Hour)
	b.deliverAll()
	if today, err = b.lines(noon); err != nil || len(today) != 2 ||
		today[0].Kind != payment.StatementPayment || today[0].Amount != money.Of(990, "CNY") {
		t.Fatalf("%+v, %v", today, err)
	}
	tomorrow, err := b.lines(b.now())
	if err != nil || len(tomorrow) != 2 {
		t.Fatalf("%+v, %v", tomorrow, err)
	}
	kinds := map[string]payment.StatementLine{tomorrow[0].Kind: tomorrow[0], tomorrow[1].Kind: tomorrow[1]}
	if kinds[payment.StatementPayment].AttemptNo != "slow" || kinds[payment.StatementRefund].RefundNo != "refund-1" ||
		kinds[payment.StatementRefund].Amount != money.Of(90, "CNY") ||
		kinds[payment.StatementRefund].ChannelTxnNo != today[0].ChannelTxnNo {
		t.Fatalf("%+v", tomorrow)
	}
	if other, err := b.lines(b.now().Add(24 * time.Hour)); err != nil || len(other) != 0 {
		t.Fatalf("%+v, %v", other, err)
	}
}
