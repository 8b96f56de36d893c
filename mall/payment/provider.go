package payment

import (
	"context"
	"iter"
	"net/http"
	"slices"
	"time"

	"videomall/mall/money"
)

// Provider is one way to be paid. Its methods may call over the network, so none is called inside a transaction. Every
// request that moves money carries a number of ours, and the provider treats a repeated number as the same request.
//
// Definite errors wrap ErrRejected, ErrRetryLater, ErrAbsent, ErrProcessing or ErrAlreadyPaid. After any other error it
// is unknown whether the request arrived.
type Provider interface {
	// Name returns the provider's name in URLs and in the books, such as "sandbox".
	Name() string
	// Methods lists the ways to pay at this provider, the preferred one first.
	Methods() []Method
	// Create opens a charge with the attempt's number, or finds the one that it opened before. The same request sent
	// twice is one charge. Errors: ErrRejected; ErrAlreadyPaid if it was paid before; ErrRetryLater.
	Create(ctx context.Context, r CreateRequest) (Created, error)
	// Query returns the state of an attempt. For an attempt that the provider does not know it is ChargeAbsent, not an
	// error.
	Query(ctx context.Context, c ChargeRef) (Charge, error)
	// Close makes an open charge unpayable; closing twice is no error.
	// Errors: ErrAlreadyPaid, ErrProcessing, ErrAbsent.
	Close(ctx context.Context, c ChargeRef) error
	// Refund requests a refund; the answer usually means "accepted". Errors: ErrRejected if this refund can never be
	// made; ErrRetryLater if the same request may succeed later, such as when the merchant's balance is too low.
	Refund(ctx context.Context, r RefundRequest) (RefundResult, error)
	// QueryRefund returns the state of a refund. Errors: ErrAbsent.
	QueryRefund(ctx context.Context, r RefundRef) (RefundResult, error)
	// ParseNotice verifies and parses a notice. body is at most MaxNotice bytes. An event of the provider's account that
	// isn't about a charge of ours is a notice of type Foreign.
	// Errors: ErrBadSignature, ErrMalformedNotice; after either, nothing may be written.
	ParseNotice(h http.Header, body []byte) (Notice, error)
	// ReadNotice reads the body of a notice again that ParseNotice has accepted, and that was kept since. It verifies
	// nothing, so it must never be given what somebody has just sent. Errors: ErrMalformedNotice, such as when the key
	// with which the body was encrypted has been replaced.
	ReadNotice(body []byte) (Notice, error)
	// Acknowledge returns the answer to a notice. err is nil if the effect of the notice is committed.
	Acknowledge(err error) Ack
	// Zone returns the time zone whose days the provider's statements cover.
	Zone() *time.Location
	// Statement yields the movements of the day in Zone that contains at, read one after the other, so that a day of any
	// size takes little memory. The last pair may have an error: the lines before it are not the whole statement then.
	// Errors: ErrNoStatement if the provider has not made it yet.
	Statement(ctx context.Context, at time.Time) iter.Seq2[StatementLine, error]
}

// Capturer is a Provider at which a payer only agrees to pay: the charge is ChargeApproved then, and nothing is taken
// until Capture asks for it. Whatever is never captured was never paid.
type Capturer interface {
	Provider
	// Capture takes the money of an approved charge, and returns the charge as it is then: paid, or still processing, or
	// open again if the payer's bank refused and the payer must choose another way. Capturing twice takes the money once.
	// Errors: ErrRejected if this charge can never be captured; ErrRetryLater; ErrAbsent.
	Capture(ctx context.Context, c ChargeRef) (Charge, error)
}

// Identifier is a Provider at which some methods need to know the payer before the payment: their NeedsPayer is set.
// The payer's browser goes to PayerURL, and comes back to the mall with a code, which Identify exchanges.
type Identifier interface {
	Provider
	// PayerURL returns where the payer's browser goes. It comes back to returnURL with the parameters code and state,
	// which is 1 to 128 letters and digits.
	PayerURL(returnURL, state string) string
	// Identify returns the payer's number, for CreateRequest.PayerID. A code can be exchanged once and within minutes.
	// Errors: ErrRejected if this code can never be exchanged, around ErrMisconfigured if no code can; ErrRetryLater.
	Identify(ctx context.Context, code string) (payerID string, err error)
}

// MaxNotice is the size in bytes above which a notice is refused unread.
const MaxNotice = 64 << 10

// Device is where the payer's browser runs, as far as ways to pay depend on it.
type Device string

// The devices. DeviceWeChat and DeviceAlipay are the browsers inside those apps.
const (
	DeviceDesktop Device = "desktop"
	DevicePhone   Device = "phone"
	DeviceWeChat  Device = "wechat"
	DeviceAlipay  Device = "alipay"
)

