package payment

import (
	"context"
	"net/http"
	"time"

	"videomall/mall/money"
)

// Provider is one way to be paid. Its methods may call over the network, so none is called inside a transaction. Every
// request that moves money carries a number of ours, and the provider treats a repeated number as the same request.
//
// Definite errors wrap ErrRejected, ErrAbsent, ErrProcessing or ErrAlreadyPaid. After any other error it is unknown
// whether the request arrived.
type Provider interface {
	// Name returns the provider's name in URLs and in the books, such as "sandbox".
	Name() string
	// Create opens a charge with the attempt's number, or finds the one that it opened before.
	Create(ctx context.Context, r CreateRequest) (Action, error)
	// Query returns the state of an attempt. For an attempt that the provider does not know it is ChargeAbsent, not an
	// error.
	Query(ctx context.Context, attemptNo string) (Charge, error)
	// Close makes an open charge unpayable; closing twice is no error.
	// Errors: ErrAlreadyPaid, ErrProcessing, ErrAbsent.
	Close(ctx context.Context, attemptNo string) error
	// Refund requests a refund; the answer usually means "accepted".
	Refund(ctx context.Context, r RefundRequest) (RefundResult, error)
	// QueryRefund returns the state of a refund. Errors: ErrAbsent.
	QueryRefund(ctx context.Context, refundNo, attemptNo string) (RefundResult, error)
	// ParseNotice verifies and parses a notice. body is at most MaxNotice bytes.
	// Errors: ErrBadSignature, ErrMalformedNotice; after either, nothing may be written.
	ParseNotice(h http.Header, body []byte) (Notice, error)
	// Acknowledge returns the answer to a notice. err is nil if the effect of the notice is committed.
	Acknowledge(err error) Ack
	// Statement lists the payments and refunds of one UTC day.
	Statement(ctx context.Context, day time.Time) ([]StatementLine, error)
}

// MaxNotice is the size in bytes above which a notice is refused unread.
const MaxNotice = 64 << 10

// CreateRequest asks a provider to open a charge for an attempt.
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
	Fields map[string]string `json:"fields,omitempty"` // the fields of the form
	Code   string            `json:"code,omitempty"`   // the text in the QR code
}

// The types of Action.
const (
	ActionRedirect = "redirect"
	ActionForm     = "form"
	ActionQR       = "qr"
)

// ChargeStatus is the status of an attempt at its provider.
type ChargeStatus string

// The statuses of a charge. ChargeUnknown stands for an answer that we can't interpret; ChargeAbsent says that the
// attempt never reached the provider, so it can't have been paid there.
const (
	ChargeOpen       ChargeStatus = "open"
	ChargeProcessing ChargeStatus = "processing"
	ChargePaid       ChargeStatus = "paid"
	ChargeFailed     ChargeStatus = "failed"
	ChargeClosed     ChargeStatus = "closed"
	ChargeUnknown    ChargeStatus = "unknown"
	ChargeAbsent     ChargeStatus = "absent"
)

// Charge is an attempt in the provider's books. ChannelTxnNo, Amount and PaidAt are set only if it is paid; Amount is
// what was taken, which may differ from what was asked for.
type Charge struct {
	Status       ChargeStatus
	ChannelTxnNo string
	Amount       money.Money
	PaidAt       time.Time
}

// RefundRequest asks a provider to refund one transaction, or a part of it.
type RefundRequest struct {
	RefundNo     string // ours; the same number is the same refund
	AttemptNo    string
	ChannelTxnNo string
	Amount       money.Money
	Reason       string
}

// RefundResult is a provider's answer about a refund.
type RefundResult struct {
	Status          ResultStatus
	ChannelRefundNo string
}

// ResultStatus is the status of a refund at its provider.
type ResultStatus string

// The statuses of a refund at its provider.
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

// Notice is a verified and parsed notification of a provider. ChannelTxnNo is that of the payment, even in the notice
// of a refund. RefundNo and ChannelRefundNo are empty unless it is the notice of a refund and the provider sent them;
// Merchant is empty if the provider names none.
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

// Ack is the answer to a notice in the form that its provider demands.
type Ack struct {
	Status      int
	ContentType string
	Body        string
}

// StatementLine is one movement in a provider's books. Amount is never negative; Kind gives the direction.
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
