package wechatpaytest

import (
	"net/http"
	"regexp"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"videomall/mall/money"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/strictjson"
)

// The statuses of a refund.
const (
	refundProcessing = "PROCESSING"
	refundSuccess    = "SUCCESS"
	refundClosed     = "CLOSED"
	refundAbnormal   = "ABNORMAL"
)

// refund is a refund in the bank's books.
type refund struct {
	no       string
	id       string
	of       *order
	amount   int64
	notifyTo string
	status   string
	at       time.Time // when it was accepted
	ended    time.Time
}

// wireRefund is what a merchant sends.
type wireRefund struct {
	TransactionID *string        `json:"transaction_id"`
	OutTradeNo    *string        `json:"out_trade_no"`
	OutRefundNo   *string        `json:"out_refund_no"`
	Reason        *string        `json:"reason"`
	NotifyURL     *string        `json:"notify_url"`
	FundsAccount  *string        `json:"funds_account"`
	Amount        *wireRefunded  `json:"amount"`
	Goods         jsontext.Value `json:"goods_detail"`
}

type wireRefunded struct {
	Refund   *int64         `json:"refund"`
	Total    *int64         `json:"total"`
	Currency *string        `json:"currency"`
	From     jsontext.Value `json:"from"`
}

var refundNumbers = regexp.MustCompile(`^[0-9A-Za-z_*@|-]{1,64}$`)

func (w wireRefund) check() error {
	switch {
	case (w.TransactionID == nil) == (w.OutTradeNo == nil):
		return invalid("transaction_id")
	case w.OutRefundNo == nil || !refundNumbers.MatchString(*w.OutRefundNo):
		return invalid("out_refund_no")
	case w.Reason != nil && !within(w.Reason, 1, 80):
		return invalid("reason")
	case w.NotifyURL != nil && (!within(w.NotifyURL, 8, 256) || !notifiable(*w.NotifyURL)):
		return invalid("notify_url")
	case w.Amount == nil || w.Amount.Refund == nil || *w.Amount.Refund < 1:
		return invalid("amount/refund")
	case w.Amount.Total == nil || *w.Amount.Total < 1:
		return invalid("amount/total")
	case !oneOf(w.Amount.Currency, "CNY"):
		return invalid("amount/currency")
	}
	return nil
}

// refundAsked accepts a refund, or answers with the one that has this number already.
func (b *Bank) refundAsked(c call) (any, error) {
	var w wireRefund
	if err := strictjson.Closed(c.body, &w); err != nil {
		return nil, invalid(err.Error())
	}
	if err := w.check(); err != nil {
		return nil, err
	}
	o := b.refundable(w)
	if o == nil {
		return nil, refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "订单不存在")
	}
	if old, ok := b.refunds[*w.OutRefundNo]; ok {
		if old.of != o || old.amount != *w.Amount.Refund {
			return nil, refuse(http.StatusBadRequest, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
		}
		return old.described(), nil
	}
	left := o.taken
	for _, r := range b.refunds {
		if r.of == o && r.status != refundClosed {
			left -= r.amount
		}
	}
	switch {
	case *w.Amount.Total != o.taken:
		return nil, refuse(http.StatusBadRequest, "INVALID_REQUEST", "订单金额不一致")
	case *w.Amount.Refund > left:
		return nil, refuse(http.StatusBadRequest, "INVALID_REQUEST", "申请退款金额大于订单可退金额")
	case b.balance != nil && *b.balance < *w.Amount.Refund:
		return nil, refuse(http.StatusForbidden, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")
	}
	r := b.newRefund(o, *w.OutRefundNo, *w.Amount.Refund)
	if w.NotifyURL != nil {
		r.notifyTo = *w.NotifyURL
	}
	return r.described(), nil
}

// refundable finds the paid order that a refund is of.
func (b *Bank) refundable(w wireRefund) *order {
	for no, o := range b.orders {
		if o.transactionID != "" && (w.OutTradeNo != nil && no == *w.OutTradeNo ||
			w.TransactionID != nil && o.transactionID == *w.TransactionID) {
			return o
		}
	}
	return nil
}

// newRefund writes a refund down and takes it out of the merchant's balance.
func (b *Bank) newRefund(o *order, no string, amount int64) *refund {
	r := &refund{
		no:       no,
		id:       b.number("5030"),
		of:       o,
		amount:   amount,
		notifyTo: *o.asked.NotifyURL,
		status:   refundProcessing,
		at:       b.now(),
	}
	b.refunds[no] = r
	o.state = refunded
	if b.balance != nil {
		*b.balance -= amount
	}
	return r
}

func (b *Bank) queryRefund(c call) (any, error) {
	r, ok := b.refunds[c.path]
	if !ok {
		return nil, refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "退款单不存在")
	}
	return r.described(), nil
}

// described is a refund as answers show it.
func (r *refund) described() map[string]any {
	d := map[string]any{
		"refund_id":             r.id,
		"out_refund_no":         r.no,
		"transaction_id":        r.of.transactionID,
		"out_trade_no":          *r.of.asked.OutTradeNo,
		"channel":               "ORIGINAL",
		"user_received_account": "支付用户零钱",
		"create_time":           r.at.In(Beijing).Format(time.RFC3339),
		"status":                r.status,
		"funds_account":         "AVAILABLE",
		"promotion_detail":      []any{},
		"amount": map[string]any{
			"total":             r.of.taken,
			"refund":            r.amount,
			"from":              []any{},
			"payer_total":       r.of.taken,
			"payer_refund":      r.amount,
			"settlement_refund": r.amount,
			"settlement_total":  r.of.taken,
			"discount_refund":   0,
			"currency":          "CNY",
			"refund_fee":        0,
		},
	}
	if r.status == refundSuccess {
		d["success_time"] = r.ended.In(Beijing).Format(time.RFC3339)
	}
	return d
}

// FinishRefund ends a refund: well, or by closing it, which frees the sum for another refund.
func (b *Bank) FinishRefund(refundNo string, succeeded bool) error {
	if succeeded {
		return b.endRefund(refundNo, refundSuccess)
	}
	return b.endRefund(refundNo, refundClosed)
}

// StrandRefund makes a refund abnormal: the payer's card is void, and the money waits for the merchant's staff.
func (b *Bank) StrandRefund(refundNo string) error { return b.endRefund(refundNo, refundAbnormal) }

func (b *Bank) endRefund(refundNo, status string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.refunds[refundNo]
	if !ok || r.status == refundSuccess || r.status == refundClosed {
		return paymenttest.ErrUnsupported
	}
	r.status, r.ended = status, b.now()
	if status == refundClosed && b.balance != nil {
		*b.balance += r.amount
	}
	b.sendRefund(r)
	return nil
}

// RefundAtBank makes a refund as the merchant's staff do in WeChat Pay's console, with a number of its own.
func (b *Bank) RefundAtBank(attemptNo string, amount money.Money) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.orders[attemptNo]
	if !ok || o.transactionID == "" {
		return paymenttest.ErrNotPayable
	}
	r := b.newRefund(o, b.number("900"), amount.Amount)
	r.status, r.ended = refundSuccess, b.now()
	b.sendRefund(r)
	return nil
}

// SetBalance sets what the merchant has for refunds, in fen. Before, it has enough.
func (b *Bank) SetBalance(fen int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.balance = &fen
}

// Refunded returns what payers have got back of an attempt, in fen.
func (b *Bank) Refunded(attemptNo string) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := int64(0)
	for _, r := range b.refunds {
		if *r.of.asked.OutTradeNo == attemptNo && r.status == refundSuccess {
			sum += r.amount
		}
	}
	return sum
}
