package alipay_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/alipay/alipaytest"
)

func TestAlipay_Refund_request(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	c := paid(t, s, alipay.MethodPage)
	s.Requests()
	r := refundOf(c, "R1", 1)
	r.Reason = "a/b\n" + strings.Repeat("退", 300)
	if got, err := s.Provider().Refund(t.Context(), r); err != nil || got.Status != payment.ResultSucceeded {
		t.Fatalf("%+v, %v", got, err)
	}
	asked := s.Requests()
	var fields map[string]string
	if err := json.Unmarshal([]byte(asked[0].Get("biz_content")), &fields); err != nil || len(asked) != 1 {
		t.Fatalf("%d requests, %v", len(asked), err)
	}
	for field, want := range map[string]string{
		"trade_no": c.ChannelTxnNo, "out_trade_no": "", "refund_amount": "0.01", "out_request_no": "R1",
		"refund_reason": "a／b " + strings.Repeat("退", 252),
	} {
		if fields[field] != want {
			t.Errorf("%s is %q, want %q", field, fields[field], want)
		}
	}
}

// Without Alipay's number the attempt's is used.
func TestAlipay_Refund_by_our_number(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	r := refundOf(paid(t, s, alipay.MethodPage), "R1", 1290)
	r.ChannelTxnNo = ""
	if got, err := s.Provider().Refund(t.Context(), r); err != nil || got.Status != payment.ResultSucceeded {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err := s.Provider().QueryRefund(t.Context(), r.RefundRef); err != nil || got.Status != payment.ResultSucceeded {
		t.Fatalf("%+v, %v", got, err)
	}
}

// A request that is accepted without moving money is no refund yet: it is looked for, and found once it is made.
func TestAlipay_Refund_accepted_without_moving_money(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	r := refundOf(paid(t, s, alipay.MethodPage), "R1", 500)
	s.HoldRefunds(true)
	if got, err := s.Provider().Refund(t.Context(), r); err != nil || got.Status != payment.ResultProcessing {
		t.Fatalf("%+v, %v", got, err)
	}
	_, err := s.Provider().QueryRefund(t.Context(), r.RefundRef)
	wantErr(t, err, payment.ErrAbsent)
	if err := s.FinishRefund("R1", true); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := s.Provider().Refund(t.Context(), r); err != nil || got.Status != payment.ResultSucceeded {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if got := s.Refunded(attempt); got != 500 {
		t.Errorf("%d was refunded", got)
	}
}

// A refund that comes within 3 s of another is refused with a code that decides nothing, and is made later.
func TestAlipay_Refund_too_soon_after_another(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	c := paid(t, s, alipay.MethodPage)
	if _, err := s.Provider().Refund(t.Context(), refundOf(c, "R1", 100)); err != nil {
		t.Fatal(err)
	}
	s.Advance(2 * time.Second)
	_, err := s.Provider().Refund(t.Context(), refundOf(c, "R2", 100))
	wantErr(t, err, nil)
	s.Advance(time.Second)
	if got, err := s.Provider().Refund(t.Context(), refundOf(c, "R2", 100)); err != nil ||
		got.Status != payment.ResultSucceeded {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestAlipay_Refund_after_the_time_for_refunds(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	c := paid(t, s, alipay.MethodPage)
	if err := s.Finish(attempt); err != nil {
		t.Fatal(err)
	}
	_, err := s.Provider().Refund(t.Context(), refundOf(c, "R1", 100))
	wantErr(t, err, payment.ErrRejected)
}

func TestAlipay_Refund_refused_here(t *testing.T) {
	t.Parallel()
	s := bank(t, alipaytest.Options{})
	c := payment.Charge{ChannelTxnNo: "2026030122001400000000000007", Amount: money.Of(1290, "CNY")}
	for name, change := range map[string]func(*payment.RefundRequest){
		"no number":     func(r *payment.RefundRequest) { r.RefundNo = "" },
		"a hyphen":      func(r *payment.RefundRequest) { r.RefundNo = "R-1" },
		"a long number": func(r *payment.RefundRequest) { r.RefundNo = strings.Repeat("R", 65) },
		"dollars":       func(r *payment.RefundRequest) { r.Amount.Currency = "USD" },
		"nothing":       func(r *payment.RefundRequest) { r.Amount.Amount = 0 },
		"below zero":    func(r *payment.RefundRequest) { r.Amount.Amount = -1 },
		"a bad trade":   func(r *payment.RefundRequest) { r.ChannelTxnNo = "a b" },
		"no charge":     func(r *payment.RefundRequest) { r.ChannelTxnNo, r.Charge.AttemptNo = "", "" },
	} {
		r := refundOf(c, "R1", 100)
		change(&r)
		_, err := s.Provider().Refund(t.Context(), r)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		wantErr(t, err, payment.ErrRejected)
	}
	if asked := s.Requests(); len(asked) != 0 {
		t.Errorf("the gateway was asked %d times", len(asked))
	}
}

func TestAlipay_QueryRefund_answers(t *testing.T) {
	t.Parallel()
	const member = "alipay_trade_fastpay_refund_query_response"
	body := func(changes ...string) string {
		return strings.NewReplacer(changes...).Replace(`{"code":"10000","msg":"Success","out_trade_no":"mall_` + attempt +
			`","trade_no":"2026030122001400000000000007","out_request_no":"R1","refund_amount":"1.00",` +
			`"total_amount":"12.90","refund_status":"REFUND_SUCCESS"}`)
	}
	c := payment.Charge{ChannelTxnNo: "2026030122001400000000000007", Amount: money.Of(1290, "CNY")}
	r := refundOf(c, "R1", 100).RefundRef
	if got, err := answering(t, saying(sealed(t, member, body()))).QueryRefund(t.Context(), r); err != nil ||
		got != (payment.RefundResult{Status: payment.ResultSucceeded}) {
		t.Fatalf("%+v, %v", got, err)
	}
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"none":                 {`{"code":"10000","msg":"Success"}`, payment.ErrAbsent},
		"an empty status":      {body("REFUND_SUCCESS", ""), payment.ErrAbsent},
		"an unheard-of status": {body("REFUND_SUCCESS", "REFUND_SOMETHING"), nil},
		"another refund":       {body(`"R1"`, `"R2"`), nil},
		"another trade":        {body("000007", "000008"), nil},
		"another amount":       {body("1.00", "1.01"), nil},
		"no amount":            {body("1.00", ""), nil},
	} {
		got, err := answering(t, saying(sealed(t, member, c.body))).QueryRefund(t.Context(), r)
		if err == nil {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		wantErr(t, err, c.want)
	}
	refunded := `{"code":"10000","msg":"Success","out_trade_no":"mall_1","trade_no":"1","fund_change":"Y"}`
	_, err := answering(t, saying(sealed(t, "alipay_trade_refund_response", refunded))).
		Refund(t.Context(), payment.RefundRequest{RefundRef: r})
	wantErr(t, err, nil)
}
