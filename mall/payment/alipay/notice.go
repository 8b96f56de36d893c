package alipay

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"videomall/mall/payment"
)

// ParseNotice verifies a notice, then parses it. Payments and refunds are announced at the same address. The notice of
// a refund tells how much of the charge has been refunded so far, and out_biz_no is the number of the last refund.
//
// A charge that was closed unpaid is announced as a failed payment. That a charge waits for its payer, and whatever
// else Alipay may announce, is Foreign, as are charges of other shops.
//
// Errors: payment.ErrBadSignature, payment.ErrMalformedNotice.
func (a *Alipay) ParseNotice(_ http.Header, body []byte) (payment.Notice, error) {
	if len(body) > payment.MaxNotice {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("%d bytes", len(body))
	}
	fields, err := form(string(body))
	if err != nil {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("%w", err)
	}
	// The algorithm is ours to choose, not the notice's: one that claims another is refused.
	if claimed, given := fields["sign_type"]; given && claimed != "RSA2" {
		return payment.Notice{}, payment.ErrBadSignature.Because("sign_type %.40q", claimed)
	}
	// What is signed is all but these two, empty values included.
	text := signingText(fields, "sign", "sign_type")
	if err := a.opt.Keys().verify(text, fields["sign"], ""); err != nil {
		return payment.Notice{}, payment.ErrBadSignature.Because("%w", err)
	}
	return a.verified(fields, body)
}

// ReadNotice reads a notice again that ParseNotice has accepted. It verifies nothing. Errors:
// payment.ErrMalformedNotice.
func (a *Alipay) ReadNotice(body []byte) (payment.Notice, error) {
	fields, err := form(string(body))
	if err != nil {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("%w", err)
	}
	return a.verified(fields, body)
}

// verified reads the fields of a body that is Alipay's.
func (a *Alipay) verified(fields map[string]string, body []byte) (payment.Notice, error) {
	n, err := a.notice(fields)
	if err != nil {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("%w", err)
	}
	n.Raw = body
	return n, nil
}

// form decodes a form, once. A name that occurs twice is an error: parsers disagree about which of the two counts.
func form(body string) (map[string]string, error) {
	fields := map[string]string{}
	for pair := range strings.SplitSeq(body, "&") {
		name, value, _ := strings.Cut(pair, "=")
		for _, s := range []*string{&name, &value} {
			decoded, err := url.QueryUnescape(*s)
			if err != nil {
				return nil, fmt.Errorf("the form: %.60q can't be decoded", *s)
			}
			if !utf8.ValidString(decoded) {
				return nil, fmt.Errorf("the form: %.60q is no UTF-8", decoded)
			}
			*s = decoded
		}
		if _, twice := fields[name]; twice || name == "" {
			return nil, fmt.Errorf("the form: the name %.60q is empty or occurs twice", name)
		}
		fields[name] = value
	}
	return fields, nil
}

// notice reads the fields of a verified notice.
func (a *Alipay) notice(f map[string]string) (payment.Notice, error) {
	if f["app_id"] != a.opt.AppID {
		return payment.Notice{}, fmt.Errorf("app_id %.40q", f["app_id"])
	}
	n := payment.Notice{
		Provider:     Name,
		Type:         payment.Foreign,
		Merchant:     f["seller_id"],
		ChannelTxnNo: f["trade_no"],
	}
	if f["notify_type"] != "trade_status_sync" {
		if n.EventID = f["notify_id"]; !isToken(n.EventID) {
			return payment.Notice{}, fmt.Errorf("notify_id %.200q", n.EventID)
		}
		n.ChannelTxnNo = ""
		return n, nil
	}
	if n.Merchant != a.opt.SellerID {
		return payment.Notice{}, fmt.Errorf("seller_id %.40q", n.Merchant)
	}
	if !isPlain(n.ChannelTxnNo) || !isPlain(f["out_trade_no"]) || f["out_biz_no"] != "" && !isPlain(f["out_biz_no"]) {
		return payment.Notice{}, errors.New("trade_no, out_trade_no or out_biz_no is no number")
	}
	kind, err := a.movement(&n, f)
	if err != nil {
		return payment.Notice{}, err
	}
	n.EventID = eventID(n, f["trade_status"])
	no, ours := a.attemptNo(f["out_trade_no"])
	mark := f["passback_params"]
	if kind != payment.Foreign && ours && (mark == "" || mark == a.opt.Shop) {
		n.AttemptNo, n.Type = no, kind
	}
	return n, nil
}

