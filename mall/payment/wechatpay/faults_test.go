package wechatpay_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/wechatpay"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

// meant says what a code means for each verb; what is empty is "unknown". The charge of a create was never opened, that
// of a query and a close is open, and the refund does not exist.
type meant struct {
	status                                               int // that WeChat Pay documents with the code
	create, query, close, refund, queryRefund, statement string
}

var documented = map[string]meant{
	"ORDERPAID":             {status: 400, create: "paid", close: "paid"},
	"ORDER_PAID":            {status: 400, create: "paid", close: "paid"},
	"USERPAYING":            {status: 202, close: "processing"},
	"ORDER_CLOSED":          {status: 400, create: "rejected", close: "done"},
	"ORDERCLOSED":           {status: 400, create: "rejected", close: "done"},
	"ORDER_NOT_EXIST":       {status: 404, query: "absent", close: "absent", refund: "rejected"},
	"ORDERNOTEXIST":         {status: 404, query: "absent", close: "absent", refund: "rejected"},
	"RESOURCE_NOT_EXISTS":   {status: 404, query: "absent", close: "absent", refund: "rejected", queryRefund: "absent"},
	"OUT_TRADE_NO_USED":     {status: 403, create: "rejected"},
	"INVALID_REQUEST":       {status: 400, create: "rejected", refund: "rejected"},
	"TRADE_ERROR":           {status: 403, create: "rejected"},
	"PARAM_ERROR":           {status: 400, create: "rejected", refund: "rejected"},
	"RULE_LIMIT":            {status: 403, create: "rejected"},
	"RULELIMIT":             {status: 403, create: "rejected"},
	"ACCOUNT_ERROR":         {status: 403, create: "rejected"},
	"ACCOUNTERROR":          {status: 403, create: "rejected"},
	"OPENID_MISMATCH":       {status: 500, create: "rejected"},
	"APPID_MCHID_NOT_MATCH": {status: 400, create: "rejected"},
	"MCH_NOT_EXISTS":        {status: 404, create: "rejected", refund: "later"},
	"NO_AUTH":               {status: 403, create: "rejected", refund: "later"},
	"NOAUTH":                {status: 403, create: "rejected", refund: "later"},
	"SIGN_ERROR":            {status: 401, create: "later", refund: "later"},
	"NOT_ENOUGH":            {status: 403, refund: "later"},
	"NOTENOUGH":             {status: 403, refund: "later"},
	"USER_ACCOUNT_ABNORMAL": {status: 403, refund: "rejected"},
	"TRADE_OVERDUE":         {status: 403, refund: "rejected"},
	"INVALID_TRANSACTIONID": {status: 500, refund: "rejected"},
	"FREQUENCY_LIMITED": {
		status: 429, create: "later", query: "later", close: "later", refund: "later", queryRefund: "later",
		statement: "later",
	},
	"RATELIMIT_EXCEEDED": {
		status: 429, create: "later", query: "later", close: "later", refund: "later", queryRefund: "later",
		statement: "later",
	},
	"NO_STATEMENT_EXIST": {status: 400, statement: "no bill"},
	"STATEMENT_CREATING": {status: 400, statement: "no bill"},
	"SYSTEM_ERROR":       {status: 500},
	"SYSTEMERROR":        {status: 500},
	"BANK_ERROR":         {status: 500},
	"BANKERROR":          {status: 500},
}

func TestWeChatPay_codes(t *testing.T) {
	t.Parallel()
	if listed := slices.Sorted(maps.Keys(documented)); !slices.Equal(listed, wechatpay.Codes()) {
		t.Fatalf("tested are %v, there are %v", listed, wechatpay.Codes())
	}
	for code, m := range documented {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			c := open(t, wechatpaytest.Config{})
			c.Advance(-2 * time.Hour) // it is eleven in Beijing, an hour after the bill of yesterday was due
			ref, charge := c.paid()
			unpaid := c.opened()
			yesterday := c.Now().AddDate(0, 0, -1)
			refund := c.refundOf(ref, charge, 100)
			for verb, call := range map[string]struct {
				want string
				do   func() error
			}{
				"create": {m.create, func() error {
					_, err := c.pay.Create(t.Context(), c.request(wechatpay.MethodNative))
					return err
				}},
				"query": {m.query, func() error {
					charge, err := c.pay.Query(t.Context(), unpaid)
					if err == nil && charge.Status == payment.ChargeAbsent {
						err = payment.ErrAbsent
					}
					return err
				}},
				"close": {m.close, func() error { return c.pay.Close(t.Context(), unpaid) }},
				"refund": {m.refund, func() error {
					_, err := c.pay.Refund(t.Context(), refund)
					return err
				}},
				"query refund": {m.queryRefund, func() error {
					_, err := c.pay.QueryRefund(t.Context(), refund.RefundRef)
					return err
				}},
				"statement": {m.statement, func() error {
					_, err := c.lines(yesterday)
					return err
				}},
			} {
				c.Refuse(m.status, code)
				if want, got := cmp.Or(call.want, "unknown"), call.do(); kind(got) != want {
					t.Errorf("%s: got %s, want %s: %v", verb, kind(got), want, got)
				}
			}
		})
	}
}

