package alipay_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/alipay/alipaytest"
)

func FuzzAlipay_ParseNotice(f *testing.F) {
	keys, err := alipay.PublicKeyMode(alipaytest.AppKey, alipaytest.AlipayPublicKey)
	if err != nil {
		f.Fatal(err)
	}
	a, err := alipay.New(alipay.Options{
		AppID:     alipaytest.AppID,
		SellerID:  alipaytest.SellerID,
		Shop:      alipaytest.Shop,
		Gateway:   "https://openapi.alipay.com/gateway.do",
		NotifyURL: alipaytest.NotifyURL,
		BillHosts: []string{"bills.example"},
		Keys:      func() alipay.Keys { return keys },
		Client:    &http.Client{},
		Now:       func() time.Time { return noon },
	})
	if err != nil {
		f.Fatal(err)
	}
	s, err := alipaytest.New(alipaytest.Options{})
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	if err := s.Foreign(); err != nil {
		f.Fatal(err)
	}
	good := s.Notices()[0].Body
	for _, seed := range [][]byte{good, []byte("a=1&a=2"), []byte("sign=%"), nil} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := a.ParseNotice(nil, body)
		if err != nil && !errors.Is(err, payment.ErrBadSignature) && !errors.Is(err, payment.ErrMalformedNotice) {
			t.Fatal(err)
		}
		if err == nil && n.Type != payment.Foreign {
			t.Fatalf("%q was taken as %+v", body, n)
		}
	})
}
