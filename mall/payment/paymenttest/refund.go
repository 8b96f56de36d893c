package paymenttest

import (
	"time"

	"videomall/mall/payment"
)

func refund(d *desk) {
	ref, c := d.paid()
	d.notices()
	r := d.ofPayment(ref, c, 1290)
	_, err := d.QueryRefund(d.Context(), r.RefundRef)
	d.wants(err, payment.ErrAbsent, "query a refund that was never requested")
	d.refunded(r)
	if back := d.bank.Refunded(ref.AttemptNo); back != 1290 {
		d.Errorf("the bank gave %d back", back)
	}
	// What was refunded was paid.
	if again := d.charge(ref, payment.ChargePaid); again.ChannelTxnNo != c.ChannelTxnNo || again.Amount != c.Amount {
		d.Errorf("after the refund: %+v, before: %+v", again, c)
	}
	d.wants(d.Close(d.Context(), ref), payment.ErrAlreadyPaid, "close what was refunded")
	if !d.has(NoRefundNotice) {
		return
	}
	n := d.theNotice(payment.RefundSucceeded)
	if n.RefundNo != r.RefundNo || n.ChannelTxnNo != c.ChannelTxnNo || !tells(n, 1290, 1290) {
		d.Errorf("notice %+v", n)
	}
}

// tells reports whether a notice of a refund tells its sum, or how much has been refunded so far.
func tells(n payment.Notice, sum, sofar int64) bool {
	if n.Amount.Amount != 0 {
		return n.Amount.Amount == sum
	}
	return n.RefundedTotal.Amount == sofar
}

func refundParts(d *desk) {
	ref, c := d.paid()
	d.notices()
	total := int64(0)
	for n, part := range []int64{300, 400, 590} {
		r := d.ofPayment(ref, c, part)
		d.bank.Advance(10 * time.Second)
		d.refunded(r)
		total += part
		if back := d.bank.Refunded(ref.AttemptNo); back != total {
			d.Errorf("after part %d the bank gave %d back, want %d", n+1, back, total)
		}
		if !d.has(NoRefundNotice) {
			continue
		}
		if n := d.theNotice(payment.RefundSucceeded); n.RefundNo != r.RefundNo || !tells(n, part, total) {
			d.Errorf("notice of a part of %d, %d so far: %+v", part, total, n)
		}
	}
}

// The same number is the same refund; another sum under it is refused.
func refundAgain(d *desk) {
	ref, c := d.paid()
	r := d.ofPayment(ref, c, 500)
	first := d.refunded(r)
	d.bank.Advance(10 * time.Second)
	again, err := d.Refund(d.Context(), r)
	if err != nil || again.ChannelRefundNo != first.ChannelRefundNo {
		d.Errorf("again: %+v, %v; first %+v", again, err, first)
	}
	if back := d.bank.Refunded(ref.AttemptNo); back != 500 {
		d.Errorf("the bank gave %d back", back)
	}
	d.bank.Advance(10 * time.Second)
	r.Amount = d.sum(400)
	_, err = d.Refund(d.Context(), r)
	d.wants(err, payment.ErrRejected, "another sum under the same number")
	if back := d.bank.Refunded(ref.AttemptNo); back != 500 {
		d.Errorf("the bank gave %d back", back)
	}
}

func refundTooMuch(d *desk) {
	ref, c := d.paid()
	d.refunded(d.ofPayment(ref, c, 1000))
	d.bank.Advance(10 * time.Second)
	_, err := d.Refund(d.Context(), d.ofPayment(ref, c, 291))
	d.wants(err, payment.ErrRejected, "more than is left")
	_, err = d.Refund(d.Context(), d.ofPayment(ref, c, 0))
	d.wants(err, payment.ErrRejected, "nothing")
	if back := d.bank.Refunded(ref.AttemptNo); back != 1000 {
		d.Errorf("the bank gave %d back", back)
	}
	unpaid := d.open()
	_, err = d.Refund(d.Context(), d.ofPayment(unpaid, payment.Charge{ChannelTxnNo: "unknown", Amount: unpaid.Amount}, 1))
	d.wants(err, payment.ErrRejected, "a payment that was never made")
}

func refundLost(d *desk) {
	ref, c := d.paid()
	r := d.ofPayment(ref, c, 500)
	if b, looks := d.bank.(interface{ LoseRefund() }); looks { // its client asks something first
		b.LoseRefund()
	} else {
		d.bank.Fault(FaultLostAnswer)
	}
	_, err := d.Refund(d.Context(), r)
	d.unknown(err, "refund")
	if _, err := d.QueryRefund(d.Context(), r.RefundRef); err != nil {
		d.Errorf("the refund whose answer was lost: %v", err)
	}
	d.bank.Advance(10 * time.Second)
	d.refunded(r)
	if back := d.bank.Refunded(ref.AttemptNo); back != 500 {
		d.Errorf("the bank gave %d back", back)
	}
}

func refundFails(d *desk) {
	d.needs(NoFailedRefunds)
	ref, c := d.paid()
	d.notices()
	r := d.ofPayment(ref, c, 500)
	if _, err := d.Refund(d.Context(), r); err != nil {
		d.Fatal(err)
	}
	d.finish(r.RefundNo, false)
	d.refund(r, payment.ResultFailed)
	if back := d.bank.Refunded(ref.AttemptNo); back != 0 {
		d.Errorf("a failed refund gave %d back", back)
	}
	if n := d.theNotice(payment.RefundFailed); n.RefundNo != r.RefundNo {
		d.Errorf("notice %+v", n)
	}
}

func refundFailsLate(d *desk) {
	d.needs(NoLateFailure)
	ref, c := d.paid()
	r := d.ofPayment(ref, c, 500)
	d.refunded(r)
	d.notices()
	d.finish(r.RefundNo, false)
	d.refund(r, payment.ResultFailed)
	if back := d.bank.Refunded(ref.AttemptNo); back != 0 {
		d.Errorf("a returned refund gave %d back", back)
	}
	if n := d.theNotice(payment.RefundFailed); n.RefundNo != r.RefundNo || !tells(n, 500, 0) {
		d.Errorf("notice %+v", n)
	}
}

// A refund that the merchant's balance does not cover can be requested again under its number.
func refundNoBalance(d *desk) {
	d.needs(NoBalance)
	ref, c := d.paid()
	d.bank.SetBalance(499)
	r := d.ofPayment(ref, c, 500)
	_, err := d.Refund(d.Context(), r)
	d.wants(err, payment.ErrRetryLater, "refund")
	if back := d.bank.Refunded(ref.AttemptNo); back != 0 {
		d.Errorf("the bank gave %d back", back)
	}
	d.bank.SetBalance(100_000)
	d.bank.Advance(time.Minute)
	d.refunded(r)
	if back := d.bank.Refunded(ref.AttemptNo); back != 500 {
		d.Errorf("the bank gave %d back", back)
	}
}

// A refund that somebody made at the provider has its notice, with a number that is none of ours.
func refundAtBank(d *desk) {
	d.needs(NoRefundNotice)
	ref, c := d.paid()
	d.notices()
	if err := d.bank.RefundAtBank(ref.AttemptNo, d.sum(290)); err != nil {
		d.Fatal(err)
	}
	n := d.theNotice(payment.RefundSucceeded)
	if n.ChannelTxnNo != c.ChannelTxnNo || !tells(n, 290, 290) {
		d.Errorf("notice %+v", n)
	}
}
