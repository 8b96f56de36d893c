package payment_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

// asker is the sandbox as a provider whose payers only agree.
type asker struct {
	*sandbox.Sandbox
	during func() // a capture
	charge payment.Charge
	err    error
}

func (a *asker) Capture(context.Context, payment.ChargeRef) (payment.Charge, error) {
	if a.during != nil {
		a.during()
	}
	return a.charge, a.err
}

// What is captured is claimed: meanwhile nobody closes the attempt or captures it a second time.
func TestPayments_CaptureApproved_claims(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	bank := &asker{Sandbox: k.sandbox, charge: payment.Charge{Status: payment.ChargeOpen}}
	payments := payment.New(payment.Deps{Pool: k.pool, Now: k.now, Providers: []payment.Provider{bank}})
	a := k.prepay("order-1")
	claimed := func() bool {
		return k.count("select count(*) from video_payment where capturing_until is not null") == 1
	}
	bank.during = func() {
		_, err := payments.CaptureApproved(k.ctx, a)
		wantErr(t, err, payment.ErrProcessing)
		wantErr(t, payments.CloseAttempts(k.ctx, "order-1"), payment.ErrProcessing)
		if !claimed() {
			t.Error("it is not claimed")
		}
	}
	if _, err := payments.CaptureApproved(k.ctx, a); err != nil || claimed() {
		t.Errorf("a definite answer: %v, claimed: %t", err, claimed())
	}
	// After an answer that is lost the claim holds for a while.
	bank.during, bank.err = nil, errors.New("timeout")
	_, err := payments.CaptureApproved(k.ctx, a)
	wantErr(t, err, payment.ErrProviderDown)
	bank.err = nil
	wantErr(t, payments.CloseAttempts(k.ctx, "order-1"), payment.ErrProcessing)
	_, err = payments.CaptureApproved(k.ctx, a)
	wantErr(t, err, payment.ErrProcessing)
	k.pass(31 * time.Second)
	if err := payments.CloseAttempts(k.ctx, "order-1"); err != nil || claimed() {
		t.Errorf("once the claim has lapsed: %v", err)
	}
	_, err = payments.CaptureApproved(k.ctx, a)
	wantErr(t, err, payment.ErrPaymentExpired)
}

// What was refused for good can't be captured again, and what is paid never is.
func TestPayments_CaptureApproved_ends(t *testing.T) {
	t.Parallel()
	k := newTill(t, nil)
	bank := &asker{Sandbox: k.sandbox, err: payment.ErrRejected}
	payments := payment.New(payment.Deps{Pool: k.pool, Now: k.now, Providers: []payment.Provider{bank}})
	a := k.prepay("refused")
	_, err := payments.CaptureApproved(k.ctx, a)
	wantErr(t, err, payment.ErrRejected)
	_, err = payments.CaptureApproved(k.ctx, a)
	wantErr(t, err, payment.ErrPaymentExpired)
	if got := k.attempts("refused")[0].Status; got != payment.AttemptFailed {
		t.Errorf("the attempt is %s", got)
	}
	// The reference was paid by its attempt at another provider, and this one is still open.
	open := k.prepay("paid")
	r := k.request("paid")
	r.Provider = "second"
	other, err := k.payments.Prepay(k.ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	k.capture(other, k.pay(other, sandbox.PayOptions{}), payment.Consumed)
	bank.during = func() { t.Error("what is paid was captured") }
	_, err = payments.CaptureApproved(k.ctx, open)
	wantErr(t, err, payment.ErrPaymentExpired)
}
