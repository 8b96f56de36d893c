package wechatpay

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/strictjson"
)

// The types of events that concern us.
const (
	eventPaid           = "TRANSACTION.SUCCESS"
	eventRefunded       = "REFUND.SUCCESS"
	eventRefundAbnormal = "REFUND.ABNORMAL"
	eventRefundClosed   = "REFUND.CLOSED"
)

// envelope is the body of a notice.
type envelope struct {
	ID           string         `json:"id"`
	CreateTime   *time.Time     `json:"create_time"`
	EventType    string         `json:"event_type"`
	ResourceType string         `json:"resource_type"`
	Resource     jsontext.Value `json:"resource"`
}

// refundNotice is what the notice of a refund has encrypted. It names neither the app nor the currency, nor the attach
// of its charge.
type refundNotice struct {
	MerchantID    string         `json:"mchid"`
	OutTradeNo    string         `json:"out_trade_no"`
	TransactionID string         `json:"transaction_id"`
	OutRefundNo   string         `json:"out_refund_no"`
	RefundID      string         `json:"refund_id"`
	RefundStatus  string         `json:"refund_status"`
	SuccessTime   *time.Time     `json:"success_time"`
	Amount        jsontext.Value `json:"amount"`
}

// ParseNotice verifies a notice, decrypts it, and reads it. It makes no call: a notice with an unknown serial number is
// refused, and the next outgoing call asks for newer certificates first; WeChat Pay sends the notice again meanwhile.
//
// The EventID is made of the transaction or the refund and its state, and not of the notice's own ID: WeChat Pay only
// says that a notice may be repeated, not that its ID stays the same. An event of another type, or about a charge
// without our mark, is Foreign. The notice of a refund does not say whose charge it is about: WeChat Pay sends it to
// the address that was given with the refund, or for one made in the console to that of the charge, and so it is ours.
func (w *WeChatPay) ParseNotice(h http.Header, body []byte) (payment.Notice, error) {
	if len(body) > payment.MaxNotice {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("wechatpay: %d bytes", len(body))
	}
	k, err := w.keys()
	if err != nil {
		return payment.Notice{}, err
	}
	if err := w.verify(k, h, body); err != nil {
		if errors.Is(err, errUnknownSerial) {
			w.suspect(h.Get("Wechatpay-Serial"))
		}
		return payment.Notice{}, payment.ErrBadSignature.Because("wechatpay: %w", err)
	}
	return w.verified(k, body)
}

// ReadNotice decrypts and reads a notice again that ParseNotice has accepted. It verifies no signature; a notice that
// was encrypted with another key than today's can't be read. Errors: payment.ErrMalformedNotice.
func (w *WeChatPay) ReadNotice(body []byte) (payment.Notice, error) {
	k, err := w.keys()
	if err != nil {
		return payment.Notice{}, err
	}
	return w.verified(k, body)
}

// verified reads a body that is WeChat Pay's.
func (w *WeChatPay) verified(k Keys, body []byte) (payment.Notice, error) {
	n, err := w.read(k, body)
	if err != nil {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("wechatpay: %w", err)
	}
	n.Provider, n.Merchant, n.Raw = Name, w.opt.MerchantID, body
	return n, nil
}

// read decrypts and reads a notice that is WeChat Pay's.
func (w *WeChatPay) read(k Keys, body []byte) (payment.Notice, error) {
	var e envelope
	if err := strictjson.Open(body, &e); err != nil {
		return payment.Notice{}, err
	}
	switch {
	case !payment.IsPlain(e.ID, 64):
		return payment.Notice{}, fmt.Errorf("id %.80q", e.ID)
	case e.CreateTime == nil || e.CreateTime.IsZero():
		return payment.Notice{}, errors.New("no create_time")
	case e.ResourceType != "encrypt-resource":
		return payment.Notice{}, fmt.Errorf("resource_type %.60q", e.ResourceType)
	}
	var s sealed
	if err := strictjson.Open(e.Resource, &s); err != nil {
		return payment.Notice{}, err
	}
	text, err := s.open(k.APIv3)
	if err != nil {
		return payment.Notice{}, err
	}
	switch e.EventType {
	case eventPaid:
		return w.readPayment(e, text)
	case eventRefunded, eventRefundAbnormal, eventRefundClosed:
		return w.readRefund(e, text)
	}
	return foreign(e), nil
}

// foreign is a notice that isn't about a charge of ours.
func foreign(e envelope) payment.Notice {
	return payment.Notice{EventID: e.ID, Type: payment.Foreign, OccurredAt: *e.CreateTime}
}

