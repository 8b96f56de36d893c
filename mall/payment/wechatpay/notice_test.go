package wechatpay_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

func isBadSignature(err error) bool { return errors.Is(err, payment.ErrBadSignature) }

const goodPayment = `{"mchid":"1900007291","appid":"wxd678efh567hg6787","out_trade_no":"01HATTEMPT0000000000000001",` +
	`"transaction_id":"4200001","trade_state":"SUCCESS","attach":"videomall:test",` +
	`"success_time":"2026-03-04T13:06:05+08:00","amount":{"total":1290,"currency":"CNY"}}`

const goodRefund = `{"mchid":"1900007291","out_trade_no":"01HATTEMPT0000000000000001","transaction_id":"4200001",` +
	`"out_refund_no":"R1","refund_id":"5030001","refund_status":"SUCCESS",` +
	`"success_time":"2026-03-04T13:06:05+08:00","amount":{"total":1290,"refund":290}}`

// What WeChat Pay signed is nevertheless read strictly. Each row changes one thing of a good notice.
func TestWeChatPay_ParseNotice_content(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	parse := func(event, content string, change func(map[string]any)) (payment.Notice, error) {
		d := c.Notice(event, strings.ToLower(strings.Split(event, ".")[0]), content, change)
		return c.pay.ParseNotice(d.Header, d.Body)
	}
	paid, refunded := "TRANSACTION.SUCCESS", "REFUND.SUCCESS"
	for _, r := range []struct{ event, content, want string }{
		{paid, goodPayment, payment.PaymentSucceeded},
		{refunded, goodRefund, payment.RefundSucceeded},
		{"REFUND.CLOSED", strings.Replace(goodRefund, "SUCCESS", "CLOSED", 1), payment.RefundFailed},
		{"REFUND.ABNORMAL", strings.Replace(goodRefund, "SUCCESS", "ABNORMAL", 1), payment.RefundFailed},
		{"COMPLAINT.CREATE", `{"complaint_id":"1"}`, payment.Foreign},
		{"COMPLAINT.CREATE", `no JSON at all`, payment.Foreign},
	} {
		if n, err := parse(r.event, r.content, nil); err != nil || n.Type != r.want {
			t.Errorf("%s: %+v, %v", r.event, n, err)
		}
	}
	for event, changes := range map[string][][2]string{
		paid: {
			{`"1900007291"`, `"1900007292"`},
			{`"wxd678efh567hg6787"`, `"wxd678efh567hg6788"`},
			{`"SUCCESS"`, `"REFUND"`},
			{`"SUCCESS"`, `"NOTPAY"`},
			{`"01HATTEMPT0000000000000001"`, `"a b c d"`},
			{`"01HATTEMPT0000000000000001"`, `""`},
			{`"transaction_id":"4200001",`, ``},
			{`"4200001"`, `4200001`},
			{`"4200001"`, `"4200001\u0000"`},
			{`"2026-03-04T13:06:05+08:00"`, `"2026-03-04 13:06:05"`},
			{`"success_time":"2026-03-04T13:06:05+08:00",`, ``},
			{`1290`, `0`},
			{`1290`, `-1290`},
			{`1290`, `1000000000001`},
			{`1290`, `9223372036854775808`},
			{`1290`, `12.90`},
			{`1290`, `"1290"`},
			{`"total":1290,`, ``},
			{`"total":1290`, `"total":1290,"total":1`},
			{`"total":1290`, `"TOTAL":1290`},
			{`"total":1290`, `"total":1290,"Total":1`},
			{`"CNY"`, `"USD"`},
			{`,"currency":"CNY"`, ``},
			{`"amount":{"total":1290,"currency":"CNY"}`, `"amount":[]`},
			{`,"amount":{"total":1290,"currency":"CNY"}`, ``},
			{`"mchid":"1900007291",`, `"mchid":"1900007291","mchid":"1",`},
			{`"trade_state"`, `"trade_State"`},
			{`}}`, `}}{}`},
			{`}}`, `}`},
		},
		refunded: {
			{`"1900007291"`, `"1900007292"`},
			{`"SUCCESS"`, `"PROCESSING"`},
			{`"SUCCESS"`, `"ABNORMAL"`},
			{`"R1"`, `""`},
			{`"R1"`, `"R 1"`},
			{`"5030001"`, `""`},
			{`"4200001"`, `""`},
			{`290}`, `0}`},
			{`290}`, `-290}`},
			{`"refund":290`, `"refund":1291`},
			{`"refund":290`, `"refund":"290"`},
			{`,"refund":290`, ``},
			{`290}`, `290,"currency":"USD"}`},
			{`"2026-03-04T13:06:05+08:00"`, `"0001-01-01T00:00:00Z"`},
		},
	} {
		good := map[string]string{paid: goodPayment, refunded: goodRefund}[event]
		for _, change := range changes {
			bad := strings.Replace(good, change[0], change[1], 1)
			if bad == good {
				t.Fatalf("%s is not in %s", change[0], good)
			}
			if n, err := parse(event, bad, nil); !errors.Is(err, payment.ErrMalformedNotice) {
				t.Errorf("%s, %s for %s: %+v, %v", event, change[1], change[0], n, err)
			}
		}
	}
	resource := func(name string, value any) func(map[string]any) {
		return func(envelope map[string]any) { envelope["resource"].(map[string]any)[name] = value }
	}
	for name, change := range map[string]func(map[string]any){
		"another algorithm":    resource("algorithm", "AEAD_SM4_GCM"),
		"a nonce of 11 bytes":  resource("nonce", "01234567890"),
		"a nonce of 13 bytes":  resource("nonce", "0123456789012"),
		"no nonce":             resource("nonce", ""),
		"other data":           resource("associated_data", "refund"),
		"no base64":            resource("ciphertext", "*"),
		"a short ciphertext":   resource("ciphertext", "AAAA"),
		"no ciphertext":        resource("ciphertext", ""),
		"a number":             resource("ciphertext", 1),
		"a misspelt nonce":     resource("Nonce", "x"),
		"no resource":          func(e map[string]any) { delete(e, "resource") },
		"a resource of text":   func(e map[string]any) { e["resource"] = "x" },
		"another kind":         func(e map[string]any) { e["resource_type"] = "plain-resource" },
		"no id":                func(e map[string]any) { e["id"] = "" },
		"no time":              func(e map[string]any) { delete(e, "create_time") },
		"a misspelt event":     func(e map[string]any) { e["Event_type"] = "x" },
		"another event's name": func(e map[string]any) { e["event_type"] = "REFUND.SUCCESS" },
	} {
		if n, err := parse(paid, goodPayment, change); !errors.Is(err, payment.ErrMalformedNotice) {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
	for _, body := range []string{"", "{}", "[]", "null", `{"id":"1","id":"2"}`, strings.Repeat("[", 60_000), "\xff"} {
		d := c.Sign([]byte(body))
		if n, err := c.pay.ParseNotice(d.Header, d.Body); !errors.Is(err, payment.ErrMalformedNotice) {
			t.Errorf("%.20q: %+v, %v", body, n, err)
		}
	}
	large := c.Notice(paid, "transaction", goodPayment, func(e map[string]any) {
		e["added"] = strings.Repeat("x", payment.MaxNotice)
	})
	if n, err := c.pay.ParseNotice(large.Header, large.Body); !errors.Is(err, payment.ErrMalformedNotice) {
		t.Errorf("a large notice: %+v, %v", n, err)
	}
}

// A sale of another shop is not ours, whatever its app is.
func TestWeChatPay_ParseNotice_of_another_shop(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	for _, attach := range []string{``, `"attach":"",`, `"attach":"videomall:test2",`, `"attach":"VIDEOMALL:TEST",`} {
		content := strings.Replace(goodPayment, `"attach":"videomall:test",`, attach, 1)
		content = strings.Replace(content, "wxd678efh567hg6787", "wx0000000000000000", 1)
		d := c.Notice("TRANSACTION.SUCCESS", "transaction", content, nil)
		if n, err := c.pay.ParseNotice(d.Header, d.Body); err != nil || n.Type != payment.Foreign {
			t.Errorf("%s %+v, %v", attach, n, err)
		}
	}
}

// A repeated notice has another ID, another time and other bytes, and is the same event.
func TestWeChatPay_ParseNotice_repeated(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	ref, charge := c.paid()
	r := c.refundOf(ref, charge, 100)
	if _, err := c.pay.Refund(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := c.StrandRefund(r.RefundNo); err != nil {
		t.Fatal(err)
	}
	if err := c.FinishRefund(r.RefundNo, true); err != nil { // the staff have sent the money elsewhere
		t.Fatal(err)
	}
	c.Repeat()
	var events, bodies []string
	for _, d := range c.Notices() {
		n, err := c.pay.ParseNotice(d.Header, d.Body)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, n.EventID)
		bodies = append(bodies, string(d.Body))
	}
	if len(events) != 6 || events[0] != events[3] || events[1] != events[4] || events[2] != events[5] {
		t.Fatalf("%v", events)
	}
	if events[0] == events[1] || events[1] == events[2] || bodies[0] == bodies[3] {
		t.Errorf("%v", events)
	}
}

func TestWeChatPay_Acknowledge(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	for _, r := range []struct {
		err    error
		status int
		body   string
	}{
		{nil, http.StatusNoContent, ""},
		{payment.ErrBadSignature.Because("secret"), http.StatusUnauthorized, "bad_signature"},
		{payment.ErrMalformedNotice.Because("secret"), http.StatusBadRequest, "malformed_notice"},
		{errors.New("secret"), http.StatusInternalServerError, "internal"},
		{fmt.Errorf("secret: %w", payment.ErrProviderDown), http.StatusInternalServerError, "provider_unavailable"},
	} {
		ack := c.pay.Acknowledge(r.err)
		if ack.Status != r.status {
			t.Errorf("%v: %+v", r.err, ack)
		}
		if r.err == nil {
			if ack.Body != "" {
				t.Errorf("%+v", ack)
			}
			continue
		}
		var said map[string]string
		if err := json.Unmarshal([]byte(ack.Body), &said); err != nil || said["code"] != "FAIL" ||
			said["message"] != r.body || ack.ContentType != "application/json" {
			t.Errorf("%v: %+v, %v", r.err, ack, err)
		}
	}
}

func TestWeChatPay_ParseNotice_of_a_refund_has_no_currency(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	d := c.Notice("REFUND.SUCCESS", "refund", goodRefund, nil)
	if n, err := c.pay.ParseNotice(d.Header, d.Body); err != nil || n.Amount != money.Of(290, "CNY") {
		t.Errorf("%+v, %v", n, err)
	}
}
