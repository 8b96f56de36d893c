package wechatpay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"videomall/mall/money"
	"videomall/mall/payment"
)

// maxReason is the size in bytes of the reason that the payer sees.
const maxReason = 80

// refundNumbers are what WeChat Pay accepts as an out_refund_no.
var refundNumbers = regexp.MustCompile(`^[0-9A-Za-z_*@|-]{1,64}$`)

// refund is a refund in WeChat Pay's words, in its answers.
type refund struct {
	RefundID      string         `json:"refund_id"`
	OutRefundNo   string         `json:"out_refund_no"`
	TransactionID string         `json:"transaction_id"`
	OutTradeNo    string         `json:"out_trade_no"`
	Status        string         `json:"status"`
	Amount        amountRefunded `json:"amount"`
}

type amountRefunded struct {
	Total    *int64 `json:"total"`
	Refund   *int64 `json:"refund"`
	Currency string `json:"currency"`
}

// The statuses of a refund. A refund is abnormal if the payer's card is void, for example: WeChat Pay then keeps the
// money until somebody sends it to another account in the merchant's console. To the mall it has failed, and a case is
// opened; if it is mended in the console, a notice of its success follows.
const (
	refundSuccess    = "SUCCESS"
	refundProcessing = "PROCESSING"
	refundClosed     = "CLOSED"
	refundAbnormal   = "ABNORMAL"
)

var refundStatuses = map[string]payment.ResultStatus{
	refundSuccess:    payment.ResultSucceeded,
	refundProcessing: payment.ResultProcessing,
	refundClosed:     payment.ResultFailed,
	refundAbnormal:   payment.ResultFailed,
}

// refundRequest is the body of a request.
type refundRequest struct {
	TransactionID string      `json:"transaction_id,omitempty"`
	OutTradeNo    string      `json:"out_trade_no,omitempty"`
	OutRefundNo   string      `json:"out_refund_no"`
	Reason        string      `json:"reason,omitempty"`
	NotifyURL     string      `json:"notify_url"`
	Amount        amountGiven `json:"amount"`
}

type amountGiven struct {
	Refund   int64  `json:"refund"`
	Total    int64  `json:"total"`
	Currency string `json:"currency"`
}

// Refund requests a refund of a transaction, or of the charge if the number of its transaction is unknown. If WeChat
// Pay says that the request does not fit, it is asked whether it has this refund after all.
func (w *WeChatPay) Refund(ctx context.Context, r payment.RefundRequest) (payment.RefundResult, error) {
	switch {
	case !refundNumbers.MatchString(r.RefundNo):
		return payment.RefundResult{}, payment.ErrRejected.Because("wechatpay: refund %.80q is no out_refund_no",
			r.RefundNo)
	case r.ChannelTxnNo == "" && r.Charge.AttemptNo == "":
		return payment.RefundResult{}, payment.ErrRejected.Because("wechatpay: refund %s of nothing", r.RefundNo)
	case r.Amount.Currency != currency || !r.Amount.Payable() || r.Captured.Currency != currency ||
		!r.Captured.Payable() || r.Amount.Amount > r.Captured.Amount:
		return payment.RefundResult{}, payment.ErrRejected.Because("wechatpay: refund %s of %s of %s", r.RefundNo,
			r.Amount, r.Captured)
	}
	body := refundRequest{
		TransactionID: r.ChannelTxnNo,
		OutRefundNo:   r.RefundNo,
		Reason:        reason(r.Reason),
		NotifyURL:     w.opt.NotifyURL,
		Amount:        amountGiven{r.Amount.Amount, r.Captured.Amount, currency},
	}
	if body.TransactionID == "" {
		body.OutTradeNo = r.Charge.AttemptNo
	}
	var answer refund
	err := w.call(ctx, refunding, http.MethodPost, "/v3/refund/domestic/refunds", body, &answer)
	if errors.Is(err, errAsk) {
		result, queried := w.QueryRefund(ctx, r.RefundRef)
		if errors.Is(queried, payment.ErrAbsent) || errors.Is(queried, errOtherRefund) {
			return result, because(payment.ErrRejected, err)
		}
		return result, queried
	}
	if err != nil {
		return payment.RefundResult{}, fmt.Errorf("wechatpay: refund %s: %w", r.RefundNo, err)
	}
	return answer.result(r.RefundRef)
}

// QueryRefund asks by our number.
func (w *WeChatPay) QueryRefund(ctx context.Context, r payment.RefundRef) (payment.RefundResult, error) {
	if !refundNumbers.MatchString(r.RefundNo) {
		return payment.RefundResult{}, fmt.Errorf("wechatpay: refund %.80q: %w", r.RefundNo, payment.ErrAbsent)
	}
	var answer refund
	err := w.call(ctx, queryingRefund, http.MethodGet, "/v3/refund/domestic/refunds/"+url.PathEscape(r.RefundNo), nil,
		&answer)
	if err != nil {
		return payment.RefundResult{}, fmt.Errorf("wechatpay: query refund %s: %w", r.RefundNo, err)
	}
	return answer.result(r)
}

// errOtherRefund says that the number belongs to another refund.
var errOtherRefund = errors.New("the answer is about another refund")

// result translates an answer, if it is about the refund that was asked for. Errors: errOtherRefund.
func (a refund) result(r payment.RefundRef) (payment.RefundResult, error) {
	status, known := refundStatuses[a.Status]
	switch {
	case a.OutRefundNo != r.RefundNo,
		r.ChannelTxnNo != "" && a.TransactionID != r.ChannelTxnNo,
		r.Charge.AttemptNo != "" && a.OutTradeNo != r.Charge.AttemptNo:
		return payment.RefundResult{}, fmt.Errorf("wechatpay: refund %s: %w: %.80q of %.60q, %.60q", r.RefundNo,
			errOtherRefund, a.OutRefundNo, a.TransactionID, a.OutTradeNo)
	case a.Amount.Refund == nil || money.Of(*a.Amount.Refund, a.Amount.Currency) != r.Amount:
		return payment.RefundResult{}, fmt.Errorf("wechatpay: refund %s over %s: %w: over another sum", r.RefundNo,
			r.Amount, errOtherRefund)
	case !known:
		return payment.RefundResult{}, fmt.Errorf("wechatpay: refund %s: status %.60q", r.RefundNo, a.Status)
	case !payment.IsPlain(a.RefundID, 32):
		return payment.RefundResult{}, fmt.Errorf("wechatpay: refund %s: refund_id %.60q", r.RefundNo, a.RefundID)
	}
	return payment.RefundResult{Status: status, ChannelRefundNo: a.RefundID}, nil
}

// reason cuts the reason to what WeChat Pay takes.
func reason(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s))
	return cut(s, maxReason)
}
