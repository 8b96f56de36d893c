package alipay

import (
	"context"
	"fmt"

	"videomall/mall/payment"
)

// refund is the biz_content of a refund. The same out_request_no is the same refund.
type refund struct {
	number
	RefundAmount string `json:"refund_amount"` // in yuan
	RefundReason string `json:"refund_reason,omitempty"`
	OutRequestNo string `json:"out_request_no"`
}

// Refund requests a refund. Alipay makes refunds at once and has no number of its own for them. That a request was
// accepted is no refund: only fund_change=Y is, which a repeated request does not get. Then the refund is looked for.
// If there is none, it is still processing: Alipay shows a refund some ten seconds after it was requested.
//
// Refunds of one charge need 3 s between them. With which code the gateway refuses an earlier one isn't documented, so it
// counts as unknown, and the refund is made when it is requested again under its number.
//
// Errors: payment.ErrRejected, payment.ErrRetryLater.
func (a *Alipay) Refund(ctx context.Context, r payment.RefundRequest) (payment.RefundResult, error) {
	if !isIdentifier(r.RefundNo) || r.Amount.Currency != Currency || !r.Amount.Payable() {
		return payment.RefundResult{}, fmt.Errorf("alipay: refund %.80q of %s: %w", r.RefundNo, r.Amount,
			payment.ErrRejected)
	}
	which, err := a.refunded(r.RefundRef)
	if err != nil {
		return payment.RefundResult{}, fmt.Errorf("%w: %w", err, payment.ErrRejected)
	}
	var answer struct {
		OutTradeNo string `json:"out_trade_no"`
		TradeNo    string `json:"trade_no"`
		FundChange string `json:"fund_change"`
	}
	err = a.call(ctx, callRefund, refund{
		number:       which,
		RefundAmount: r.Amount.Decimal(),
		RefundReason: words(r.Reason, maxReason),
		OutRequestNo: r.RefundNo,
	}, nil, &answer)
	if err != nil {
		return payment.RefundResult{}, err
	}
	if !which.names(answer.OutTradeNo, answer.TradeNo) {
		return payment.RefundResult{}, fmt.Errorf("alipay: %s: the answer is about %.80q", callRefund, answer.OutTradeNo)
	}
	if answer.FundChange == "Y" {
		return payment.RefundResult{Status: payment.ResultSucceeded}, nil
	}
	made, err := a.findRefund(ctx, which, r.RefundRef)
	if err != nil {
		return payment.RefundResult{}, err
	}
	if !made {
		return payment.RefundResult{Status: payment.ResultProcessing}, nil
	}
	return payment.RefundResult{Status: payment.ResultSucceeded}, nil
}

// QueryRefund returns the state of a refund: either it succeeded, or Alipay knows none. Errors: payment.ErrAbsent.
func (a *Alipay) QueryRefund(ctx context.Context, r payment.RefundRef) (payment.RefundResult, error) {
	which, err := a.refunded(r)
	if err != nil || !isIdentifier(r.RefundNo) {
		return payment.RefundResult{}, fmt.Errorf("alipay: refund %.80q: %w", r.RefundNo, payment.ErrAbsent)
	}
	made, err := a.findRefund(ctx, which, r)
	if err != nil {
		return payment.RefundResult{}, err
	}
	if !made {
		return payment.RefundResult{}, fmt.Errorf("alipay: refund %s: %w", r.RefundNo, payment.ErrAbsent)
	}
	return payment.RefundResult{Status: payment.ResultSucceeded}, nil
}

// refunded names the charge of a refund: by Alipay's number if we have it, else by ours.
func (a *Alipay) refunded(r payment.RefundRef) (number, error) {
	switch {
	case isPlain(r.ChannelTxnNo):
		return number{TradeNo: r.ChannelTxnNo}, nil
	case r.ChannelTxnNo == "" && isIdentifier(r.Charge.AttemptNo):
		return number{OutTradeNo: a.number(r.Charge.AttemptNo)}, nil
	}
	return number{}, fmt.Errorf("alipay: refund %.80q of trade %.80q", r.RefundNo, r.ChannelTxnNo)
}

// names reports whether an answer is about the charge.
func (n number) names(outTradeNo, tradeNo string) bool {
	return (n.OutTradeNo == "" || n.OutTradeNo == outTradeNo) && (n.TradeNo == "" || n.TradeNo == tradeNo)
}

// findRefund reports whether a refund was made. Alipay answers a query for one that it doesn't know with success, and
// with nothing else.
func (a *Alipay) findRefund(ctx context.Context, which number, r payment.RefundRef) (bool, error) {
	var answer struct {
		OutTradeNo   string `json:"out_trade_no"`
		TradeNo      string `json:"trade_no"`
		OutRequestNo string `json:"out_request_no"`
		RefundAmount string `json:"refund_amount"`
		RefundStatus string `json:"refund_status"`
	}
	err := a.call(ctx, callRefundQuery, struct {
		number
		OutRequestNo string `json:"out_request_no"`
	}{which, r.RefundNo}, nil, &answer)
	if err != nil {
		return false, err
	}
	switch answer.RefundStatus {
	case "":
		return false, nil
	case "REFUND_SUCCESS":
	default:
		return false, fmt.Errorf("alipay: refund %s has the status %.40q", r.RefundNo, answer.RefundStatus)
	}
	amount, ok := yuan(answer.RefundAmount)
	if !ok || amount != r.Amount || answer.OutRequestNo != r.RefundNo ||
		!which.names(answer.OutTradeNo, answer.TradeNo) {
		return false, fmt.Errorf("alipay: refund %s of %s: the answer is about refund %.80q of %.40q", r.RefundNo,
			r.Amount, answer.OutRequestNo, answer.RefundAmount)
	}
	return true, nil
}