// Method is one way to pay at a provider, such as a page or a QR code.
type Method struct {
	Name       string   // unique at its provider: "page", "qr"
	Devices    []Device // where it can be used; empty for everywhere
	Currencies []string // what it takes, as ISO 4217 codes; empty for all
	// Multiples says, by currency and in minor units, what every sum must be a multiple of where not every sum can be
	// taken: 10 of KWD where card networks count hundredths, 100 of HUF where whole forints are counted.
	Multiples map[string]int64
	// Least is the smallest sum that can be charged, by currency and in minor units, where the provider publishes one: 50
	// of USD at Stripe. Refunds may be smaller.
	Least   map[string]int64
	Origins []string // where the payer's browser is sent, such as "https://checkout.stripe.com"
	// NeedsPayer says that CreateRequest.PayerID is required. The provider is an Identifier then.
	NeedsPayer bool
}

// Fits reports whether the method can take a sum of the currency from a payer with the device.
func (m Method) Fits(d Device, currency string) bool {
	return (len(m.Devices) == 0 || slices.Contains(m.Devices, d)) &&
		(len(m.Currencies) == 0 || slices.Contains(m.Currencies, currency))
}

// Takes reports whether the method can take exactly this sum from a payer.
func (m Method) Takes(sum money.Money) bool {
	return m.Moves(sum) && sum.Amount >= m.Least[sum.Currency]
}

// Moves reports whether the method can move exactly this sum, as in a refund, which no smallest sum binds.
func (m Method) Moves(sum money.Money) bool {
	return (len(m.Currencies) == 0 || slices.Contains(m.Currencies, sum.Currency)) &&
		sum.Amount%m.multiple(sum.Currency) == 0
}

// multiple is what sums of a currency must be a multiple of, in minor units: 1 where every sum can be taken.
func (m Method) multiple(currency string) int64 { return max(m.Multiples[currency], 1) }

// CreateRequest asks a provider to open a charge for an attempt. It is stored with the attempt, so that the very same
// request can be sent again: some providers have no other way to find a charge whose number we never received.
type CreateRequest struct {
	AttemptNo string      `json:"attemptNo"`
	Method    string      `json:"method"`             // the name of one of the provider's methods
	Subject   string      `json:"subject"`            // shown to the payer
	ReturnURL string      `json:"returnUrl"`          // where the payer's browser goes afterwards
	Language  string      `json:"language,omitempty"` // of the payer: "zh-CN" or "en"
	Amount    money.Money `json:"amount"`
	CreatedAt time.Time   `json:"createdAt"` // of the attempt, in whole seconds
	ExpiresAt time.Time   `json:"expiresAt"` // in whole seconds
	PayerID   string      `json:"payerId,omitempty"`
	PayerIP   string      `json:"-"` // not stored; it may differ when the request is repeated
}

// Created is an open charge: what the payer does next, and the provider's own number of the charge, if it has one
// before it is paid.
type Created struct {
	Action      Action
	ProviderRef string
}

// ChargeRef says which charge a request is about: by the request that opened it, and by the provider's own number,
// which is empty if the answer was lost or has none.
type ChargeRef struct {
	CreateRequest
	ProviderRef string
}

// Action is what the payer's browser does next.
type Action struct {
	Type   string            `json:"type"`             // ActionRedirect, ActionForm, ActionQR or ActionBridge
	URL    string            `json:"url,omitempty"`    // where to go, or where the form is posted
	Fields map[string]string `json:"fields,omitempty"` // the fields of the form, or the arguments of the bridge
	Code   string            `json:"code,omitempty"`   // the text in the QR code
}

// The types of Action. ActionBridge calls the payment function that WeChat offers to pages in its browser.
const (
	ActionRedirect = "redirect"
	ActionForm     = "form"
	ActionQR       = "qr"
	ActionBridge   = "bridge"
)

// ChargeStatus is the status of an attempt at its provider.
type ChargeStatus string

// The statuses of a charge. ChargeApproved says that the payer has agreed and that Capture takes the money, at a provider
// that is a Capturer. ChargeUnknown stands for an answer that we can't interpret. ChargeAbsent says that the
// provider does not know the attempt now. It may still be payable: some providers know nothing of a QR code until the
// payer has scanned it, and a request of ours may still be under way.
const (
	ChargeOpen       ChargeStatus = "open"
	ChargeApproved   ChargeStatus = "approved"
	ChargeProcessing ChargeStatus = "processing"
	ChargePaid       ChargeStatus = "paid"
	ChargeFailed     ChargeStatus = "failed"
	ChargeClosed     ChargeStatus = "closed"
	ChargeUnknown    ChargeStatus = "unknown"
	ChargeAbsent     ChargeStatus = "absent"
)

