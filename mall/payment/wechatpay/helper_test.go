package wechatpay_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/wechatpay"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

// counter is one bank with its client, and the numbers that a test has given out.
type counter struct {
	*testing.T
	*wechatpaytest.Bank
	pay  *wechatpay.WeChatPay
	made int
}

func open(t *testing.T, c wechatpaytest.Config) *counter {
	t.Helper()
	bank := wechatpaytest.New(t, c)
	return &counter{T: t, Bank: bank, pay: bank.Client()}
}

func (c *counter) request(method string) payment.CreateRequest {
	c.made++
	now := c.Now().UTC().Truncate(time.Second)
	return payment.CreateRequest{
		AttemptNo: fmt.Sprintf("01HATTEMPT%016d", c.made),
		Method:    method,
		Subject:   "北境之光",
		ReturnURL: "https://mall.example/orders/1?from=pay&x=1",
		Amount:    money.Of(1290, "CNY"),
		CreatedAt: now,
		ExpiresAt: now.Add(15 * time.Minute),
		PayerID:   "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
		PayerIP:   "203.0.113.7",
	}
}

// opened opens a charge.
func (c *counter) opened() payment.ChargeRef {
	c.Helper()
	r := c.request(wechatpay.MethodNative)
	if _, err := c.pay.Create(c.Context(), r); err != nil {
		c.Fatal(err)
	}
	return payment.ChargeRef{CreateRequest: r}
}

// paid opens a charge and pays it.
func (c *counter) paid() (payment.ChargeRef, payment.Charge) {
	c.Helper()
	ref := c.opened()
	if err := c.Pay(ref.AttemptNo, paymenttest.Payment{}); err != nil {
		c.Fatal(err)
	}
	charge, err := c.pay.Query(c.Context(), ref)
	if err != nil || charge.Status != payment.ChargePaid {
		c.Fatalf("%+v, %v", charge, err)
	}
	return ref, charge
}

func (c *counter) refundOf(ref payment.ChargeRef, charge payment.Charge, fen int64) payment.RefundRequest {
	c.made++
	return payment.RefundRequest{
		RefundRef: payment.RefundRef{
			RefundNo:     fmt.Sprintf("01HREFUND%017d", c.made),
			Charge:       ref,
			ChannelTxnNo: charge.ChannelTxnNo,
			Captured:     charge.Amount,
			Amount:       money.Of(fen, "CNY"),
		},
		Reason: "the shopper changed their mind",
	}
}

// lines reads a statement.
func (c *counter) lines(at time.Time) ([]payment.StatementLine, error) {
	var list []payment.StatementLine
	for line, err := range c.pay.Statement(c.Context(), at) {
		if err != nil {
			return list, err
		}
		list = append(list, line)
	}
	return list, nil
}

// kind names what an error says.
func kind(err error) string {
	if err == nil {
		return "done"
	}
	for name, definite := range map[string]error{
		"rejected":   payment.ErrRejected,
		"later":      payment.ErrRetryLater,
		"absent":     payment.ErrAbsent,
		"processing": payment.ErrProcessing,
		"paid":       payment.ErrAlreadyPaid,
		"no bill":    payment.ErrNoStatement,
	} {
		if errors.Is(err, definite) {
			return name
		}
	}
	return "unknown"
}

// roundTrip is an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer is an answer of a server with these headers.
func answer(status int, header http.Header, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

// changing changes a client's first request on its way, and notes the code with which it is refused.
func changing(change func(*http.Request), code *string) func(*wechatpay.Options) {
	first := true
	return func(o *wechatpay.Options) {
		o.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if !first {
				return http.DefaultTransport.RoundTrip(r)
			}
			first = false
			r = r.Clone(r.Context())
			change(r)
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				return nil, err
			}
			raw, err := io.ReadAll(resp.Body)
			if err != nil {
				return nil, err
			}
			var said struct {
				Code string `json:"code"`
			}
			_ = json.Unmarshal(raw, &said)
			*code = said.Code
			return answer(resp.StatusCode, resp.Header, string(raw)), resp.Body.Close()
		})}
	}
}
