package wechatpaytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"videomall/mall/payment/paymenttest"
)

// message is a notice before it is signed and encrypted, which is done anew each time it is sent.
type message struct {
	event, summary, original, to string
	content                      string
}

// ackWithin is how long WeChat Pay waits for the answer to a notice.
const ackWithin = 5 * time.Second

func (b *Bank) sendPayment(o *order) {
	b.send("TRANSACTION.SUCCESS", "支付成功", "transaction", *o.asked.NotifyURL, o.described())
}

// sendRefund sends how a refund ended. Its amount has no currency, and there is no attach: so it is at WeChat Pay.
func (b *Bank) sendRefund(r *refund) {
	content := map[string]any{
		"mchid":                 MerchantID,
		"out_trade_no":          *r.of.asked.OutTradeNo,
		"transaction_id":        r.of.transactionID,
		"out_refund_no":         r.no,
		"refund_id":             r.id,
		"refund_status":         r.status,
		"user_received_account": "支付用户零钱",
		"amount": map[string]any{
			"total":        r.of.taken,
			"refund":       r.amount,
			"payer_total":  r.of.taken,
			"payer_refund": r.amount,
		},
	}
	if r.status == refundSuccess {
		content["success_time"] = r.ended.In(Beijing).Format(time.RFC3339)
	}
	b.send("REFUND."+r.status, "退款结果", "refund", r.notifyTo, content)
}

// send makes a notice and sends it for the first time.
func (b *Bank) send(event, summary, original, to string, content map[string]any) {
	raw, err := json.Marshal(content)
	if err != nil {
		panic(err) // maps of strings, numbers and maps always fit
	}
	m := message{event, summary, original, to, string(raw)}
	b.waiting = append(b.waiting, m)
	b.deliver(m)
}

// Sign returns a notice with this body, signed with the bank's current key.
func (b *Bank) Sign(body []byte) paymenttest.Delivery {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.delivery(body)
}

// Notice returns a notice of any event with any content, encrypted and signed. Change may change the envelope.
func (b *Bank) Notice(event, original, content string, change func(map[string]any)) paymenttest.Delivery {
	b.mu.Lock()
	defer b.mu.Unlock()
	envelope := b.envelope(message{event: event, original: original, content: content})
	if change != nil {
		change(envelope)
	}
	body, err := json.Marshal(envelope)
	if err != nil {
		panic(err)
	}
	return b.delivery(body)
}

func (b *Bank) envelope(m message) map[string]any {
	resource := seal(m.content, m.original)
	resource["original_type"] = m.original
	return map[string]any{
		"id":            "EV-" + text(24), // another each time
		"create_time":   b.now().In(Beijing).Format(time.RFC3339),
		"resource_type": "encrypt-resource",
		"event_type":    m.event,
		"summary":       m.summary,
		"resource":      resource,
	}
}

func (b *Bank) delivery(body []byte) paymenttest.Delivery {
	header := http.Header{"Content-Type": {"application/json"}}
	for name, value := range b.signed(b.current, body) {
		header.Set(name, value)
	}
	return paymenttest.Delivery{Header: header, Body: body}
}

// deliver signs a notice anew and sends it.
func (b *Bank) deliver(m message) {
	body, err := json.Marshal(b.envelope(m))
	if err != nil {
		panic(err)
	}
	d := b.delivery(body)
	b.sent = append(b.sent, d)
	if b.config.Deliver {
		b.posting.Go(func() { b.post(m, d) })
	}
}

// post posts a notice and checks how it is acknowledged.
func (b *Bank) post(m message, d paymenttest.Delivery) {
	complain := func(format string, args ...any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.complaints = append(b.complaints, m.event+": "+fmt.Sprintf(format, args...))
	}
	req, err := http.NewRequest(http.MethodPost, m.to, bytes.NewReader(d.Body))
	if err != nil {
		complain("%v", err)
		return
	}
	req.Header = d.Header.Clone()
	client := &http.Client{Timeout: ackWithin, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		complain("%v", err)
		return
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		complain("%v", err)
		return
	}
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusNoContent {
		b.acknowledged(m)
		return
	}
	var said struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	err = json.Unmarshal(answer, &said)
	if err != nil || said.Code == "" || said.Message == "" || resp.StatusCode < http.StatusBadRequest {
		complain("answered %d %.200q", resp.StatusCode, answer)
	}
}

func (b *Bank) acknowledged(m message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, waiting := range b.waiting {
		if waiting == m {
			b.waiting = append(b.waiting[:i:i], b.waiting[i+1:]...)
			return
		}
	}
}

// Repeat sends every notice that nobody has acknowledged once more: encrypted and signed anew, with another ID. Notices
// are acknowledged only if they are delivered.
func (b *Bank) Repeat() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range append([]message{}, b.waiting...) {
		b.deliver(m)
	}
}

// Unacknowledged returns how many notices wait to be repeated.
func (b *Bank) Unacknowledged() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting)
}

// Probe returns a notice with a bad signature, as WeChat Pay sends now and then to see whether anybody looks at it.
func (b *Bank) Probe() paymenttest.Delivery {
	d := b.Notice("TRANSACTION.SUCCESS", "transaction", "{}", nil)
	good := d.Header.Get("Wechatpay-Signature")
	d.Header.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+good[len("WECHATPAY/SIGNTEST/"):])
	return d
}

// Notices returns what was sent since the last call.
func (b *Bank) Notices() []paymenttest.Delivery {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.sent
	b.sent = nil
	return list
}