func (w *WeChatPay) readPayment(e envelope, text []byte) (payment.Notice, error) {
	var t transaction
	if err := strictjson.Open(text, &t); err != nil {
		return payment.Notice{}, err
	}
	switch {
	case t.MerchantID != w.opt.MerchantID:
		return payment.Notice{}, fmt.Errorf("merchant %.60q", t.MerchantID)
	case t.Attach != w.opt.Mark:
		return foreign(e), nil
	case t.AppID != w.opt.AppID:
		return payment.Notice{}, fmt.Errorf("app %.60q", t.AppID)
	case t.TradeState != stateSuccess:
		return payment.Notice{}, fmt.Errorf("%s in state %.60q", e.EventType, t.TradeState)
	case !numbers.MatchString(t.OutTradeNo):
		return payment.Notice{}, fmt.Errorf("out_trade_no %.60q", t.OutTradeNo)
	}
	amount, err := t.paid()
	if err != nil {
		return payment.Notice{}, err
	}
	return payment.Notice{
		EventID:      t.TransactionID + ":" + t.TradeState,
		Type:         payment.PaymentSucceeded,
		AttemptNo:    t.OutTradeNo,
		ChannelTxnNo: t.TransactionID,
		Amount:       amount,
		OccurredAt:   *t.SuccessTime,
	}, nil
}

// refundEvents says which status a refund must have in the notice of an event, and what the mall calls it.
var refundEvents = map[string]struct{ status, means string }{
	eventRefunded:       {refundSuccess, payment.RefundSucceeded},
	eventRefundAbnormal: {refundAbnormal, payment.RefundFailed},
	eventRefundClosed:   {refundClosed, payment.RefundFailed},
}

func (w *WeChatPay) readRefund(e envelope, text []byte) (payment.Notice, error) {
	var r refundNotice
	if err := strictjson.Open(text, &r); err != nil {
		return payment.Notice{}, err
	}
	var a amountRefunded
	if err := strictjson.Open(r.Amount, &a); err != nil {
		return payment.Notice{}, err
	}
	event := refundEvents[e.EventType]
	at := *e.CreateTime
	if r.SuccessTime != nil {
		at = *r.SuccessTime
	}
	switch {
	case r.MerchantID != w.opt.MerchantID:
		return payment.Notice{}, fmt.Errorf("merchant %.60q", r.MerchantID)
	case r.RefundStatus != event.status:
		return payment.Notice{}, fmt.Errorf("%s in state %.60q", e.EventType, r.RefundStatus)
	case !numbers.MatchString(r.OutTradeNo) || !refundNumbers.MatchString(r.OutRefundNo):
		return payment.Notice{}, fmt.Errorf("out_refund_no %.80q of out_trade_no %.60q", r.OutRefundNo, r.OutTradeNo)
	case !payment.IsPlain(r.TransactionID, 32) || !payment.IsPlain(r.RefundID, 32):
		return payment.Notice{}, fmt.Errorf("refund_id %.60q of transaction_id %.60q", r.RefundID, r.TransactionID)
	case a.Refund == nil || a.Total == nil || a.Currency != "" && a.Currency != currency ||
		!money.Of(*a.Refund, currency).Payable() || !money.Of(*a.Total, currency).Payable() || *a.Refund > *a.Total:
		return payment.Notice{}, errors.New("an amount that is none")
	case at.IsZero():
		return payment.Notice{}, errors.New("success_time is zero")
	}
	return payment.Notice{
		EventID:         r.RefundID + ":" + r.RefundStatus,
		Type:            event.means,
		AttemptNo:       r.OutTradeNo,
		ChannelTxnNo:    r.TransactionID,
		RefundNo:        r.OutRefundNo,
		ChannelRefundNo: r.RefundID,
		Amount:          money.Of(*a.Refund, currency),
		OccurredAt:      at,
	}, nil
}

// Acknowledge returns 204 after the commit. Otherwise it is 401 or 400 for a notice that will never be accepted as it
// is, and 500 for one that shall be sent again. WeChat Pay repeats whatever has not got 200 or 204 within 5 s, for
// about a day.
func (w *WeChatPay) Acknowledge(err error) payment.Ack {
	if err == nil {
		return payment.Ack{Status: http.StatusNoContent}
	}
	ack := payment.Ack{Status: http.StatusInternalServerError, ContentType: "application/json"}
	switch {
	case errors.Is(err, payment.ErrBadSignature):
		ack.Status = http.StatusUnauthorized
	case errors.Is(err, payment.ErrMalformedNotice):
		ack.Status = http.StatusBadRequest
	}
	body, _ := json.Marshal(map[string]string{"code": "FAIL", "message": fault.From(err).Slug}) // strings always fit
	ack.Body = string(body)
	return ack
}
