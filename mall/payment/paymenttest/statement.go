package paymenttest

import (
	"time"

	"videomall/mall/payment"
)

// A statement has each payment and each refund of its day once, each with its own sum.
func statement(d *desk) {
	d.bank.Advance(noonFrom(d))
	day := d.bank.Now()
	ref, c := d.paid()
	other, _ := d.paid()
	d.open()
	var refunds []payment.RefundRequest
	for _, part := range []int64{300, 400} {
		d.bank.Advance(10 * time.Second)
		r := d.ofPayment(ref, c, part)
		d.refunded(r)
		refunds = append(refunds, r)
	}
	d.nextDay()
	payments, back := map[string]int64{}, map[string]int64{}
	for _, l := range d.lines(day) {
		switch l.Kind {
		case payment.StatementPayment:
			payments[l.AttemptNo] += l.Amount.Amount
			if l.ChannelTxnNo == "" || l.Amount.Currency != d.Currency || l.Fee.Amount < 0 || l.Foreign {
				d.Errorf("line %+v", l)
			}
		case payment.StatementRefund:
			back[l.RefundNo] += l.Amount.Amount
			if l.ChannelTxnNo != c.ChannelTxnNo {
				d.Errorf("line %+v", l)
			}
		default:
			d.Errorf("line %+v", l)
		}
	}
	if len(payments) != 2 || payments[ref.AttemptNo] != 1290 || payments[other.AttemptNo] != 1290 {
		d.Errorf("payments %v", payments)
	}
	if len(back) != 2 || back[refunds[0].RefundNo] != 300 || back[refunds[1].RefundNo] != 400 {
		d.Errorf("refunds %v", back)
	}
}

// noonFrom returns the time to noon of the next day in the provider's zone.
func noonFrom(d *desk) time.Duration {
	now := d.bank.Now().In(d.Zone())
	y, m, day := now.Date()
	return time.Date(y, m, day+1, 12, 0, 0, 0, d.Zone()).Sub(now)
}

// A second before midnight and midnight, in the provider's zone, are two days.
func statementMidnight(d *desk) {
	now := d.bank.Now().In(d.Zone())
	y, m, day := now.Date()
	midnight := time.Date(y, m, day+1, 0, 0, 0, 0, d.Zone())
	d.bank.Advance(midnight.Add(-time.Second).Sub(d.bank.Now()))
	early, _ := d.paid()
	d.bank.Advance(midnight.Sub(d.bank.Now()))
	late, _ := d.paid()
	d.bank.Advance(60 * time.Hour)
	for at, want := range map[time.Time]string{
		midnight.Add(-time.Second): early.AttemptNo,
		midnight:                   late.AttemptNo,
	} {
		list := d.lines(at)
		if len(list) != 1 || list[0].AttemptNo != want {
			d.Errorf("the day of %s has %+v, want %s", at, list, want)
		}
	}
	if list := d.lines(midnight.AddDate(0, 0, 1)); len(list) != 0 {
		d.Errorf("a day without movements has %+v", list)
	}
}

// A day that isn't over has no statement, or one without an error that lists what there is.
func statementEarly(d *desk) {
	d.needs(StatementAnytime)
	d.paid()
	for line, err := range d.Statement(d.Context(), d.bank.Now()) {
		if err == nil {
			d.Fatalf("a line of a day that is not over: %+v", line)
		}
		d.wants(err, payment.ErrNoStatement, "statement of today")
	}
}
