package payment

import (
	"context"
	"net/http"
	"time"

	"videomall/mall/money"
)

// Provider is one way to be paid. Its methods may take the network's time, so none is called inside a
// transaction. Every request that moves money carries a number of ours, and the provider treats a
// repeated number as the same request.
//
// Errors that a method is sure about wrap ErrRejected, ErrAbsent, ErrProcessing or ErrAlreadyPaid. Any
// other error means that nobody knows whether the request arrived.
type Provider interface {
	// Name is the word used in URLs and in the books: "sandbox".
	Name() string
	// Create opens a charge under the attempt's number, or finds the one that it opened before.
	Create(ctx context.Context, r CreateRequest) (Action, error)
	// Query says what became of an attempt. One that the provider never heard of is ChargeAbsent, not an error.
	Query(ctx context.Context, attemptNo string) (Charge, error)
	// Close makes an open charge unpayable; closing twice is no error.
	// Errors: ErrAlreadyPaid, ErrProcessing, ErrAbsent.
	Close(ctx context.Context, attemptNo string) error
	// Refund asks for money to be returned; the answer usually means "accepted".
	Refund(ctx context.Context, r RefundRequest) (RefundResult, error)
	// QueryRefund says what became of a refund. Errors: ErrAbsent.
	QueryRefund(ctx context.Context, refundNo, attemptNo string) (RefundResult, error)
	// ParseNotice verifies and reads what a provider posted. body is at most MaxNotice bytes.
	// Errors: ErrBadSignature, ErrMalformedNotice; after either, nothing may be written.
	ParseNotice(h http.Header, body []byte) (Notice, error)
	// Acknowledge words the answer to a notice: err is nil when its effect is committed.
	Acknowledge(err error) Ack
	// Statement lists what moved on one day of UTC.
	Statement(ctx context.Context, day time.Time) ([]StatementLine, error)
}

// MaxNotice is the size in bytes above which a notice is turned away unread.
const MaxNotice = 64 << 10

// CreateRequest is what a provider is told about an attempt.
type CreateRequest struct {
	AttemptNo string
	Subject   string // shown to the payer
	ReturnURL string // where the payer's browser goes afterwards
	Amount    money.Money
	ExpiresAt time.Time
}

// Action is what the payer's browser does next.
type Action struct {
	Type   string            `json:"type"`             // ActionRedirect, ActionForm or ActionQR
	URL    string            `json:"url,omitempty"`    // where to go, or where the form is posted
	Fields map[string]string `json:"fields,omitempty"` // the form's
	Code   string            `json:"code,omitempty"`   // the text inside the QR code
}

// The types of Action.
const (
	ActionRedirect = "redirect"
	ActionForm     = "form"
	ActionQR       = "qr"
)

// ChargeStatus is a provider's word on an attempt.
type ChargeStatus string

// What a charge may be. ChargeUnknown is an answer that we can't read; ChargeAbsent says that the
// attempt never reached the provider, so that it can't have been paid there.
const (
	ChargeOpen       ChargeStatus = "open"
	ChargeProcessing ChargeStatus = "processing"
	ChargePaid       ChargeStatus = "paid"
	ChargeFailed     ChargeStatus = "failed"
	ChargeClosed     ChargeStatus = "closed"
	ChargeUnknown    ChargeStatus = "unknown"
	ChargeAbsent     ChargeStatus = "absent"
)

// Charge is an attempt in the provider's books. ChannelTxnNo, Amount and PaidAt count only when it is
// paid; Amount is what was taken, which may differ from what was asked.
type Charge struct {
	Status       ChargeStatus
	ChannelTxnNo string
	Amount       money.Money
	PaidAt       time.Time
}

// RefundRequest asks for a part of one transaction back.
type RefundRequest struct {
	RefundNo     string // ours; the same number is the same refund
	AttemptNo    string
	ChannelTxnNo string
	Amount       money.Money
	Reason       string
}

// RefundResult is a provider's word on a refund.
type RefundResult struct {
	Status          ResultStatus
	ChannelRefundNo string
}

// ResultStatus is how far a provider has come with a refund.
type ResultStatus string

// What a refund may be at a provider.
const (
	ResultProcessing ResultStatus = "processing"
	ResultSucceeded  ResultStatus = "succeeded"
	ResultFailed     ResultStatus = "failed"
)

// The types of Notice.
const (
	PaymentSucceeded = "payment.succeeded"
	PaymentFailed    = "payment.failed"
	RefundSucceeded  = "refund.succeeded"
	RefundFailed     = "refund.failed"
)

// Notice is what a provider told us by itself, verified and read. ChannelTxnNo is the payment's, also in
// a refund's notice. RefundNo and ChannelRefundNo are empty unless the type is a refund's and the
// provider sent them; Merchant is empty where the provider names none.
type Notice struct {
	Provider        string
	EventID         string
	Type            string
	AttemptNo       string
	ChannelTxnNo    string
	RefundNo        string
	ChannelRefundNo string
	Merchant        string
	Amount          money.Money
	OccurredAt      time.Time
	Raw             []byte
}

// Ack is the answer to a notice in the words that its provider demands.
type Ack struct {
	Status      int
	ContentType string
	Body        string
}

// StatementLine is one movement in a provider's books. Amount is never negative; Kind says its direction.
type StatementLine struct {
	Kind         string // StatementPayment or StatementRefund
	AttemptNo    string
	ChannelTxnNo string
	RefundNo     string // empty for a payment
	Amount       money.Money
	Fee          money.Money
	At           time.Time
}

// The kinds of StatementLine.
const (
	StatementPayment = "payment"
	StatementRefund  = "refund"
)
