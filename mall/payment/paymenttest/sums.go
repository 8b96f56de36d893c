package paymenttest

import (
	"testing"

	"videomall/mall/money"
	"videomall/mall/payment"
)

// Sums takes a payment, and a refund of a part of it, through everything that names their sums: the charge, the notices,
// the refund and the statement. All of them have to name exactly these.
func (s Suite) Sums(t *testing.T, paid, back money.Money) {
	t.Helper()
	s.Currency = paid.Currency
	bank := s.Open(t)
	d := &desk{t, s, bank, bank.Provider(), 0}
	d.bank.Advance(noonFrom(d))
	day := d.bank.Now()
	r := d.request()
	r.Amount = paid
	created, err := d.Create(d.Context(), r)
	if err != nil {
		d.Fatalf("create %s: %v", paid, err)
	}
	ref := payment.ChargeRef{CreateRequest: r, ProviderRef: created.ProviderRef}
	d.pay(ref, Payment{})
	c := d.charge(ref, payment.ChargePaid)
	if n := d.theNotice(payment.PaymentSucceeded); c.Amount != paid || n.Amount != paid {
		d.Errorf("%s: the charge has %s, the notice %s", paid, c.Amount, n.Amount)
	}
	if result := d.refunded(d.ofPayment(ref, c, back.Amount)); result.Status != payment.ResultSucceeded {
		d.Errorf("refund of %s: %+v", back, result)
	}
	if d.has(NoRefundNotice) {
		n := d.theNotice(payment.RefundSucceeded)
		if !tells(n, back.Amount, back.Amount) || n.Amount.Currency+n.RefundedTotal.Currency != back.Currency {
			d.Errorf("refund of %s: the notice has %s, %s so far", back, n.Amount, n.RefundedTotal)
		}
	}
	d.nextDay()
	stated := map[string]money.Money{}
	for _, l := range d.lines(day) {
		stated[l.Kind] = l.Amount
	}
	if stated[payment.StatementPayment] != paid || stated[payment.StatementRefund] != back || len(stated) != 2 {
		d.Errorf("%s and a refund of %s: the statement has %v", paid, back, stated)
	}
}

// Refuses says that a sum can't be charged: no way to pay takes it, and the provider refuses it without asking anybody.
func (s Suite) Refuses(t *testing.T, sum money.Money) {
	t.Helper()
	bank := s.Open(t)
	d := &desk{t, s, bank, bank.Provider(), 0}
	for _, m := range d.Methods() {
		if m.Takes(sum) {
			d.Errorf("%s takes %s", m.Name, sum)
		}
	}
	r := d.request()
	r.Amount = sum
	_, err := d.Create(d.Context(), r)
	d.wants(err, payment.ErrRejected, "create "+sum.String())
	if n := d.bank.Charges(r.AttemptNo); n != 0 {
		d.Errorf("%s: the bank has %d charges", sum, n)
	}
}