// A code that we do not know, and an answer that has none, tell nothing.
func TestWeChatPay_other_answers(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	ref := c.opened()
	for _, status := range []int{202, 301, 400, 403, 404, 429, 500, 503} {
		for _, code := range []string{"", "NEVER_SEEN"} {
			c.Refuse(status, code)
			_, err := c.pay.Create(t.Context(), c.request(wechatpay.MethodNative))
			if kind(err) != "unknown" {
				t.Errorf("create, %d %q: %v", status, code, err)
			}
			c.Refuse(status, code)
			if err := c.pay.Close(t.Context(), ref); kind(err) != "unknown" {
				t.Errorf("close, %d %q: %v", status, code, err)
			}
		}
	}
}

// If WeChat Pay refuses to open or close a charge for an unclear reason, what it has under the number decides.
func TestWeChatPay_unclear_refusals(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ create, close string }{
		"open":       {"rejected", "unknown"},
		"paid":       {"paid", "paid"},
		"processing": {"unknown", "processing"},
		"failed":     {"rejected", "unknown"},
		"closed":     {"rejected", "done"},
		"absent":     {"rejected", "absent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := open(t, wechatpaytest.Config{})
			r := c.request(wechatpay.MethodNative)
			ref := payment.ChargeRef{CreateRequest: r}
			if name != "absent" {
				if _, err := c.pay.Create(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			var err error
			switch name {
			case "paid", "processing", "failed":
				err = c.Pay(r.AttemptNo, paymenttest.Payment{Pending: name == "processing", Fails: name == "failed"})
			case "closed":
				err = c.pay.Close(t.Context(), ref)
			}
			if err != nil {
				t.Fatal(err)
			}
			c.Refuse(400, "INVALID_REQUEST")
			if err := c.pay.Close(t.Context(), ref); kind(err) != want.close {
				t.Errorf("close: got %s, want %s: %v", kind(err), want.close, err)
			}
			c.Refuse(403, "OUT_TRADE_NO_USED")
			if _, err := c.pay.Create(t.Context(), r); kind(err) != want.create {
				t.Errorf("create: got %s, want %s: %v", kind(err), want.create, err)
			}
			if want.create == "rejected" && c.Pay(r.AttemptNo, paymenttest.Payment{}) == nil {
				t.Error("a charge can be paid after it was rejected")
			}
		})
	}
}

// Other parameters under the same number are another charge: the old one is closed, and the new one refused.
func TestWeChatPay_Create_other_parameters(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	r := c.opened().CreateRequest
	r.Amount.Amount++
	_, err := c.pay.Create(t.Context(), r)
	if kind(err) != "rejected" || !strings.Contains(err.Error(), "OUT_TRADE_NO_USED") {
		t.Errorf("%v", err)
	}
	if err := c.Pay(r.AttemptNo, paymenttest.Payment{}); err == nil {
		t.Error("it can still be paid")
	}
}

// A refund that WeChat Pay refuses to accept twice is looked up.
func TestWeChatPay_Refund_that_exists(t *testing.T) {
	t.Parallel()
	c := open(t, wechatpaytest.Config{})
	ref, charge := c.paid()
	r := c.refundOf(ref, charge, 100)
	first, err := c.pay.Refund(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	c.Refuse(400, "INVALID_REQUEST")
	if again, err := c.pay.Refund(t.Context(), r); err != nil || again != first {
		t.Errorf("%+v, %v; first %+v", again, err, first)
	}
	if err := c.StrandRefund(r.RefundNo); err != nil {
		t.Fatal(err)
	}
	if now, err := c.pay.QueryRefund(t.Context(), r.RefundRef); err != nil || now.Status != payment.ResultFailed {
		t.Errorf("an abnormal refund: %+v, %v", now, err)
	}
}
