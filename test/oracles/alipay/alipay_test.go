// Package alipay_test runs a client that isn't ours, github.com/smartwalle/alipay, against the stand-in for Alipay. It
// is a module of its own, so that the mall doesn't depend on that client: go test ./... in this folder.
package alipay_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/smartwalle/alipay/v3"

	"videomall/mall/payment/alipay/alipaytest"
	"videomall/mall/payment/paymenttest"
)

const attempt = "01HATTEMPT0000000000000001"

// open returns a stand-in and a client of it.
func open(t *testing.T, certificates bool) (*alipaytest.Server, *alipay.Client) {
	t.Helper()
	s, err := alipaytest.New(alipaytest.Options{Certificates: certificates, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c, err := alipay.New(alipaytest.AppID, alipaytest.AppKey, false,
		alipay.WithSandboxGateway(s.URL()),
		alipay.WithTimeLocation(time.FixedZone("Beijing", 8*60*60)),
		alipay.WithHTTPClient(s.Options().Client))
	if err != nil {
		t.Fatal(err)
	}
	load := []func() error{func() error { return c.LoadAliPayPublicKey(alipaytest.AlipayPublicKey) }}
	if certificates {
		load = []func() error{
			func() error { return c.LoadAppCertPublicKey(alipaytest.AppCertificate) },
			func() error { return c.LoadAliPayRootCert(alipaytest.RootCertificates) },
			func() error { return c.LoadAlipayCertPublicKey(alipaytest.AlipayCertificate) },
		}
	}
	for _, f := range load {
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
	return s, c
}

// modes runs a test with bare keys and with certificates.
func modes(t *testing.T, test func(t *testing.T, s *alipaytest.Server, c *alipay.Client)) {
	for name, certificates := range map[string]bool{"public key": false, "certificates": true} {
		t.Run(name, func(t *testing.T) {
			s, c := open(t, certificates)
			test(t, s, c)
		})
	}
}

func trade() alipay.Trade {
	return alipay.Trade{
		NotifyURL:   alipaytest.NotifyURL,
		ReturnURL:   "https://mall.example/orders/1",
		Subject:     "北境之光 100%+1",
		OutTradeNo:  "mall_" + attempt,
		TotalAmount: "12.90",
	}
}

// follow opens a page and returns it, and where a browser ends up.
func follow(t *testing.T, request *http.Request) (string, *url.URL) {
	t.Helper()
	var end *url.URL
	client := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == "mall.example" {
			end = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var page strings.Builder
	if _, err := io.Copy(&page, response.Body); err != nil {
		t.Fatal(err)
	}
	return page.String(), end
}

func get(t *testing.T, address string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// A payer pays on the pages that the client signs, and comes back with parameters that the client verifies.
func TestClient_pages(t *testing.T) {
	modes(t, func(t *testing.T, s *alipaytest.Server, c *alipay.Client) {
		page := trade()
		page.ProductCode = "FAST_INSTANT_TRADE_PAY"
		wap := trade()
		wap.ProductCode, wap.OutTradeNo = "QUICK_WAP_WAY", "mall_2"
		first, err := c.TradePagePay(alipay.TradePagePay{Trade: page})
		if err != nil {
			t.Fatal(err)
		}
		second, err := c.TradeWapPay(alipay.TradeWapPay{Trade: wap, QuitURL: "https://mall.example/orders/1"})
		if err != nil {
			t.Fatal(err)
		}
		for number, address := range map[string]*url.URL{"mall_" + attempt: first, "mall_2": second} {
			shown, _ := follow(t, get(t, address.String()))
			_, action, found := strings.Cut(shown, `action="`)
			if !found || !strings.Contains(shown, "12.90 yuan") {
				t.Fatalf("the page is\n%s", shown)
			}
			action, _, _ = strings.Cut(action, `"`)
			press := get(t, strings.TrimSuffix(s.URL(), "/gateway.do")+action)
			press.Method = http.MethodPost
			_, end := follow(t, press)
			if end == nil {
				t.Fatal("the payer did not come back")
			}
			back := end.Query()
			if err := c.VerifySign(t.Context(), back); err != nil || back.Get("out_trade_no") != number {
				t.Errorf("back with %v, %v", back, err)
			}
			back.Set("total_amount", "0.01")
			if c.VerifySign(t.Context(), back) == nil {
				t.Error("a changed way back verifies")
			}
		}
	})
}

func TestClient_query_refund_and_close(t *testing.T) {
	modes(t, func(t *testing.T, s *alipaytest.Server, c *alipay.Client) {
		charge := trade()
		charge.ProductCode = "FACE_TO_FACE_PAYMENT"
		code, err := c.TradePreCreate(t.Context(), alipay.TradePreCreate{Trade: charge})
		if err != nil || code.QRCode == "" {
			t.Fatalf("%+v, %v", code, err)
		}
		absent, err := c.TradeQuery(t.Context(), alipay.TradeQuery{OutTradeNo: charge.OutTradeNo})
		if err != nil || absent.SubCode != "ACQ.TRADE_NOT_EXIST" {
			t.Fatalf("%+v, %v", absent, err)
		}
		if err := s.Pay(attempt, paymenttest.Payment{}); err != nil {
			t.Fatal(err)
		}
		got, err := c.TradeQuery(t.Context(), alipay.TradeQuery{OutTradeNo: charge.OutTradeNo})
		if err != nil || got.TradeStatus != alipay.TradeStatusSuccess || got.TotalAmount != "12.90" || got.SendPayDate == "" {
			t.Fatalf("%+v, %v", got, err)
		}
		refund, err := c.TradeRefund(t.Context(), alipay.TradeRefund{
			TradeNo: got.TradeNo, RefundAmount: "12.90", RefundReason: "正常退款", OutRequestNo: "R1",
		})
		if err != nil || refund.FundChange != "Y" || refund.RefundFee != "12.90" {
			t.Fatalf("%+v, %v", refund, err)
		}
		made, err := c.TradeFastPayRefundQuery(t.Context(),
			alipay.TradeFastPayRefundQuery{TradeNo: got.TradeNo, OutRequestNo: "R1"})
		if err != nil || made.RefundStatus != "REFUND_SUCCESS" || made.RefundAmount != "12.90" {
			t.Fatalf("%+v, %v", made, err)
		}
		none, err := c.TradeFastPayRefundQuery(t.Context(),
			alipay.TradeFastPayRefundQuery{TradeNo: got.TradeNo, OutRequestNo: "R2"})
		if err != nil || none.Code != "10000" || none.RefundStatus != "" {
			t.Fatalf("%+v, %v", none, err)
		}
		closed, err := c.TradeClose(t.Context(), alipay.TradeClose{TradeNo: got.TradeNo})
		if err != nil || closed.SubCode != "ACQ.TRADE_STATUS_ERROR" {
			t.Fatalf("%+v, %v", closed, err)
		}
		bill, err := c.BillDownloadURLQuery(t.Context(), alipay.BillDownloadURLQuery{
			BillType: "trade", BillDate: time.Now().AddDate(0, 0, -9).Format(time.DateOnly),
		})
		if err != nil || bill.SubCode != "isp.bill_not_exist" {
			t.Fatalf("%+v, %v", bill, err)
		}
	})
}

func TestClient_notices(t *testing.T) {
	modes(t, func(t *testing.T, s *alipaytest.Server, c *alipay.Client) {
		charge := trade()
		charge.ProductCode = "FACE_TO_FACE_PAYMENT"
		if _, err := c.TradePreCreate(t.Context(), alipay.TradePreCreate{Trade: charge}); err != nil {
			t.Fatal(err)
		}
		if err := s.Pay(attempt, paymenttest.Payment{}); err != nil {
			t.Fatal(err)
		}
		for _, no := range []string{"R1", "R2"} {
			if _, err := c.TradeRefund(t.Context(), alipay.TradeRefund{
				OutTradeNo: charge.OutTradeNo, RefundAmount: "1.00", OutRequestNo: no,
			}); err != nil {
				t.Fatal(err)
			}
			s.Advance(3 * time.Second)
		}
		sent := s.Notices()
		if len(sent) != 3 {
			t.Fatalf("%d notices", len(sent))
		}
		for i, d := range sent {
			form, err := url.ParseQuery(string(d.Body))
			if err != nil {
				t.Fatal(err)
			}
			n, err := c.DecodeNotification(t.Context(), form)
			if err != nil || n.TradeStatus != alipay.TradeStatusSuccess || n.Subject != "北境之光 100%+1" {
				t.Fatalf("%+v, %v", n, err)
			}
			if want := []string{"", "1.00", "2.00"}[i]; n.RefundFee != want {
				t.Errorf("notice %d tells of refunds of %q, want %q", i, n.RefundFee, want)
			}
			if _, err := s.Provider().ParseNotice(d.Header, d.Body); err != nil {
				t.Errorf("ours: %v", err)
			}
			form.Set("body", "changed")
			if _, err := c.DecodeNotification(t.Context(), form); err == nil {
				t.Error("a changed notice verifies")
			}
		}
	})
}
