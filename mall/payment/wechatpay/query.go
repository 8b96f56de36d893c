package wechatpay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/strictjson"
)

// transaction is a charge in WeChat Pay's words, in the answer to a query and in a notice. Pointers distinguish a
// missing value from zero. The amount is read only if the charge is paid.
type transaction struct {
	AppID         string         `json:"appid"`
	MerchantID    string         `json:"mchid"`
	OutTradeNo    string         `json:"out_trade_no"`
	TransactionID string         `json:"transaction_id"`
	TradeState    string         `json:"trade_state"`
	Attach        string         `json:"attach"`
	SuccessTime   *time.Time     `json:"success_time"`
	Amount        jsontext.Value `json:"amount"`
}

type amountTaken struct {
	Total    *int64 `json:"total"`
	Currency string `json:"currency"`
}

// The states of a transaction.
const (
	stateSuccess    = "SUCCESS"
	stateRefund     = "REFUND" // paid, and refunded since, wholly or in part
	stateNotPaid    = "NOTPAY"
	stateClosed     = "CLOSED"
	stateRevoked    = "REVOKED"
	stateUserPaying = "USERPAYING"
	statePayError   = "PAYERROR"
)

// paid checks what a paid transaction has to have. Amount is what the order cost the payer before WeChat's own coupons,
// which is what a refund counts in; we offer no coupons at our own expense.
func (t transaction) paid() (money.Money, error) {
	var a amountTaken
	if err := strictjson.Open(t.Amount, &a); err != nil {
		return money.Money{}, err
	}
	switch {
	case !payment.IsPlain(t.TransactionID, 32):
		return money.Money{}, fmt.Errorf("transaction_id %.60q", t.TransactionID)
	case a.Total == nil || a.Currency != currency || !money.Of(*a.Total, currency).Payable():
		return money.Money{}, fmt.Errorf("an amount that is none, in %.10q", a.Currency)
	case t.SuccessTime == nil || t.SuccessTime.IsZero():
		return money.Money{}, errors.New("no success_time")
	}
	return money.Of(*a.Total, currency), nil
}

// Query asks by our number. An answer about another merchant or number is an error.
func (w *WeChatPay) Query(ctx context.Context, c payment.ChargeRef) (payment.Charge, error) {
	if !numbers.MatchString(c.AttemptNo) {
		return payment.Charge{Status: payment.ChargeAbsent}, nil
	}
	var t transaction
	err := w.call(ctx, querying, http.MethodGet, orderPath(c.AttemptNo)+"?mchid="+w.opt.MerchantID, nil, &t)
	if errors.Is(err, payment.ErrAbsent) {
		return payment.Charge{Status: payment.ChargeAbsent}, nil
	}
	if err != nil {
		return payment.Charge{}, fmt.Errorf("wechatpay: query %s: %w", c.AttemptNo, err)
	}
	if t.MerchantID != w.opt.MerchantID || t.AppID != w.opt.AppID || t.OutTradeNo != c.AttemptNo {
		return payment.Charge{}, fmt.Errorf("wechatpay: query %s: the answer is about %.60q of %.60q, %.60q",
			c.AttemptNo, t.OutTradeNo, t.MerchantID, t.AppID)
	}
	charge := payment.Charge{Status: statuses[t.TradeState]}
	switch charge.Status {
	case "":
		charge.Status = payment.ChargeUnknown
	case payment.ChargePaid:
		amount, err := t.paid()
		if err != nil {
			return payment.Charge{}, fmt.Errorf("wechatpay: query %s: %w", c.AttemptNo, err)
		}
		charge.ChannelTxnNo, charge.Amount, charge.PaidAt = t.TransactionID, amount, *t.SuccessTime
	}
	return charge, nil
}

// statuses translates the states. A revoked payment was undone by its merchant at a till, which we have none of.
var statuses = map[string]payment.ChargeStatus{
	stateSuccess:    payment.ChargePaid,
	stateRefund:     payment.ChargePaid,
	stateNotPaid:    payment.ChargeOpen,
	stateClosed:     payment.ChargeClosed,
	stateRevoked:    payment.ChargeClosed,
	stateUserPaying: payment.ChargeProcessing,
	statePayError:   payment.ChargeFailed,
}

// Close makes a charge unpayable. If WeChat Pay refuses for a reason that says too little, the charge is queried.
func (w *WeChatPay) Close(ctx context.Context, c payment.ChargeRef) error {
	if !numbers.MatchString(c.AttemptNo) {
		return fmt.Errorf("wechatpay: close %.60q: %w", c.AttemptNo, payment.ErrAbsent)
	}
	err := w.call(ctx, closing, http.MethodPost, orderPath(c.AttemptNo)+"/close", map[string]string{
		"mchid": w.opt.MerchantID,
	}, nil)
	if errors.Is(err, errAsk) {
		err = w.whyOpen(ctx, c, err)
	}
	if err != nil && !errors.Is(err, errDone) {
		return fmt.Errorf("wechatpay: close %s: %w", c.AttemptNo, err)
	}
	return nil
}

// whyOpen says why a charge could not be closed.
func (w *WeChatPay) whyOpen(ctx context.Context, c payment.ChargeRef, refused error) error {
	charge, err := w.Query(ctx, c)
	if err != nil {
		return err
	}
	switch charge.Status {
	case payment.ChargePaid:
		return because(payment.ErrAlreadyPaid, refused)
	case payment.ChargeProcessing:
		return because(payment.ErrProcessing, refused)
	case payment.ChargeClosed:
		return nil
	case payment.ChargeAbsent:
		return because(payment.ErrAbsent, refused)
	}
	return fmt.Errorf("the charge is %s: %w", charge.Status, refused)
}

// orderPath escapes the number: | is allowed in it.
func orderPath(no string) string { return "/v3/pay/transactions/out-trade-no/" + url.PathEscape(no) }
