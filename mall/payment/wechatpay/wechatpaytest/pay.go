package wechatpaytest

import (
	"encoding/json"
	"fmt"
	"time"

	"videomall/mall/payment/paymenttest"
)

// Pay lets the payer pay an order. A payment that fails has no notice, as at WeChat Pay.
func (b *Bank) Pay(attemptNo string, how paymenttest.Payment) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.orders[attemptNo]
	if !ok {
		return paymenttest.ErrNotPayable
	}
	return b.pay(o, how)
}

func (b *Bank) pay(o *order, how paymenttest.Payment) error {
	b.expire(o)
	switch {
	case o.state != notPaid && o.state != userPaying:
		return paymenttest.ErrNotPayable
	case how.Fails:
		o.state = payError
		return nil
	case how.Pending:
		o.state = userPaying
		return nil
	}
	o.state, o.transactionID, o.paidAt = success, b.number("4200"), b.now()
	o.taken = *o.asked.Amount.Total
	if how.Amount != 0 {
		o.taken = how.Amount
	}
	b.sendPayment(o)
	return nil
}

// PayBridge pays as WeChat's browser does when a page calls its payment function with these arguments. Errors:
// paymenttest.ErrNotPayable if the signature is not the merchant's, or there is no such order of this payer.
func (b *Bank) PayBridge(arguments map[string]string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	message := fmt.Sprintf("%s\n%s\n%s\n%s\n", arguments["appId"], arguments["timeStamp"], arguments["nonceStr"],
		arguments["package"])
	good := false
	for _, m := range b.merchants {
		good = good || m.key != nil && verified(&m.key.PublicKey, message, arguments["paySign"])
	}
	if !good || arguments["appId"] != AppID || arguments["signType"] != "RSA" {
		return fmt.Errorf("%w: the arguments are not signed by the merchant", paymenttest.ErrNotPayable)
	}
	for id, o := range b.prepaid {
		if arguments["package"] == "prepay_id="+id && o.tradeType == "JSAPI" {
			if *o.asked.Payer.OpenID != b.payer {
				return fmt.Errorf("%w: the order is of another payer", paymenttest.ErrNotPayable)
			}
			return b.pay(o, paymenttest.Payment{})
		}
	}
	return fmt.Errorf("%w: no such prepay_id", paymenttest.ErrNotPayable)
}

// Dispute is not supported: WeChat Pay's complaints move no money.
func (b *Bank) Dispute(string, string) error { return paymenttest.ErrUnsupported }

// Charges returns how many orders the bank has for an attempt.
func (b *Bank) Charges(attemptNo string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.orders[attemptNo]; ok {
		return 1
	}
	return 0
}

// Foreign sells something of another shop with the same merchant number, which then sends its notice to ours, and sends
// an event of a kind that we have no use for.
func (b *Bank) Foreign() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	raw, err := json.Marshal(map[string]any{
		"appid":        AppID,
		"mchid":        MerchantID,
		"description":  "一把伞",
		"out_trade_no": "U" + b.number(""),
		"attach":       "umbrellas",
		"notify_url":   b.config.NotifyURL,
		"amount":       map[string]any{"total": 1900, "currency": "CNY"},
	})
	if err != nil {
		return err
	}
	if _, err := b.prepay("NATIVE")(call{body: raw}); err != nil {
		return err
	}
	for _, o := range b.orders {
		if o.state == notPaid && o.asked.Attach != nil && *o.asked.Attach == "umbrellas" {
			if err := b.pay(o, paymenttest.Payment{}); err != nil {
				return err
			}
		}
	}
	b.send("COMPLAINT.CREATE", "产生新投诉", "complaint", b.config.NotifyURL, map[string]any{
		"complaint_id": b.number("200"),
		"action_type":  "CREATE_COMPLAINT",
		"create_time":  b.now().In(Beijing).Format(time.RFC3339),
	})
	return nil
}