// movement reads what has happened to a charge, and when, into a notice, and returns the notice's type.
func (a *Alipay) movement(n *payment.Notice, f map[string]string) (string, error) {
	amount, ok := yuan(f["total_amount"])
	if !ok || !amount.Payable() {
		return "", fmt.Errorf("total_amount %.40q", f["total_amount"])
	}
	status := f["trade_status"]
	if f["gmt_refund"] != "" || (f["refund_fee"] != "" && f["refund_fee"] != "0.00") {
		refunded, ok := yuan(f["refund_fee"])
		if !ok || !refunded.Payable() || refunded.Amount > amount.Amount {
			return "", fmt.Errorf("refund_fee %.40q of %s", f["refund_fee"], amount)
		}
		if status != tradeSuccess && status != tradeFinished && status != tradeClosed {
			return "", fmt.Errorf("a refund with trade_status %.40q", status)
		}
		// Amount would be that of this refund, which is not told.
		n.RefundNo, n.RefundedTotal = f["out_biz_no"], refunded
		return payment.RefundSucceeded, at(n, f, "gmt_refund")
	}
	n.Amount = amount
	switch status {
	case tradeSuccess, tradeFinished:
		return payment.PaymentSucceeded, at(n, f, "gmt_payment")
	case tradeClosed:
		if f["gmt_payment"] != "" {
			return "", errors.New("paid and closed, but not refunded")
		}
		return payment.PaymentFailed, at(n, f, "gmt_close")
	case tradeWaiting:
		return payment.Foreign, at(n, f, "gmt_create")
	}
	return "", fmt.Errorf("trade_status %.40q", status)
}

// at reads when it happened, or else when the notice was sent.
func at(n *payment.Notice, f map[string]string, field string) (err error) {
	if f[field] == "" {
		field = "notify_time"
	}
	n.OccurredAt, err = inBeijing(f[field])
	if err == nil && n.OccurredAt.Before(time.Unix(0, 0)) {
		err = errors.New("long ago")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	return nil
}

// eventID names an event, however often it is announced. notify_id doesn't: it names an announcement, of which there
// may be several for one event, such as when somebody has it sent again. A charge takes each status once, except that
// every refund but the last leaves it at TRADE_SUCCESS; but each raises the sum that is refunded so far. The number of
// the refund is no help, as a refund that was made by hand may have none. TRADE_FINISHED, which follows TRADE_SUCCESS
// when no refund can be made any more, is an event of its own, but of the same transaction.
func eventID(n payment.Notice, status string) string {
	id := n.ChannelTxnNo + ":" + status
	if !n.RefundedTotal.IsZero() {
		id += ":" + n.RefundedTotal.Decimal()
	}
	return id
}

// isToken reports whether s is at most 128 visible ASCII characters, and not empty.
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// Acknowledge answers "success" after the commit, and otherwise "failure", upon which Alipay sends the notice again: 4,
// 10 and 10 minutes, 1, 2, 6 and 15 hours later.
func (a *Alipay) Acknowledge(err error) payment.Ack {
	ack := payment.Ack{
		Status:      http.StatusOK,
		ContentType: "text/plain",
		Body:        "success",
	}
	switch {
	case err == nil:
		return ack
	case errors.Is(err, payment.ErrBadSignature):
		ack.Status = http.StatusUnauthorized
	case errors.Is(err, payment.ErrMalformedNotice):
		ack.Status = http.StatusBadRequest
	default:
		ack.Status = http.StatusInternalServerError
	}
	ack.Body = "failure"
	return ack
}
