package paymenttest

import (
	"context"
	"slices"
	"time"

	"videomall/mall/payment"
)

func methods(d *desk) {
	list := d.Methods()
	if !slices.ContainsFunc(list, func(m payment.Method) bool { return m.Name == d.Method }) {
		d.Fatalf("%q is none of %+v", d.Method, list)
	}
	seen := map[string]bool{}
	for _, m := range list {
		if m.Name == "" || seen[m.Name] {
			d.Errorf("method %q twice or without a name", m.Name)
		}
		seen[m.Name] = true
	}
}

func create(d *desk) {
	r := d.request()
	created, err := d.Create(d.Context(), r)
	if err != nil {
		d.Fatal(err)
	}
	a := created.Action
	ok := false
	switch a.Type {
	case payment.ActionRedirect:
		ok = a.URL != ""
	case payment.ActionForm:
		ok = a.URL != "" && len(a.Fields) > 0
	case payment.ActionQR:
		ok = a.Code != ""
	case payment.ActionBridge:
		ok = len(a.Fields) > 0
	}
	if !ok {
		d.Errorf("action %+v", a)
	}
	d.isOpen(payment.ChargeRef{CreateRequest: r, ProviderRef: created.ProviderRef})
	if sent := d.notices(); len(sent) != 0 {
		d.Errorf("notices before the payment: %+v", sent)
	}
}

// The same request is the same charge, however often it is sent.
func createAgain(d *desk) {
	r := d.request()
	first, err := d.Create(d.Context(), r)
	if err != nil {
		d.Fatal(err)
	}
	again, err := d.Create(d.Context(), r)
	if err != nil {
		d.Fatal(err)
	}
	if first.ProviderRef != again.ProviderRef || first.Action.Type != again.Action.Type {
		d.Errorf("first %+v, again %+v", first, again)
	}
	d.pay(payment.ChargeRef{CreateRequest: r, ProviderRef: first.ProviderRef}, Payment{})
	if n := d.bank.Charges(r.AttemptNo); n != 1 {
		d.Errorf("the bank has %d charges", n)
	}
}

func createLost(d *desk) {
	r := d.request()
	d.bank.Fault(FaultLostAnswer)
	created, err := d.Create(d.Context(), r)
	if err == nil {
		// A provider whose pages are opened by a form or a link is not called at all.
		if a := created.Action; a.Type != payment.ActionForm && a.Type != payment.ActionRedirect {
			d.Fatalf("a lost answer gave %+v", a)
		}
		d.bank.Fault("")
	} else {
		d.unknown(err, "create")
	}
	d.isOpen(payment.ChargeRef{CreateRequest: r})
	if created, err = d.Create(d.Context(), r); err != nil {
		d.Fatalf("create after a lost answer: %v", err)
	}
	d.pay(payment.ChargeRef{CreateRequest: r, ProviderRef: created.ProviderRef}, Payment{})
	if n := d.bank.Charges(r.AttemptNo); n != 1 {
		d.Errorf("the bank has %d charges", n)
	}
}

func createRefused(d *desk) {
	for name, change := range map[string]func(*payment.CreateRequest){
		"nothing to pay":    func(r *payment.CreateRequest) { r.Amount.Amount = 0 },
		"below zero":        func(r *payment.CreateRequest) { r.Amount.Amount = -1 },
		"no currency":       func(r *payment.CreateRequest) { r.Amount.Currency = "XXX" },
		"no number":         func(r *payment.CreateRequest) { r.AttemptNo = "" },
		"a bad number":      func(r *payment.CreateRequest) { r.AttemptNo = "a b\n" },
		"an unknown method": func(r *payment.CreateRequest) { r.Method = "cheque" },
		"a bad return":      func(r *payment.CreateRequest) { r.ReturnURL = "javascript:alert(1)" },
	} {
		r := d.request()
		change(&r)
		if _, err := d.Create(d.Context(), r); err == nil {
			d.Errorf("%s: no error", name)
		} else {
			d.wants(err, payment.ErrRejected, name)
		}
	}
}

