package payment_test

import (
	"os"
	"strings"
	"testing"

	"videomall/mall/payment"
)

// TestMask_golden masks a real body of each provider: the numbers, sums and states stay, the rest is gone.
func TestMask_golden(t *testing.T) {
	t.Parallel()
	golden := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, c := range map[string]struct {
		body         string
		stays, hides []string
	}{
		"stripe": {
			golden("stripe/testdata/event.json"),
			[]string{`"id": "evt_1QStandIn"`, `"amount_total": 1290`, `"payment_intent": "pi_1"`, `"url": null`},
			[]string{"example.com", "zoë", "林", "Söhne"},
		},
		"stripe, a dispute": {
			`{"id":"evt_2","object":"event","type":"charge.dispute.created","data":{"object":{"id":"du_1","amount":1290,
			 "currency":"usd","reason":"fraudulent","evidence":{"customer_name":"Lin Mei","customer_purchase_ip":"192.0.2.7",
			 "billing_address":"1 Main Street","customer_email_address":"lin@example.com","uncategorized_text":"called +86 138"},
			 "payment_method_details":{"card":{"brand":"visa","last4":"4242","fingerprint":"Xt5EWLLDS7FJjR1c"}},
			 "client_secret":"cs_secret_1"}}}`,
			[]string{`"du_1"`, `"fraudulent"`, `"brand": "visa"`, `"last4": "4242"`, `"customer_name": •••`},
			[]string{"Lin", "192.0.2.7", "Main", "lin@", "+86", "Xt5E", "cs_secret"},
		},
		"alipay": {
			golden("alipay/testdata/notice.form") + "&buyer_logon_id=lin***%40example.com",
			[]string{
				"trade_no = 2026030122001400000000000007", "total_amount = 12.90", "sign = •••", "buyer_id = •••",
				"out_trade_no = mall_01HATTEMPT0000000000000001",
			},
			[]string{"2088100000000009", "K8BDT8w4", "lin", "example", "ALIPAYACCOUNT"},
		},
		"paypal": {
			golden("paypal/testdata/captured.json"),
			[]string{`"id": "42311647XV020574X"`, `"value": "12.90"`, `"order_id": "5O190127TN364715T"`, `"email_address": •••`},
			[]string{"shop@example.com", "https://"},
		},
		"wechatpay": {
			golden("wechatpay/testdata/paid.json"),
			[]string{`"event_type": "TRANSACTION.SUCCESS"`, `"ciphertext": •••`, `"summary": "支付成功"`},
			[]string{"5WdM3Nvt", "fdasflkja484"},
		},
		"wechatpay, decrypted": {
			`{"mchid":"1900000109","transaction_id":"4200001","payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
			  "attach":"free text","user_received_account":"招商银行信用卡0403","amount":{"total":990,"payer_total":990}}`,
			[]string{`"transaction_id": "4200001"`, `"total": 990`, `"openid": •••`},
			[]string{"oUpF8", "free text", "招商"},
		},
		"sandbox": {
			`{"eventId":"evt_1","type":"payment.succeeded","merchant":"videomall","outTradeNo":"01H","channelTxnNo":"T1",` +
				`"amount":990,"currency":"CNY","occurredAt":"2026-03-01T12:00:00Z","payer":"Lin"}`,
			[]string{`"amount": 990`, `"channelTxnNo": "T1"`, `"payer": •••`},
			[]string{"Lin"},
		},
	} {
		got := payment.Mask([]byte(c.body))
		for _, s := range c.stays {
			if !strings.Contains(got, s) {
				t.Errorf("%s: %q is gone:\n%s", name, s, got)
			}
		}
		for _, s := range c.hides {
			if strings.Contains(got, s) {
				t.Errorf("%s: %q is shown:\n%s", name, s, got)
			}
		}
	}
}

func TestMask_hostile(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"":                              payment.Masked,
		"lin@example.com":               payment.Masked,
		`"lin@example.com"`:             payment.Masked,
		`{"id":"lin@example.com"}`:      "{\n  \"id\": " + payment.Masked + "\n}",
		`{"id":["a",{"openid":["b"]}]}`: "{\n  \"id\": [\n    \"a\",\n    {\n      \"openid\": [\n        •••\n      ]\n    }\n  ]\n}",
		`{"id":"a"} {"openid":"b"}`:     payment.Masked,
		`{"id":"a"`:                     payment.Masked,
		"id=a&openid=b":                 "id = a\nopenid = •••",
		"id=a%0Asign&sign=b":            payment.Masked,
		"id=%zz":                        payment.Masked,
		"lin mei=1":                     payment.Masked,
		"{\"id\":\"\xff\"}":             payment.Masked,
		`{"amount":` + strings.Repeat("9", 300) + `}`: "{\n  \"amount\": •••\n}",
	} {
		if got := payment.Mask([]byte(body)); got != want {
			t.Errorf("%.60q: got %q, want %q", body, got, want)
		}
	}
	deep := strings.Repeat(`{"id":`, 5000) + `"x"` + strings.Repeat("}", 5000)
	if got := payment.Mask([]byte(deep)); len(got) > 4000 || strings.Contains(got, `"x"`) {
		t.Errorf("%d bytes of a deep body", len(got))
	}
}
