package paypal

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"videomall/mall/payment"
	"videomall/mall/strictjson"
)

// event is the envelope of every notice. The resource in it is as it was when the event happened.
type event struct {
	ID         string         `json:"id"`
	CreateTime string         `json:"create_time"`
	EventType  string         `json:"event_type"`
	Resource   jsontext.Value `json:"resource"`
}

// errForeign says that an event isn't about us, or is news of which we have no use.
var errForeign = errors.New("paypal: not ours")

// readers read the events that we have a use for. Each fills in a notice, whose provider, event and time are set around
// it. Errors: errForeign; any other says that the event is malformed.
//
// Orders and captures have our mark, and so have refunds that we made. A refund that was made on PayPal's pages may have
// no mark, and nor may a dispute. All of them name the capture, so such notices have a ChannelTxnNo but no AttemptNo, and
// whoever keeps the captures finds the attempt by it.
//
// PayPal names the same event of a capture by two words in two releases of its API. That a capture is pending is of no
// use: it is known from the answer to the request.
var readers = map[string]func(*PayPal, event, *payment.Notice) error{
	"CHECKOUT.ORDER.APPROVED":            (*PayPal).readApproved,
	"CHECKOUT.PAYMENT-APPROVAL.REVERSED": (*PayPal).readUnapproved,
	"PAYMENT.CAPTURE.COMPLETED":          (*PayPal).readCapture,
	"PAYMENT.CAPTURE.DECLINED":           (*PayPal).readCapture,
	"PAYMENT.CAPTURE.DENIED":             (*PayPal).readCapture,
	"PAYMENT.CAPTURE.PENDING":            (*PayPal).readCapture,
	"PAYMENT.CAPTURE.REFUNDED":           (*PayPal).readRefund,
	"PAYMENT.CAPTURE.REVERSED":           (*PayPal).readRefund,
	"PAYMENT.REFUND.FAILED":              (*PayPal).readRefund,
	"CUSTOMER.DISPUTE.CREATED":           (*PayPal).readDispute,
	"CUSTOMER.DISPUTE.UPDATED":           (*PayPal).readDispute,
	"CUSTOMER.DISPUTE.RESOLVED":          (*PayPal).readDispute,
}

// EventTypes returns the types of events to which the webhook at PayPal has to be subscribed, sorted.
func EventTypes() []string { return slices.Sorted(maps.Keys(readers)) }

// ParseNotice verifies an event, then parses it. A certificate that PayPal has replaced is fetched on the way, which takes
// some seconds at most. Errors: payment.ErrBadSignature, payment.ErrMalformedNotice; any other if the certificate can't be
// fetched, so that PayPal has to send the event again.
func (p *PayPal) ParseNotice(h http.Header, body []byte) (payment.Notice, error) {
	if len(body) > payment.MaxNotice {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("%d bytes", len(body))
	}
	if err := p.verify(h, body); err != nil {
		return payment.Notice{}, err
	}
	return p.ReadNotice(body)
}

// ReadNotice parses an event again that ParseNotice has accepted. It verifies nothing. Errors:
// payment.ErrMalformedNotice.
func (p *PayPal) ReadNotice(body []byte) (payment.Notice, error) {
	var e event
	if err := strictjson.Open(body, &e); err != nil {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("%w", err)
	}
	at, err := timeOf(e.CreateTime)
	if err != nil || !plain(e.ID) || e.EventType == "" {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("event %.60q, type %.60q, created at %.60q", e.ID,
			e.EventType, e.CreateTime)
	}
	n := payment.Notice{Provider: Name, EventID: e.ID, Type: payment.Foreign, OccurredAt: at, Raw: body}
	read, known := readers[e.EventType]
	if !known {
		return n, nil
	}
	if len(e.Resource) == 0 || e.Resource[0] != '{' {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("event %.60q has no resource", e.ID)
	}
	full := n
	switch err := read(p, e, &full); {
	case errors.Is(err, errForeign):
		return n, nil
	case err != nil:
		return payment.Notice{}, payment.ErrMalformedNotice.Because("event %.60q, %s: %w", e.ID, e.EventType, err)
	}
	return full, nil
}

// readApproved reads that the payer has agreed: the mall takes the money.
func (p *PayPal) readApproved(e event, n *payment.Notice) error {
	var got order
	if err := strictjson.Open(e.Resource, &got); err != nil {
		return err
	}
	unit, err := p.ourUnit(got.PurchaseUnits, n)
	if err != nil {
		return err
	}
	if !plain(got.ID) || got.Status != "APPROVED" && got.Status != "COMPLETED" {
		return fmt.Errorf("order %.60q is %.40q", got.ID, got.Status)
	}
	n.Type, n.ProviderRef = payment.PaymentApproved, got.ID
	n.Amount, err = unit.Amount.money()
	return err
}

