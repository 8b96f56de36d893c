package stripe

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"videomall/mall/payment"
	"videomall/mall/strictjson"
)

// event is the envelope of every notice. The object in it is as it was when the event happened.
type event struct {
	ID         string    `json:"id"`
	Object     string    `json:"object"`
	Type       string    `json:"type"`
	APIVersion string    `json:"api_version"`
	Created    int64     `json:"created"`
	Livemode   *bool     `json:"livemode"`
	Account    string    `json:"account"` // of a connected account; empty for our own
	Data       eventData `json:"data"`
}

type eventData struct {
	Object   rawObject `json:"object"`
	Previous rawObject `json:"previous_attributes"` // the former values of what an update changed; often none
}

// before returns the status from which an update has changed an object, or "" if it hasn't.
func (d eventData) before() (string, error) {
	var previous struct {
		Status string `json:"status"`
	}
	if len(d.Previous) == 0 {
		return "", nil
	}
	err := strictjson.Open(d.Previous, &previous)
	return previous.Status, err
}

// rawObject is an object whose type the event's type tells.
type rawObject []byte

// UnmarshalJSON keeps the bytes.
func (o *rawObject) UnmarshalJSON(b []byte) error {
	*o = append((*o)[:0], b...)
	return nil
}

// errForeign says that an event isn't about us, or is news of which we have no use.
var errForeign = errors.New("stripe: not ours")

// readers read the events that we have a use for. Each fills in a notice, whose type, provider, event and time are set
// around it. Errors: errForeign; any other says that the event is malformed.
//
// Sessions have our mark and the attempt's number. A refund has both if we made it; one that was made in the Dashboard
// has neither, and nor has any dispute or warning. All of them name the payment intent, so such notices have a
// ChannelTxnNo but no AttemptNo, and whoever keeps the captures finds the attempt by it. It can't be told from such an
// event alone whether the payment is ours: of a payment that the mall doesn't know, another shop with the same account
// made the sale.
var readers = map[string]func(*Stripe, event, *payment.Notice) error{
	"checkout.session.completed":               (*Stripe).readCompleted,
	"checkout.session.async_payment_succeeded": (*Stripe).readCompleted,
	"checkout.session.async_payment_failed":    (*Stripe).readEnded,
	"checkout.session.expired":                 (*Stripe).readEnded,
	"refund.created":                           (*Stripe).readRefund,
	"refund.updated":                           (*Stripe).readRefund,
	"refund.failed":                            (*Stripe).readRefund,
	"charge.dispute.created":                   (*Stripe).readDispute,
	"charge.dispute.updated":                   (*Stripe).readDispute,
	"charge.dispute.closed":                    (*Stripe).readDispute,
	"charge.dispute.funds_withdrawn":           (*Stripe).readDispute,
	"charge.dispute.funds_reinstated":          (*Stripe).readDispute,
	"radar.early_fraud_warning.created":        (*Stripe).readWarning,
}

// EventTypes returns the types of events that the webhook endpoint has to be created with, sorted. Refunds are told by
// the events of the refunds themselves, each with its own sum; charge.refunded names the total so far.
func EventTypes() []string { return slices.Sorted(maps.Keys(readers)) }

// ParseNotice verifies an event, then parses it. An event of another release of Stripe's API than Version's, of which
// only the date may differ, is an error: its objects may have another shape, in which a sum or a status could be
// misread. Stripe then repeats it for three days, shows the endpoint as failing and writes to its owner, until somebody
// creates the endpoint anew with api_version=2026-03-25.dahlia. An event of the other mode, live or test, is an error
// for the same reason: the secret of the endpoint and the key of the API don't belong together.
// Errors: payment.ErrBadSignature, payment.ErrMalformedNotice.
func (s *Stripe) ParseNotice(h http.Header, body []byte) (payment.Notice, error) {
	if len(body) > payment.MaxNotice {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("%d bytes", len(body))
	}
	if err := s.verify(h, body); err != nil {
		return payment.Notice{}, err
	}
	return s.ReadNotice(body)
}

// ReadNotice parses an event again that ParseNotice has accepted. It verifies nothing. Errors:
// payment.ErrMalformedNotice.
func (s *Stripe) ReadNotice(body []byte) (payment.Notice, error) {
	var e event
	if err := strictjson.Open(body, &e); err != nil {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("%w", err)
	}
	if err := s.checkEnvelope(e); err != nil {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("event %.60q: %w", e.ID, err)
	}
	n := payment.Notice{Provider: Name, EventID: e.ID, Type: payment.Foreign, OccurredAt: at(e.Created), Raw: body}
	read, known := readers[e.Type]
	if !known || e.Account != "" {
		return n, nil
	}
	if len(e.Data.Object) == 0 || e.Data.Object[0] != '{' {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("event %.60q has no object", e.ID)
	}
	full := n
	switch err := read(s, e, &full); {
	case errors.Is(err, errForeign):
		return n, nil
	case err != nil:
		return payment.Notice{}, payment.ErrMalformedNotice.Because("event %.60q, %s: %w", e.ID, e.Type, err)
	}
	return full, nil
}

