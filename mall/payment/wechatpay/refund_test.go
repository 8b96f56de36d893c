package wechatpay_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/wechatpay"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

// What can't be a refund is not sent.
func TestWeChatPay_Refund_refuses(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	ref, charge := c.paid()
	c.Requests()
	for name, change := range map[string]func(*payment.RefundRequest){
		"no number":            func(r *payment.RefundRequest) { r.RefundNo = "" },
		"a number of 65":       func(r *payment.RefundRequest) { r.RefundNo = strings.Repeat("1", 65) },
		"a path as the number": func(r *payment.RefundRequest) { r.RefundNo = "../x" },
		"of nothing":           func(r *payment.RefundRequest) { r.ChannelTxnNo, r.Charge.AttemptNo = "", "" },
		"more than was taken":  func(r *payment.RefundRequest) { r.Amount.Amount = r.Captured.Amount + 1 },
		"below zero":           func(r *payment.RefundRequest) { r.Amount.Amount = -1 },
		"another currency":     func(r *payment.RefundRequest) { r.Amount.Currency = "USD" },
		"of another currency":  func(r *payment.RefundRequest) { r.Captured.Currency = "USD" },
		"of an unknown sum":    func(r *payment.RefundRequest) { r.Captured = money.Money{} },
	} {
		r := c.refundOf(ref, charge, 100)
		change(&r)
		if _, err := c.pay.Refund(t.Context(), r); kind(err) != "rejected" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if sent := c.Requests(); len(sent) != 0 {
		t.Errorf("%+v", sent)
	}
}

// What is sent, to the last member: with the number of the transaction, or else with ours.
func TestWeChatPay_Refund_request(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	ref, charge := c.paid()
	for _, by := range []string{"transaction_id", "out_trade_no"} {
		r := c.refundOf(ref, charge, 100)
		r.Reason = "改变\n主意" + strings.Repeat("。", 40)
		want := `{"transaction_id":"` + charge.ChannelTxnNo
		if by == "out_trade_no" {
			r.ChannelTxnNo, r.Reason = "", ""
			want = `{"out_trade_no":"` + ref.AttemptNo
		}
		want += `","out_refund_no":"` + r.RefundNo + `",`
		if r.Reason != "" {
			want += `"reason":"改变 主意` + strings.Repeat("。", 22) + `",`
		}
		want += `"notify_url":"https://mall.example/notify","amount":{"refund":100,"total":1290,"currency":"CNY"}}`
		c.Requests()
		if _, err := c.pay.Refund(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if sent := c.Requests(); len(sent) != 1 || sent[0].Body != want {
			t.Errorf("got  %+v\nwant %s", sent, want)
		}
	}
}

// An answer about another refund than the one that was asked about is no answer.
func TestWeChatPay_QueryRefund_answer(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]struct {
		member string
		value  any
		want   payment.ResultStatus
	}{
		"as it is":            {"status", "SUCCESS", payment.ResultSucceeded},
		"processing":          {"status", "PROCESSING", payment.ResultProcessing},
		"closed":              {"status", "CLOSED", payment.ResultFailed},
		"abnormal":            {"status", "ABNORMAL", payment.ResultFailed},
		"an unknown status":   {"status", "CHANGE", ""},
		"no status":           {"status", "", ""},
		"another number":      {"out_refund_no", "R2", ""},
		"another transaction": {"transaction_id", "4200002", ""},
		"another charge":      {"out_trade_no", "01HATTEMPT0000000000000002", ""},
		"no refund_id":        {"refund_id", "", ""},
		"another sum":         {"amount", map[string]any{"refund": 101, "currency": "CNY"}, ""},
		"another currency":    {"amount", map[string]any{"refund": 100, "currency": "USD"}, ""},
		"no sum":              {"amount", map[string]any{"currency": "CNY"}, ""},
	} {
		var c *counter
		c = open(t, wechatpaytest.Config{Change: func(o *wechatpay.Options) {
			o.Client = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				said := map[string]any{
					"refund_id":      "5030001",
					"out_refund_no":  "R1",
					"transaction_id": "4200001",
					"out_trade_no":   "01HATTEMPT0000000000000001",
					"status":         "SUCCESS",
					"amount":         map[string]any{"refund": 100, "currency": "CNY"},
				}
				said[r.member] = r.value
				body, err := json.Marshal(said)
				signed := c.Sign(body)
				return answer(200, signed.Header, string(body)), err
			})}
		}})
		got, err := c.pay.QueryRefund(t.Context(), payment.RefundRef{
			RefundNo:     "R1",
			Charge:       payment.ChargeRef{CreateRequest: payment.CreateRequest{AttemptNo: "01HATTEMPT0000000000000001"}},
			ChannelTxnNo: "4200001",
			Captured:     money.Of(1290, "CNY"),
			Amount:       money.Of(100, "CNY"),
		})
		if got.Status != r.want || (err == nil) != (r.want != "") || err != nil && kind(err) != "unknown" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
