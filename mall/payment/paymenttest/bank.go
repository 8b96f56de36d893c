// Package paymenttest holds what every payment provider must do: a suite of tests that runs against the provider's
// client and a stand-in for its servers. It knows no provider by name.
package paymenttest

import (
	"errors"
	"net/http"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
)

// What a Bank answers to its test.
var (
	ErrNotPayable  = errors.New("paymenttest: the charge can't be paid")
	ErrUnsupported = errors.New("paymenttest: the provider has no such thing")
)

// Bank is a provider's side of the line as a test plays it: a stand-in for its servers, with what payers, their banks
// and the provider's staff do there. It keeps books of its own, verifies what it is asked and signs what it says. Its
// clock is that of the client.
type Bank interface {
	// Provider returns the client under test, configured for this bank.
	Provider() payment.Provider
	// Now and Advance read and move the clock of the bank and of the client.
	Now() time.Time
	Advance(d time.Duration)

	// Pay lets the payer pay an attempt. Errors: ErrNotPayable.
	Pay(attemptNo string, how Payment) error
	// FinishRefund ends a refund that the bank has accepted. It may be called again: a refund that has succeeded can
	// fail later, if the bank has such refunds.
	FinishRefund(refundNo string, succeeded bool) error
	// RefundAtBank makes a refund that we never asked for, as the provider's staff or the merchant's console would.
	RefundAtBank(attemptNo string, amount money.Money) error
	// SetBalance sets what the merchant has at the bank for refunds, in minor units of the currency of the charges.
	SetBalance(minor int64)
	// Dispute moves the dispute of a paid attempt on: payment.DisputeOpened and so on. Errors: ErrUnsupported for a
	// provider without disputes.
	Dispute(attemptNo, to string) error

	// Notices returns the notices that the bank has sent since the last call, the oldest first.
	Notices() []Delivery
	// Foreign sends a notice of the same account about something that isn't ours. Errors: ErrUnsupported.
	Foreign() error
	// Fault makes the bank treat the next request in this way, once; an empty one takes that back.
	Fault(f Fault)
	// Charges returns how many charges the bank has opened for an attempt.
	Charges(attemptNo string) int
	// Refunded returns how much of an attempt's payment the bank has given back, in minor units.
	Refunded(attemptNo string) int64
}

// Payment says how the payer pays. The zero value pays what was asked for, at once.
type Payment struct {
	Amount  int64 // taken instead of the sum asked for, in minor units; 0 for that sum
	Pending bool  // the bank is still processing it; Pay again without Pending ends it well
	Fails   bool  // the payment fails for good
}

// Delivery is one notice as it reaches the mall.
type Delivery struct {
	Header http.Header
	Body   []byte
}

// Fault is what goes wrong with one request.
type Fault string

// The faults. After FaultLostAnswer the bank has done what it was asked.
const (
	FaultUnavailable Fault = "unavailable" // a 5xx that does nothing
	FaultSlow        Fault = "slow"        // answers after the client's patience
	FaultLostAnswer  Fault = "lost_answer"
	FaultBadAnswer   Fault = "bad_answer" // not what the protocol says, or badly signed
)

// Feature is what not every provider has.
type Feature string

// The features that a Suite can be told to leave out, since the provider has none of it.
const (
	NoPending       Feature = "no_pending"        // payments are never being processed
	NoFailure       Feature = "no_failure"        // a charge can't fail for good
	NoLateFailure   Feature = "no_late_failure"   // a refund that has succeeded stays so
	NoRefundNotice  Feature = "no_refund_notice"  // refunds have no notices
	NoFailedRefunds Feature = "no_failed_refunds" // a refund that was accepted succeeds
	NoBalance       Feature = "no_balance"        // a refund is never refused for want of balance
	NoDisputes      Feature = "no_disputes"
	DisputeMoney    Feature = "dispute_money"   // a dispute tells when its sum is taken and given back
	NoForeign       Feature = "no_foreign"      // its notices are about our charges alone
	NoBadAnswer     Feature = "no_bad_answer"   // its answers are not signed
	NoTimestamp     Feature = "no_timestamp"    // its notices don't sign the time
	QueryCreates    Feature = "query_creates"   // asking without the provider's number opens the charge
	AbsentAtFirst   Feature = "absent_at_first" // a charge is unknown to the provider until the payer begins to pay
	// StatementAnytime is for a provider that lists the movements of a day before it is over.
	StatementAnytime Feature = "statement_anytime"
)