func (s *Stripe) checkEnvelope(e event) error {
	_, train, _ := strings.Cut(Version, ".")
	_, its, _ := strings.Cut(e.APIVersion, ".")
	switch {
	case e.Object != "event":
		return fmt.Errorf("object %.40q: the endpoint must send snapshot events, not thin ones", e.Object)
	case !plain(e.ID) || e.Type == "" || e.Created <= 0 || e.Created > maxUnix:
		return errors.New("id, type and created are required")
	case its != train:
		return fmt.Errorf("API version %.40q: create the endpoint with api_version=%s", e.APIVersion, Version)
	case e.Livemode == nil || *e.Livemode != s.live:
		return fmt.Errorf("livemode is not %t, as the secret key is", s.live)
	}
	return nil
}

// maxUnix is the last second of the year 9999, the last that a timestamp in the books can have.
const maxUnix = 253402300799

// readSession reads a session of ours. Errors: errForeign.
func (s *Stripe) readSession(e event, n *payment.Notice) (session, error) {
	var got session
	if err := strictjson.Open(e.Data.Object, &got); err != nil {
		return got, err
	}
	if got.Metadata[metaShop] != s.opt.Shop {
		return got, errForeign
	}
	n.AttemptNo, n.ProviderRef, n.ChannelTxnNo = got.ClientReferenceID, got.ID, got.PaymentIntent.ID
	switch {
	case got.Object != "checkout.session" || !plain(got.ID):
		return got, fmt.Errorf("object %.40q %.60q", got.Object, got.ID)
	case !attemptShape.MatchString(got.ClientReferenceID) || got.Metadata[metaAttempt] != got.ClientReferenceID:
		return got, fmt.Errorf("session of %.60q, marked as %.60q", got.ClientReferenceID, got.Metadata[metaAttempt])
	case n.ChannelTxnNo != "" && !plain(n.ChannelTxnNo):
		return got, fmt.Errorf("payment intent %.60q", n.ChannelTxnNo)
	}
	var err error
	n.Amount, err = FromStripe(got.AmountTotal, got.Currency)
	return got, err
}

// readCompleted reads that a session is paid. A completed session is unpaid as long as a bank is at it.
func (s *Stripe) readCompleted(e event, n *payment.Notice) error {
	got, err := s.readSession(e, n)
	if err != nil {
		return err
	}
	switch {
	case got.PaymentStatus == "unpaid" && e.Type == "checkout.session.completed":
		return errForeign
	case got.PaymentStatus != "paid" || n.ChannelTxnNo == "":
		return fmt.Errorf("payment status %.40q, payment intent %.60q", got.PaymentStatus, n.ChannelTxnNo)
	}
	n.Type = payment.PaymentSucceeded
	return nil
}

// readEnded reads that a session has ended unpaid.
func (s *Stripe) readEnded(e event, n *payment.Notice) error {
	got, err := s.readSession(e, n)
	if err != nil {
		return err
	}
	if got.PaymentStatus != "unpaid" {
		return fmt.Errorf("payment status %.40q", got.PaymentStatus)
	}
	n.Type = payment.PaymentFailed
	return nil
}

// readRefund reads how a refund ended. Updates that change something else, such as the reference that the payer's bank
// shows, are of no use.
func (s *Stripe) readRefund(e event, n *payment.Notice) error {
	var got refund
	if err := strictjson.Open(e.Data.Object, &got); err != nil {
		return err
	}
	// A mark that isn't ours is another shop's. No mark is the Dashboard's, for a payment of either.
	if shop, marked := got.Metadata[metaShop]; marked && shop != s.opt.Shop || got.PaymentIntent.ID == "" {
		return errForeign
	}
	before, err := e.Data.before()
	if err != nil {
		return err
	}
	switch kind, err := refundType(e.Type, before, got.Status); {
	case err != nil:
		return fmt.Errorf("refund %.60q: %w", got.ID, err)
	case kind == "":
		return errForeign
	default:
		n.Type = kind
	}
	n.ChannelTxnNo, n.ChannelRefundNo = got.PaymentIntent.ID, got.ID
	if _, marked := got.Metadata[metaShop]; marked {
		n.AttemptNo, n.RefundNo = got.Metadata[metaAttempt], got.Metadata[metaRefund]
	}
	switch {
	case got.Object != "refund" || !plain(got.ID) || !plain(n.ChannelTxnNo):
		return fmt.Errorf("object %.40q %.60q of %.60q", got.Object, got.ID, n.ChannelTxnNo)
	case n.AttemptNo != "" && !attemptShape.MatchString(n.AttemptNo),
		n.RefundNo != "" && !attemptShape.MatchString(n.RefundNo):
		return fmt.Errorf("refund %.60q of attempt %.60q", n.RefundNo, n.AttemptNo)
	}
	n.Amount, err = FromStripe(got.Amount, got.Currency)
	return err
}

// refundType tells what an event of a refund means to us, or "" for nothing; before is the status that it changed. Each
// way in which a refund can end is told by one event, although Stripe sends several: a failure by refund.failed,
// anything else by refund.created or by the update that changes the status.
func refundType(event, before, status string) (string, error) {
	result, known := refundStatuses[status]
	failed := event == "refund.failed"
	switch {
	case !known || failed && status != "failed":
		return "", fmt.Errorf("status %.40q", status)
	case failed:
		return payment.RefundFailed, nil
	case result == payment.ResultProcessing, status == "failed",
		event == "refund.updated" && before == "":
		return "", nil
	case result == payment.ResultSucceeded:
		return payment.RefundSucceeded, nil
	}
	return payment.RefundFailed, nil
}
