package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/strictjson"
)

// SignatureHeader carries "t=<unix seconds>,v1=<hex>"; there may be several v1 while a secret is being replaced.
const SignatureHeader = "Sandbox-Signature"

// Tolerance is how far a notice's timestamp may be from the receiver's clock, in either direction.
const Tolerance = 300 * time.Second

// Sign returns the value of SignatureHeader, with the HMAC-SHA256 of "t.body" under the secret.
func Sign(secret string, t time.Time, body []byte) string {
	unix := strconv.FormatInt(t.Unix(), 10)
	return "t=" + unix + ",v1=" + hex.EncodeToString(mac(secret, unix, body))
}

func mac(secret, unix string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(unix))
	h.Write([]byte{'.'})
	h.Write(body)
	return h.Sum(nil)
}

// verify checks the header against the body. Errors: payment.ErrBadSignature.
func verify(secret, header string, body []byte, now time.Time) error {
	if secret == "" {
		return payment.ErrBadSignature.Because("no secret is set")
	}
	var unix string
	var claimed [][]byte
	for part := range strings.SplitSeq(header, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "t":
			if unix != "" {
				return payment.ErrBadSignature.Because("two timestamps")
			}
			unix = value
		case "v1":
			if sum, err := hex.DecodeString(value); err == nil {
				claimed = append(claimed, sum)
			}
		}
	}
	t, err := strconv.ParseInt(unix, 10, 64)
	if err != nil {
		return payment.ErrBadSignature.Because("timestamp %q", unix)
	}
	want, match := mac(secret, unix, body), false
	for _, sum := range claimed {
		match = hmac.Equal(sum, want) || match
	}
	if !match {
		return payment.ErrBadSignature.Because("none of %d signatures matches", len(claimed))
	}
	// Compare integers, since a Duration to a distant timestamp would overflow.
	if at, within := now.Unix(), int64(Tolerance/time.Second); t < at-within || t > at+within {
		return payment.ErrBadSignature.Because("timestamp %d, the clock says %d", t, at)
	}
	return nil
}

// wireNotice is the JSON of a notice. Pointers distinguish a missing value from zero.
type wireNotice struct {
	EventID      string     `json:"eventId"`
	Type         string     `json:"type"`
	Merchant     string     `json:"merchant,omitempty"`
	OutTradeNo   string     `json:"outTradeNo"`
	ChannelTxnNo string     `json:"channelTxnNo"`
	RefundNo     string     `json:"refundNo,omitempty"`
	RefundTxnNo  string     `json:"refundTxnNo,omitempty"`
	DisputeNo    string     `json:"disputeNo,omitempty"`
	Reason       string     `json:"reason,omitempty"`
	EvidenceDue  *time.Time `json:"evidenceDue,omitempty"`
	Amount       *int64     `json:"amount"`
	Currency     string     `json:"currency"`
	OccurredAt   *time.Time `json:"occurredAt"`
}

// ParseNotice verifies a notice, then parses it. It ignores unknown members, but refuses a member whose name differs
// from a known one by case only. Errors: payment.ErrBadSignature, payment.ErrMalformedNotice.
func (s *Sandbox) ParseNotice(h http.Header, body []byte) (payment.Notice, error) {
	if len(body) > payment.MaxNotice {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("%d bytes", len(body))
	}
	if err := verify(s.opt.Secret, h.Get(SignatureHeader), body, s.opt.Now()); err != nil {
		return payment.Notice{}, err
	}
	return s.ReadNotice(body)
}

// ReadNotice parses a notice again that ParseNotice has accepted. It verifies nothing. Errors:
// payment.ErrMalformedNotice.
func (s *Sandbox) ReadNotice(body []byte) (payment.Notice, error) {
	var w wireNotice
	if err := strictjson.Open(body, &w); err != nil {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("%w", err)
	}
	if err := w.check(); err != nil {
		return payment.Notice{}, payment.ErrMalformedNotice.Because("%w", err)
	}
	n := payment.Notice{
		Provider:        Name,
		EventID:         w.EventID,
		Type:            w.Type,
		AttemptNo:       w.OutTradeNo,
		ChannelTxnNo:    w.ChannelTxnNo,
		RefundNo:        w.RefundNo,
		ChannelRefundNo: w.RefundTxnNo,
		Merchant:        w.Merchant,
		Amount:          money.Of(*w.Amount, w.Currency),
		OccurredAt:      *w.OccurredAt,
		Raw:             body,
	}
	if w.isDispute() {
		n.Dispute = &payment.Dispute{DisputeNo: w.DisputeNo, Reason: w.Reason}
		if w.EvidenceDue != nil {
			n.Dispute.EvidenceDue = *w.EvidenceDue
		}
	}
	return n, nil
}

func (w wireNotice) isDispute() bool { return strings.HasPrefix(w.Type, "dispute.") }

func (w wireNotice) check() error {
	for name, value := range map[string]string{
		"eventId": w.EventID, "outTradeNo": w.OutTradeNo, "channelTxnNo": w.ChannelTxnNo,
		"refundNo": w.RefundNo, "refundTxnNo": w.RefundTxnNo, "disputeNo": w.DisputeNo, "reason": w.Reason,
	} {
		if !plain(value) {
			return fmt.Errorf("%s %q is no identifier", name, value)
		}
	}
	switch w.Type {
	case payment.PaymentSucceeded, payment.RefundSucceeded, payment.RefundFailed, payment.DisputeWarning:
		if w.ChannelTxnNo == "" {
			return fmt.Errorf("%s without channelTxnNo", w.Type)
		}
	case payment.DisputeOpened, payment.DisputeFundsWithdrawn, payment.DisputeFundsReinstated, payment.DisputeWon,
		payment.DisputeLost:
		if w.ChannelTxnNo == "" || w.DisputeNo == "" {
			return fmt.Errorf("%s without channelTxnNo or disputeNo", w.Type)
		}
	case payment.PaymentFailed, payment.PaymentApproved:
	default:
		return fmt.Errorf("type %q", w.Type)
	}
	switch {
	case w.EventID == "" || w.OutTradeNo == "":
		return errors.New("eventId and outTradeNo are required")
	case w.Merchant != "" && w.Merchant != Merchant:
		return fmt.Errorf("merchant %q", w.Merchant)
	case w.Amount == nil || !money.Of(*w.Amount, w.Currency).Payable():
		return fmt.Errorf("amount is required, and from 1 to %d", money.MaxSum)
	case !money.IsCurrency(w.Currency):
		return fmt.Errorf("currency %q", w.Currency)
	case w.OccurredAt == nil || w.OccurredAt.IsZero():
		return errors.New("occurredAt is required")
	}
	return nil
}

// Acknowledge returns 200 {"received": true} after the commit, 401 or 400 for a notice that will never be accepted, and
// 500 to have the notice sent again.
func (s *Sandbox) Acknowledge(err error) payment.Ack {
	ack := payment.Ack{
		Status:      http.StatusOK,
		ContentType: "application/json",
		Body:        `{"received": true}`,
	}
	if err == nil {
		return ack
	}
	ack.Status = http.StatusInternalServerError
	switch {
	case errors.Is(err, payment.ErrBadSignature):
		ack.Status = http.StatusUnauthorized
	case errors.Is(err, payment.ErrMalformedNotice):
		ack.Status = http.StatusBadRequest
	}
	// A slug is snake_case, so it needs no escaping.
	ack.Body = `{"received": false, "code": "` + fault.From(err).Slug + `"}`
	return ack
}

// plain reports whether s may be an identifier: at most 128 printable ASCII characters without spaces, which every
// table and log can hold.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= 128
}