func query(d *desk) {
	ref := d.open()
	before := d.bank.Now()
	d.bank.Advance(time.Minute)
	d.pay(ref, Payment{})
	c := d.charge(ref, payment.ChargePaid)
	if c.Amount != ref.Amount || c.ChannelTxnNo == "" ||
		c.PaidAt.Before(before) || c.PaidAt.After(d.bank.Now().Add(time.Second)) {
		d.Errorf("paid charge %+v; it is %s", c, d.bank.Now())
	}
	if again := d.charge(ref, payment.ChargePaid); again.ChannelTxnNo != c.ChannelTxnNo {
		d.Errorf("another transaction: %+v, then %+v", c, again)
	}
}

func queryUnknown(d *desk) {
	ref := payment.ChargeRef{CreateRequest: d.request()}
	if d.has(QueryCreates) {
		d.charge(ref, payment.ChargeAbsent)
	} else {
		d.charge(ref, payment.ChargeAbsent, payment.ChargeOpen)
	}
}

func queryOtherSum(d *desk) {
	ref := d.open()
	d.pay(ref, Payment{Amount: 1})
	if c := d.charge(ref, payment.ChargePaid); c.Amount != d.sum(1) {
		d.Errorf("the bank took 1, the charge says %s", c.Amount)
	}
}

// The answer that would have told the provider's number was lost, and the payer pays.
func queryWithoutRef(d *desk) {
	ref := d.open()
	d.pay(ref, Payment{})
	with := d.charge(ref, payment.ChargePaid)
	ref.ProviderRef = ""
	if c := d.charge(ref, payment.ChargePaid); c.ChannelTxnNo != with.ChannelTxnNo {
		d.Errorf("%+v without the number, %+v with it", c, with)
	}
}

// Where the payer only approves, nothing is taken before it is asked for, and it is taken once.
func captureApproved(d *desk) {
	capturer, is := d.Provider.(payment.Capturer)
	if !is {
		d.Skip("the provider takes the money by itself")
	}
	ref := d.open()
	if c, err := capturer.Capture(d.Context(), ref); err == nil && c.Status != payment.ChargeOpen {
		d.Errorf("captured before the payer approved: %+v", c)
	}
	if err := d.bank.Pay(ref.AttemptNo, Payment{}); err != nil {
		d.Fatal(err)
	}
	d.charge(ref, payment.ChargeApproved)
	n := d.theNotice(payment.PaymentApproved)
	if n.AttemptNo != ref.AttemptNo || n.ProviderRef != ref.ProviderRef || n.Amount != ref.Amount || n.ChannelTxnNo != "" {
		d.Errorf("notice %+v", n)
	}
	d.bank.Fault(FaultLostAnswer)
	_, err := capturer.Capture(d.Context(), ref)
	d.unknown(err, "capture")
	d.bank.Advance(time.Minute)
	again, err := capturer.Capture(d.Context(), payment.ChargeRef{CreateRequest: ref.CreateRequest})
	if err != nil || again.Status != payment.ChargePaid || again.Amount != ref.Amount {
		d.Fatalf("captured again: %+v, %v", again, err)
	}
	if c := d.charge(ref, payment.ChargePaid); c.ChannelTxnNo != again.ChannelTxnNo {
		d.Errorf("another transaction: %+v, then %+v", again, c)
	}
	d.theNotice(payment.PaymentSucceeded)

	left := d.open()
	if err := d.bank.Pay(left.AttemptNo, Payment{}); err != nil {
		d.Fatal(err)
	}
	if err := d.Close(d.Context(), left); err != nil {
		d.Errorf("leave what was approved: %v", err)
	}
	d.bank.Advance(25 * time.Hour)
	d.charge(left, payment.ChargeApproved, payment.ChargeClosed, payment.ChargeAbsent, payment.ChargeFailed)
	for _, n := range d.notices() {
		if n.Type == payment.PaymentSucceeded {
			d.Errorf("what was never captured was paid: %+v", n)
		}
	}
}

func processing(d *desk) {
	d.needs(NoPending)
	ref := d.open()
	d.pay(ref, Payment{Pending: true})
	d.charge(ref, payment.ChargeProcessing)
	for _, n := range d.notices() {
		if n.Type == payment.PaymentSucceeded {
			d.Errorf("the notice of a payment that is still processed: %+v", n)
		}
	}
	if err := d.Close(d.Context(), ref); err != nil {
		d.wants(err, payment.ErrProcessing, "close")
		d.pay(ref, Payment{})
		d.charge(ref, payment.ChargePaid)
	}
}

