package alipay

import (
	"context"
	"errors"
	"fmt"

	"videomall/mall/payment"
)

// The statuses of a charge in answers and notices.
const (
	tradeWaiting  = "WAIT_BUYER_PAY"
	tradeClosed   = "TRADE_CLOSED"   // timed out or closed unpaid, or refunded in full
	tradeSuccess  = "TRADE_SUCCESS"  // paid
	tradeFinished = "TRADE_FINISHED" // paid, and past the time for refunds
)

// number is the biz_content that names a charge.
type number struct {
	OutTradeNo string `json:"out_trade_no,omitempty"`
	TradeNo    string `json:"trade_no,omitempty"` // Alipay's
}

// trade is the answer to a query.
type trade struct {
	OutTradeNo  string `json:"out_trade_no"`
	TradeNo     string `json:"trade_no"`
	TradeStatus string `json:"trade_status"`
	TotalAmount string `json:"total_amount"`
	SendPayDate string `json:"send_pay_date"` // when the merchant got the money; empty if never
}

// Query returns the state of an attempt. Alipay knows none before its payer has opened the page or scanned the code,
// and then answers that there is no such charge.
func (a *Alipay) Query(ctx context.Context, c payment.ChargeRef) (payment.Charge, error) {
	if !isIdentifier(c.AttemptNo) {
		return payment.Charge{Status: payment.ChargeAbsent}, nil // no charge can have been opened with it
	}
	var t trade
	err := a.call(ctx, callQuery, number{OutTradeNo: a.number(c.AttemptNo)}, nil, &t)
	if errors.Is(err, payment.ErrAbsent) {
		return payment.Charge{Status: payment.ChargeAbsent}, nil
	}
	if err != nil {
		return payment.Charge{}, err
	}
	if t.OutTradeNo != a.number(c.AttemptNo) {
		return payment.Charge{}, fmt.Errorf("alipay: %s: the answer is about %.80q", callQuery, t.OutTradeNo)
	}
	switch t.TradeStatus {
	case tradeWaiting:
		return payment.Charge{Status: payment.ChargeOpen}, nil
	case tradeSuccess, tradeFinished:
		return a.paid(t)
	case tradeClosed:
		// A charge that was refunded in full is closed as well, and keeps the time at which the money came.
		if t.SendPayDate != "" {
			return a.paid(t)
		}
		return payment.Charge{Status: payment.ChargeClosed}, nil
	}
	return payment.Charge{Status: payment.ChargeUnknown}, nil
}

// paid reads a charge that was paid. Without the time of the payment, which answers may leave out, it was paid by now.
func (a *Alipay) paid(t trade) (payment.Charge, error) {
	amount, ok := yuan(t.TotalAmount)
	if !ok || !amount.Payable() || !isPlain(t.TradeNo) {
		return payment.Charge{}, fmt.Errorf("alipay: %s: paid %.40q in trade %.80q", callQuery, t.TotalAmount, t.TradeNo)
	}
	at := a.opt.Now()
	if t.SendPayDate != "" {
		var err error
		if at, err = inBeijing(t.SendPayDate); err != nil {
			return payment.Charge{}, fmt.Errorf("alipay: %s: send_pay_date: %w", callQuery, err)
		}
	}
	return payment.Charge{
		Status:       payment.ChargePaid,
		ChannelTxnNo: t.TradeNo,
		Amount:       amount,
		PaidAt:       at,
	}, nil
}