// Charge is an attempt in the provider's books. ChannelTxnNo, Amount and PaidAt are set only if it is paid; Amount is
// what was taken, which may differ from what was asked for. A charge that was refunded since is still ChargePaid.
type Charge struct {
	Status       ChargeStatus
	ProviderRef  string // the provider's own number, if the answer names it
	ChannelTxnNo string
	Amount       money.Money
	PaidAt       time.Time
}

// RefundRef says which refund of which transaction a request is about. ChannelRefundNo is empty if the provider's answer
// was lost or is still to come.
type RefundRef struct {
	RefundNo        string // ours; the same number is the same refund
	ChannelRefundNo string
	Charge          ChargeRef
	ChannelTxnNo    string
	Captured        money.Money // what the transaction took
	Amount          money.Money // of this refund
}

// RefundRequest asks a provider to refund one transaction, or a part of it.
type RefundRequest struct {
	RefundRef
	Reason string
}

// RefundResult is a provider's answer about a refund.
type RefundResult struct {
	Status          ResultStatus
	ChannelRefundNo string
}

// ResultStatus is the status of a refund at its provider.
type ResultStatus string

// The statuses of a refund at its provider. A refund that has succeeded may still fail, if the payer's bank sends the
// money back.
const (
	ResultProcessing ResultStatus = "processing"
	ResultSucceeded  ResultStatus = "succeeded"
	ResultFailed     ResultStatus = "failed"
)

// The types of Notice. Foreign is about something at the provider that isn't ours, such as a sale of another shop with
// the same account, or news that we have no use for: it is acknowledged and not stored.
const (
	PaymentApproved  = "payment.approved" // the payer has agreed; no money has moved
	PaymentSucceeded = "payment.succeeded"
	PaymentFailed    = "payment.failed"
	RefundSucceeded  = "refund.succeeded"
	RefundFailed     = "refund.failed"

	DisputeOpened          = "dispute.opened" // the payer's bank asks for the money
	DisputeFundsWithdrawn  = "dispute.funds_withdrawn"
	DisputeFundsReinstated = "dispute.funds_reinstated"
	DisputeWon             = "dispute.won"
	DisputeLost            = "dispute.lost"
	DisputeWarning         = "dispute.warning" // a bank's suspicion; no money moves

	Foreign = "foreign"
)

// Notice is a verified and parsed notification of a provider. ChannelTxnNo is that of the payment, even in the notice
// of a refund or a dispute. RefundNo and ChannelRefundNo are empty unless it is the notice of a refund and the provider
// sent them; Merchant is empty if the provider names none.
type Notice struct {
	Provider        string
	EventID         string // the same however often the event is sent
	Type            string
	AttemptNo       string
	ProviderRef     string // the provider's own number of the charge, if it sent one
	ChannelTxnNo    string
	RefundNo        string
	ChannelRefundNo string
	Merchant        string
	// Amount is what the event moved. For a refund of a provider that tells only how much of the payment has been
	// refunded so far, it is zero, and RefundedTotal says that.
	Amount        money.Money
	RefundedTotal money.Money
	Dispute       *Dispute // set for the types of disputes
	OccurredAt    time.Time
	Raw           []byte
}

// Dispute is a payer's claim at their bank, as a notice tells it.
type Dispute struct {
	DisputeNo   string // the provider's
	Reason      string // the provider's word, such as "fraudulent"
	EvidenceDue time.Time
}

// Ack is the answer to a notice in the form that its provider demands.
type Ack struct {
	Status      int
	ContentType string
	Body        string
}

// StatementLine is one movement in a provider's books. Amount is never negative; Kind gives the direction. Fee is what
// the provider kept, below zero if it gave a fee back; its currency is that of the settlement, which may differ from
// that of the sale.
type StatementLine struct {
	Kind         string // StatementPayment and so on
	AttemptNo    string // ours; empty if the provider does not repeat it
	ChannelTxnNo string
	RefundNo     string // empty unless it is of a refund
	DisputeNo    string // empty unless it is of a dispute
	Amount       money.Money
	Fee          money.Money
	At           time.Time
	Foreign      bool // not a sale of ours
}

// The kinds of StatementLine.
const (
	StatementPayment        = "payment"
	StatementRefund         = "refund"
	StatementRefundReturned = "refund_returned" // a refund that succeeded and failed later
	StatementDispute        = "dispute"         // taken for a dispute
	StatementDisputeWon     = "dispute_won"     // given back after one
	StatementCredit         = "credit"          // anything else that came in, such as a correction
	StatementDebit          = "debit"           // anything else that left, such as a fee or a payout to the bank
)