func failed(d *desk) {
	d.needs(NoFailure)
	ref := d.open()
	d.pay(ref, Payment{Fails: true})
	d.charge(ref, payment.ChargeFailed, payment.ChargeClosed, payment.ChargeOpen)
	for _, n := range d.notices() {
		if n.Type == payment.PaymentSucceeded {
			d.Errorf("the notice of a payment that failed: %+v", n)
		}
	}
}

func closeOpen(d *desk) {
	ref := d.open()
	switch err := d.Close(d.Context(), ref); {
	case err == nil:
		_, captures := d.Provider.(payment.Capturer)
		if err := d.bank.Pay(ref.AttemptNo, Payment{}); err == nil && !captures {
			d.Error("a closed charge was paid")
		}
		if captures { // the payer may still approve, and nothing is taken
			d.charge(ref, payment.ChargeClosed, payment.ChargeOpen, payment.ChargeApproved)
			return
		}
		d.charge(ref, payment.ChargeClosed)
	case d.has(AbsentAtFirst):
		d.Fatalf("close: %v", err)
	default:
		d.wants(err, payment.ErrAbsent, "close what nobody began to pay")
	}
	if err := d.Close(d.Context(), ref); err != nil && d.has(AbsentAtFirst) {
		d.Errorf("close again: %v", err)
	}
}

func closePaid(d *desk) {
	ref, c := d.paid()
	d.wants(d.Close(d.Context(), ref), payment.ErrAlreadyPaid, "close a paid charge")
	if again := d.charge(ref, payment.ChargePaid); again.ChannelTxnNo != c.ChannelTxnNo {
		d.Errorf("after the attempt to close: %+v", again)
	}
}

func closeUnknown(d *desk) {
	if err := d.Close(d.Context(), payment.ChargeRef{CreateRequest: d.request()}); err != nil {
		d.wants(err, payment.ErrAbsent, "close what was never opened")
	}
}

// A charge can't be paid once its time is over, whether anybody closed it or not.
func expired(d *desk) {
	ref := d.open()
	d.bank.Advance(25 * time.Hour)
	if err := d.bank.Pay(ref.AttemptNo, Payment{}); err == nil {
		d.Error("an expired charge was paid")
	}
	d.charge(ref, payment.ChargeClosed, payment.ChargeAbsent, payment.ChargeFailed)
}

func faults(d *desk) {
	ref, c := d.paid()
	for _, fault := range []Fault{FaultUnavailable, FaultSlow, FaultLostAnswer} {
		d.bank.Fault(fault)
		ctx, cancel := context.WithTimeout(d.Context(), 300*time.Millisecond)
		_, err := d.Query(ctx, ref)
		cancel()
		d.unknown(err, "query, "+string(fault))
	}
	d.bank.Fault(FaultUnavailable)
	_, err := d.Refund(d.Context(), d.ofPayment(ref, c, 100))
	d.unknown(err, "refund")
	if back := d.bank.Refunded(ref.AttemptNo); back != 0 {
		d.Errorf("a refund that the bank never got gave %d back", back)
	}
	d.bank.Fault(FaultUnavailable)
	d.unknown(d.Close(d.Context(), ref), "close")
	d.charge(ref, payment.ChargePaid)
}

func badAnswer(d *desk) {
	d.needs(NoBadAnswer)
	ref, c := d.paid()
	d.bank.Fault(FaultBadAnswer)
	_, err := d.Query(d.Context(), ref)
	d.unknown(err, "query")
	d.bank.Fault(FaultBadAnswer)
	_, err = d.Refund(d.Context(), d.ofPayment(ref, c, 100))
	d.unknown(err, "refund")
}

func cancelled(d *desk) {
	ref := d.open()
	ctx, cancel := context.WithCancel(d.Context())
	cancel()
	_, err := d.Query(ctx, ref)
	d.unknown(err, "query")
	d.wants(err, context.Canceled, "query")
}