// readUnapproved reads that PayPal has taken an approval back, since nobody captured it in time.
func (p *PayPal) readUnapproved(e event, n *payment.Notice) error {
	var got struct {
		OrderID       string         `json:"order_id"`
		PurchaseUnits []purchaseUnit `json:"purchase_units"`
	}
	if err := strictjson.Open(e.Resource, &got); err != nil {
		return err
	}
	unit, err := p.ourUnit(got.PurchaseUnits, n)
	if err != nil {
		return err
	}
	if !plain(got.OrderID) {
		return fmt.Errorf("order %.60q", got.OrderID)
	}
	n.Type, n.ProviderRef = payment.PaymentFailed, got.OrderID
	if unit.Amount.Value != "" {
		n.Amount, err = unit.Amount.money()
	}
	return err
}

// ourUnit returns the purchase unit of an order of ours, and notes the attempt. Errors: errForeign.
func (p *PayPal) ourUnit(units []purchaseUnit, n *payment.Notice) (purchaseUnit, error) {
	if len(units) != 1 {
		return purchaseUnit{}, errForeign // ours have one
	}
	no, refundNo, ours := p.marked(units[0].CustomID)
	if !ours || no == "" || refundNo != "" {
		return purchaseUnit{}, errForeign
	}
	n.AttemptNo = no
	return units[0], nil
}

// readCapture reads that money was taken, or will not be.
func (p *PayPal) readCapture(e event, n *payment.Notice) error {
	var got capture
	if err := strictjson.Open(e.Resource, &got); err != nil {
		return err
	}
	no, refundNo, ours := p.marked(got.CustomID)
	if !ours || no == "" || refundNo != "" {
		return errForeign
	}
	status, known := captureStatuses[got.Status]
	order := got.Supplementary.RelatedIDs.OrderID
	switch {
	case !known || !plain(got.ID) || order != "" && !plain(order):
		return fmt.Errorf("capture %.60q of order %.60q is %.40q", got.ID, order, got.Status)
	case status == payment.ChargeProcessing:
		return errForeign
	case status == payment.ChargePaid && e.EventType == "PAYMENT.CAPTURE.COMPLETED":
		n.Type = payment.PaymentSucceeded
	case status == payment.ChargeFailed && e.EventType != "PAYMENT.CAPTURE.COMPLETED":
		n.Type = payment.PaymentFailed
	default:
		return fmt.Errorf("capture %.60q is %.40q", got.ID, got.Status)
	}
	n.AttemptNo, n.ProviderRef, n.ChannelTxnNo = no, order, got.ID
	var err error
	n.Amount, err = got.Amount.money()
	return err
}

// readRefund reads how a refund ended. A reversal is one that PayPal or the payer's bank made, in the same form; an older
// form of it is the capture itself.
func (p *PayPal) readRefund(e event, n *payment.Notice) error {
	var got refund
	if err := strictjson.Open(e.Resource, &got); err != nil {
		return err
	}
	n.ChannelTxnNo, n.ChannelRefundNo = linked(got.Links, "up"), got.ID
	if n.ChannelTxnNo == "" && linked(got.Links, "self") == got.ID {
		n.ChannelTxnNo, n.ChannelRefundNo = got.ID, ""
	}
	// A mark that isn't ours is another shop's. No mark is of PayPal's pages, for a payment of either.
	no, refundNo, ours := p.marked(got.CustomID)
	switch {
	case got.CustomID != "" && !ours:
		return errForeign
	case !plain(got.ID) || n.ChannelTxnNo == "":
		return fmt.Errorf("refund %.60q of %.60q", got.ID, n.ChannelTxnNo)
	}
	n.AttemptNo, n.RefundNo = no, refundNo
	result, known := refundStatuses[got.Status]
	switch {
	case e.EventType == "PAYMENT.CAPTURE.REVERSED":
		n.Type = payment.RefundSucceeded // the status is that of either form
	case !known:
		return fmt.Errorf("refund %.60q is %.40q", got.ID, got.Status)
	case result == payment.ResultProcessing:
		return errForeign
	case result == payment.ResultSucceeded && e.EventType == "PAYMENT.CAPTURE.REFUNDED":
		n.Type = payment.RefundSucceeded
	case result == payment.ResultFailed:
		n.Type = payment.RefundFailed
	default:
		return fmt.Errorf("refund %.60q is %.40q", got.ID, got.Status)
	}
	var err error
	n.Amount, err = got.Amount.money()
	return err
}

// Acknowledge returns 200 after the commit. PayPal looks at the status alone, and repeats an event for three days after
// any other: 400 is for one that won't be accepted as it is, 500 for a failure of ours, or of fetching a certificate.
func (p *PayPal) Acknowledge(err error) payment.Ack {
	ack := payment.Ack{Status: http.StatusOK, ContentType: "application/json", Body: `{"received": true}`}
	switch {
	case err == nil:
		return ack
	case errors.Is(err, payment.ErrBadSignature) || errors.Is(err, payment.ErrMalformedNotice):
		ack.Status = http.StatusBadRequest
	default:
		ack.Status = http.StatusInternalServerError
	}
	ack.Body = `{"received": false}`
	return ack
}
