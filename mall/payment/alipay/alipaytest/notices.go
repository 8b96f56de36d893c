package alipaytest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"videomall/mall/payment/paymenttest"
)

// announce sends the notice of a trade's state, or of a refund of it. The caller holds the lock.
func (s *Server) announce(t *trade, r *refund) {
	form := url.Values{}
	for name, value := range map[string]string{
		"notify_id":       s.next() + "1031461234567890",
		"notify_type":     "trade_status_sync",
		"notify_time":     s.now().In(beijing).Format(timeLayout),
		"app_id":          AppID,
		"auth_app_id":     AppID,
		"seller_id":       SellerID,
		"seller_email":    "shop@example.test",
		"buyer_id":        "2088100000000009",
		"buyer_logon_id":  "159****5620",
		"charset":         "utf-8",
		"version":         "1.0",
		"sign_type":       "RSA2",
		"subject":         t.subject,
		"body":            "", // empty values are signed, too
		"out_trade_no":    t.outTradeNo,
		"trade_no":        t.tradeNo,
		"trade_status":    t.status,
		"total_amount":    yuan(t.total),
		"passback_params": t.passback,
		"gmt_create":      t.created.In(beijing).Format(timeLayout),
	} {
		form.Set(name, value)
	}
	if t.passback == "" {
		form.Del("passback_params")
	}
	if !t.paid.IsZero() {
		form.Set("gmt_payment", t.paid.In(beijing).Format(timeLayout))
		form.Set("receipt_amount", yuan(t.total))
		form.Set("buyer_pay_amount", yuan(t.total))
		form.Set("fund_bill_list", `[{"amount":"`+yuan(t.total)+`","fundChannel":"PCREDIT + 1"}]`)
	}
	if r != nil {
		form.Set("gmt_refund", r.at.In(beijing).Format("2006-01-02 15:04:05.000"))
		form.Set("refund_fee", yuan(r.total))
		form.Set("out_biz_no", r.requestNo)
	}
	if !t.closed.IsZero() {
		form.Set("gmt_close", t.closed.In(beijing).Format(timeLayout))
	}
	s.send(t.notifyURL, form)
}

// send signs a notice, keeps it for Notices and posts it if that is wanted. The caller holds the lock.
func (s *Server) send(address string, form url.Values) {
	form.Set("sign", s.sign(joined(form, "sign", "sign_type")))
	body := form.Encode()
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	s.notices = append(s.notices, paymenttest.Delivery{Header: header, Body: []byte(body)})
	if s.opt.Post && address != "" {
		s.posting.Go(func() { s.post(address, body) })
	}
}

// post posts a notice until it is acknowledged, at most five times.
func (s *Server) post(address, body string) {
	var err error
	for try := range 5 {
		select {
		case <-s.posts.Done():
			return
		case <-time.After(time.Duration(try*try) * 100 * time.Millisecond):
		}
		if err = deliver(s.posts, address, body); err == nil {
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, err)
}

// deliver posts a notice once. Whatever isn't exactly "success" is no acknowledgement.
func deliver(ctx context.Context, address, body string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	response, err := (&http.Client{Transport: &http.Transport{}}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 100))
	if err != nil {
		return err
	}
	if string(answer) != "success" {
		return fmt.Errorf("alipaytest: the notice was answered with %d %q", response.StatusCode, answer)
	}
	return nil
}
