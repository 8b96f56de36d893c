package paymenttest

import (
	"errors"
	"slices"
	"time"

	"videomall/mall/payment"
)

func notice(d *desk) {
	ref, c := d.paid()
	n := d.theNotice(payment.PaymentSucceeded)
	if n.AttemptNo != ref.AttemptNo || n.ChannelTxnNo != c.ChannelTxnNo || n.Amount != ref.Amount ||
		n.OccurredAt.Sub(c.PaidAt).Abs() > time.Minute {
		d.Errorf("notice %+v of charge %+v", n, c)
	}
	if n.RefundNo != "" || n.Dispute != nil {
		d.Errorf("the notice of a payment names a refund or a dispute: %+v", n)
	}
}

// Whatever is changed of a notice, it is refused.
func noticeChanged(d *desk) {
	d.paid()
	sent := d.bank.Notices()
	if len(sent) == 0 {
		d.Fatal("no notice")
	}
	body := sent[0].Body
	refused := 0
	for at := 0; at < len(body); at += 1 + len(body)/200 {
		changed := slices.Clone(body)
		changed[at] ^= 1
		if n, err := d.ParseNotice(sent[0].Header, changed); err == nil && n.Type != payment.Foreign {
			d.Fatalf("byte %d changed, and the notice was taken: %+v", at, n)
		} else if err != nil && !errors.Is(err, payment.ErrBadSignature) && !errors.Is(err, payment.ErrMalformedNotice) {
			d.Fatalf("byte %d changed: %v", at, err)
		}
		refused++
	}
	for _, cut := range []int{0, 1, len(body) / 2, len(body) - 1} {
		if _, err := d.ParseNotice(sent[0].Header, body[:cut]); err == nil {
			d.Errorf("%d bytes of %d were taken", cut, len(body))
		}
	}
	if _, err := d.ParseNotice(nil, body); err == nil && len(sent[0].Header) > 1 {
		d.Error("a notice without its header was taken")
	}
	if _, err := d.ParseNotice(sent[0].Header, slices.Concat(body, make([]byte, payment.MaxNotice))); err == nil {
		d.Error("a notice that is too large was taken")
	}
	if refused < 100 {
		d.Errorf("only %d changes tried", refused)
	}
}

// Many providers sign the time; a notice from long ago or from the future is refused then.
func noticeTooOld(d *desk) {
	d.needs(NoTimestamp)
	d.paid()
	sent := d.bank.Notices()[0]
	for _, move := range []time.Duration{10 * time.Minute, -20 * time.Minute} {
		d.bank.Advance(move)
		_, err := d.ParseNotice(sent.Header, sent.Body)
		d.wants(err, payment.ErrBadSignature, move.String())
	}
	d.bank.Advance(10 * time.Minute)
	if _, err := d.ParseNotice(sent.Header, sent.Body); err != nil {
		d.Errorf("in its time: %v", err)
	}
}

// Events differ; one event stays the same however often it is sent.
func noticeRepeated(d *desk) {
	first, _ := d.paid()
	one := d.theNotice(payment.PaymentSucceeded)
	second, c := d.paid()
	two := d.theNotice(payment.PaymentSucceeded)
	if one.EventID == two.EventID {
		d.Errorf("payments of %s and %s are one event", first.AttemptNo, second.AttemptNo)
	}
	seen := map[string]bool{one.EventID: true, two.EventID: true}
	if !d.has(NoRefundNotice) {
		return
	}
	for _, part := range []int64{100, 100} { // two refunds of the same sum are two events
		d.bank.Advance(10 * time.Second)
		d.refunded(d.ofPayment(second, c, part))
		n := d.theNotice(payment.RefundSucceeded)
		if seen[n.EventID] {
			d.Errorf("event %s was seen before", n.EventID)
		}
		seen[n.EventID] = true
	}
}

func noticeForeign(d *desk) {
	d.needs(NoForeign)
	if err := d.bank.Foreign(); err != nil {
		d.Fatal(err)
	}
	sent := d.notices()
	if len(sent) == 0 {
		d.Fatal("no notice")
	}
	for _, n := range sent {
		if n.Type != payment.Foreign {
			d.Errorf("notice %+v", n)
		}
	}
}

func acknowledge(d *desk) {
	good := d.Acknowledge(nil)
	if good.Status < 200 || good.Status > 299 {
		d.Errorf("acknowledged with %+v", good)
	}
	for _, err := range []error{
		payment.ErrBadSignature, payment.ErrMalformedNotice, payment.ErrProviderDown, errors.New("database is down: password=x"),
	} {
		bad := d.Acknowledge(err)
		if bad == good {
			d.Errorf("%v is answered like a success: %+v", err, bad)
		}
		d.hides(bad.Body, "password")
	}
}

func disputes(d *desk) {
	d.needs(NoDisputes)
	ref, c := d.paid()
	d.notices()
	no := ""
	for _, step := range [][]string{
		{payment.DisputeOpened},
		{payment.DisputeFundsWithdrawn},
		{payment.DisputeWon},
		{payment.DisputeFundsReinstated},
	} {
		err := d.bank.Dispute(ref.AttemptNo, step[0])
		if errors.Is(err, ErrUnsupported) && !d.has(DisputeMoney) {
			continue
		}
		if err != nil {
			d.Fatalf("%s: %v", step[0], err)
		}
		n := d.theNotice(step[0])
		if n.ChannelTxnNo != c.ChannelTxnNo || n.Dispute == nil || n.Dispute.DisputeNo == "" ||
			no != "" && n.Dispute.DisputeNo != no || n.Amount != c.Amount {
			d.Fatalf("%s: notice %+v, dispute %+v", step[0], n, n.Dispute)
		}
		no = n.Dispute.DisputeNo
		if step[0] == payment.DisputeOpened && (n.Dispute.EvidenceDue.IsZero() || n.Dispute.Reason == "") {
			d.Errorf("dispute %+v", n.Dispute)
		}
	}
	ref, _ = d.paid()
	d.notices()
	for _, kind := range []string{payment.DisputeWarning, payment.DisputeOpened, payment.DisputeLost} {
		if err := d.bank.Dispute(ref.AttemptNo, kind); err != nil {
			d.Fatalf("%s: %v", kind, err)
		}
		d.theNotice(kind)
	}
}
