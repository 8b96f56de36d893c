// Package wechatpay_test lets code that isn't ours talk with the stand-in for WeChat Pay, and read what our client
// sends: the SDK that WeChat Pay publishes for Go, and a well-known one for Node. It is a module of its own, so that
// neither the program nor its other tests depend on them.
package wechatpay_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/downloader"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/h5"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/wechatpay/wechatpaytest"
)

// toBank sends what the SDK sends to WeChat Pay to the stand-in.
type toBank struct{ base *url.URL }

func (b toBank) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "api.mch.weixin.qq.com" {
		return nil, errors.New("no way to " + r.URL.Host)
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = b.base.Scheme, b.base.Host, b.base.Host
	return http.DefaultTransport.RoundTrip(r)
}

// sdk is the SDK at one stand-in, whose clock is the real one, as the SDK's is.
type sdk struct {
	*testing.T
	*wechatpaytest.Bank
	client   *core.Client
	verifier auth.Verifier
}

func open(t *testing.T, certificates bool) *sdk {
	t.Helper()
	bank := wechatpaytest.New(t, wechatpaytest.Config{Certificates: certificates, Now: time.Now})
	base, err := url.Parse(bank.URL())
	if err != nil {
		t.Fatal(err)
	}
	keys, c := bank.Keys(), &http.Client{Transport: toBank{base}}
	s := &sdk{T: t, Bank: bank}
	if certificates {
		plain, err := core.NewClient(t.Context(), option.WithHTTPClient(c), option.WithoutValidator(),
			option.WithMerchantCredential(wechatpaytest.MerchantID, keys.MerchantSerial, keys.MerchantKey))
		if err != nil {
			t.Fatal(err)
		}
		// From the second download on, it verifies the answer with what it got from the first.
		d, err := downloader.NewCertificateDownloaderWithClient(t.Context(), plain, wechatpaytest.APIv3)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.DownloadCertificates(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.verifier = verifiers.NewSHA256WithRSAVerifier(d)
	} else {
		s.verifier = verifiers.NewSHA256WithRSAPubkeyVerifier(keys.PublicKeys[0].ID, *keys.PublicKeys[0].Key)
	}
	s.client, err = core.NewClient(t.Context(), option.WithHTTPClient(c), option.WithVerifier(s.verifier),
		option.WithMerchantCredential(wechatpaytest.MerchantID, keys.MerchantSerial, keys.MerchantKey))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sdk) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// code returns the code of WeChat Pay's refusal.
func code(err error) string {
	var e *core.APIError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// notice gives the one notice that was sent to the SDK's handler.
func (s *sdk) notice(into any) *notify.Request {
	s.Helper()
	handler, err := notify.NewRSANotifyHandler(wechatpaytest.APIv3, s.verifier)
	s.must(err)
	sent := s.Notices()
	if len(sent) != 1 {
		s.Fatalf("%d notices", len(sent))
	}
	r := httptest.NewRequest(http.MethodPost, "/notify", strings.NewReader(string(sent[0].Body)))
	r.Header = sent[0].Header
	n, err := handler.ParseNotifyRequest(s.Context(), r, into)
	s.must(err)
	return n
}

func TestBank_with_the_SDK_of_WeChat_Pay(t *testing.T) {
	for name, certificates := range map[string]bool{"public key": false, "certificates": true} {
		t.Run(name, func(t *testing.T) { pay(open(t, certificates)) })
	}
}

// pay sees an order through: opened, queried, paid, announced, refunded, announced.
func pay(s *sdk) {
	orders := native.NativeApiService{Client: s.client}
	request := native.PrepayRequest{
		Appid:       core.String(wechatpaytest.AppID),
		Mchid:       core.String(wechatpaytest.MerchantID),
		Description: core.String("北境之光"),
		OutTradeNo:  core.String("01HATTEMPT0000000000000001"),
		TimeExpire:  core.Time(time.Now().Add(15 * time.Minute)),
		Attach:      core.String("umbrellas"),
		NotifyUrl:   core.String("https://umbrellas.example/notify"),
		Amount:      &native.Amount{Total: core.Int64(1290), Currency: core.String("CNY")},
	}
	opened, _, err := orders.Prepay(s.Context(), request)
	s.must(err)
	if opened.CodeUrl == nil || !strings.HasPrefix(*opened.CodeUrl, "weixin://wxpay/") {
		s.Fatalf("%v", opened)
	}
	again, _, err := orders.Prepay(s.Context(), request)
	s.must(err)
	if *again.CodeUrl != *opened.CodeUrl {
		s.Errorf("%s, then %s", *opened.CodeUrl, *again.CodeUrl)
	}
	query := native.QueryOrderByOutTradeNoRequest{OutTradeNo: request.OutTradeNo, Mchid: request.Mchid}
	order, _, err := orders.QueryOrderByOutTradeNo(s.Context(), query)
	s.must(err)
	if *order.TradeState != "NOTPAY" {
		s.Errorf("%v", order)
	}
	s.must(s.Pay(*request.OutTradeNo, paymenttest.Payment{}))
	var paid payments.Transaction
	n := s.notice(&paid)
	if n.EventType != "TRANSACTION.SUCCESS" || *paid.TradeState != "SUCCESS" || *paid.Amount.Total != 1290 ||
		*paid.Attach != "umbrellas" || *paid.OutTradeNo != *request.OutTradeNo {
		s.Errorf("%v: %v", n, paid)
	}
	order, _, err = orders.QueryOrderById(s.Context(), native.QueryOrderByIdRequest{
		TransactionId: paid.TransactionId,
		Mchid:         request.Mchid,
	})
	s.must(err)
	if *order.TradeState != "SUCCESS" || *order.Amount.PayerTotal != 1290 {
		s.Errorf("%v", order)
	}
	_, err = orders.CloseOrder(s.Context(), native.CloseOrderRequest{
		OutTradeNo: request.OutTradeNo,
		Mchid:      request.Mchid,
	})
	if code(err) != "ORDERPAID" {
		s.Errorf("close a paid order: %v", err)
	}
	refund(s, paid)
}

func refund(s *sdk, paid payments.Transaction) {
	refunds := refunddomestic.RefundsApiService{Client: s.client}
	asked := refunddomestic.CreateRequest{
		TransactionId: paid.TransactionId,
		OutRefundNo:   core.String("01HREFUND00000000000000001"),
		Reason:        core.String("the shopper changed their mind"),
		Amount: &refunddomestic.AmountReq{
			Refund:   core.Int64(290),
			Total:    core.Int64(1290),
			Currency: core.String("CNY"),
		},
	}
	started, _, err := refunds.Create(s.Context(), asked)
	s.must(err)
	if *started.Status != refunddomestic.STATUS_PROCESSING || *started.Amount.Refund != 290 {
		s.Errorf("%v", started)
	}
	s.must(s.FinishRefund(*asked.OutRefundNo, true))
	var told refunddomestic.Refund
	n := s.notice(&told)
	if n.EventType != "REFUND.SUCCESS" || *told.RefundId != *started.RefundId || *told.Amount.Refund != 290 {
		s.Errorf("%v: %v", n, told)
	}
	ended, _, err := refunds.QueryByOutRefundNo(s.Context(), refunddomestic.QueryByOutRefundNoRequest{
		OutRefundNo: asked.OutRefundNo,
	})
	s.must(err)
	if *ended.Status != refunddomestic.STATUS_SUCCESS || ended.SuccessTime == nil {
		s.Errorf("%v", ended)
	}
	s.SetBalance(10)
	asked.OutRefundNo = core.String("01HREFUND00000000000000002")
	if _, _, err = refunds.Create(s.Context(), asked); code(err) != "NOT_ENOUGH" {
		s.Errorf("without balance: %v", err)
	}
}

// The two other methods, as far as they differ.
func TestBank_with_the_SDK_other_methods(t *testing.T) {
	s := open(t, false)
	page, _, err := (&h5.H5ApiService{Client: s.client}).Prepay(t.Context(), h5.PrepayRequest{
		Appid:       core.String(wechatpaytest.AppID),
		Mchid:       core.String(wechatpaytest.MerchantID),
		Description: core.String("北境之光"),
		OutTradeNo:  core.String("01HATTEMPT0000000000000002"),
		NotifyUrl:   core.String("https://umbrellas.example/notify"),
		Amount:      &h5.Amount{Total: core.Int64(1290)},
		SceneInfo: &h5.SceneInfo{
			PayerClientIp: core.String("203.0.113.7"),
			H5Info:        &h5.H5Info{Type: core.String("Wap")},
		},
	})
	s.must(err)
	if !strings.Contains(*page.H5Url, "prepay_id=") {
		t.Errorf("%v", page)
	}
	bridge, _, err := (&jsapi.JsapiApiService{Client: s.client}).PrepayWithRequestPayment(t.Context(), jsapi.PrepayRequest{
		Appid:       core.String(wechatpaytest.AppID),
		Mchid:       core.String(wechatpaytest.MerchantID),
		Description: core.String("北境之光"),
		OutTradeNo:  core.String("01HATTEMPT0000000000000003"),
		NotifyUrl:   core.String("https://umbrellas.example/notify"),
		Amount:      &jsapi.Amount{Total: core.Int64(1290)},
		Payer:       &jsapi.Payer{Openid: core.String("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")},
	})
	s.must(err)
	s.must(s.PayBridge(map[string]string{
		"appId":     *bridge.Appid,
		"timeStamp": *bridge.TimeStamp,
		"nonceStr":  *bridge.NonceStr,
		"package":   *bridge.Package,
		"signType":  *bridge.SignType,
		"paySign":   *bridge.PaySign,
	}))
}

// The SDK takes back what the stand-in spoils, so its trust in the rest means something.
func TestBank_with_the_SDK_bad_signatures(t *testing.T) {
	s := open(t, false)
	orders := native.NativeApiService{Client: s.client}
	query := native.QueryOrderByOutTradeNoRequest{
		OutTradeNo: core.String("01HATTEMPT0000000000000004"),
		Mchid:      core.String(wechatpaytest.MerchantID),
	}
	if _, _, err := orders.QueryOrderByOutTradeNo(t.Context(), query); code(err) != "ORDER_NOT_EXIST" {
		t.Errorf("%v", err)
	}
	other, err := wechatpaytest.PrivateKey("merchant2")
	s.must(err)
	stranger, err := core.NewClient(t.Context(), option.WithHTTPClient(&http.Client{Transport: bankOf(s)}),
		option.WithVerifier(s.verifier),
		option.WithMerchantCredential(wechatpaytest.MerchantID, wechatpaytest.MerchantSerial(1), other))
	s.must(err)
	orders.Client = stranger
	if _, _, err := orders.QueryOrderByOutTradeNo(t.Context(), query); code(err) != "SIGN_ERROR" {
		t.Errorf("another's key: %v", err)
	}
	handler, err := notify.NewRSANotifyHandler(wechatpaytest.APIv3, s.verifier)
	s.must(err)
	probe := s.Probe()
	r := httptest.NewRequest(http.MethodPost, "/notify", strings.NewReader(string(probe.Body)))
	r.Header = probe.Header
	if _, err := handler.ParseNotifyRequest(t.Context(), r, new(payments.Transaction)); err == nil {
		t.Error("the SDK takes a bad signature")
	}
}

func bankOf(s *sdk) toBank {
	base, err := url.Parse(s.URL())
	s.must(err)
	return toBank{base}
}
