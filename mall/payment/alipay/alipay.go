// Package alipay takes payments in yuan through the gateway of Alipay's open platform: pages for desktops and phones,
// QR codes, refunds, notices and the daily statement. Requests, answers and notices are signed with RSA2, which is
// RSASSA-PKCS1-v1_5 with SHA-256, with bare public keys or with certificates.
package alipay

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"videomall/mall/payment"
)

// Name is the provider's name in URLs and books.
const Name = "alipay"

// Currency is the only one that is taken.
const Currency = "CNY"

// The names of the ways to pay.
const (
	MethodPage = "page" // a page of Alipay's, for desktops
	MethodWap  = "wap"  // a page that opens the app, for phones
	MethodQR   = "qr"   // a code that the payer scans with the app
)

// The products that merchants agree on with Alipay, and that a charge names.
const (
	productPage = "FAST_INSTANT_TRADE_PAY"
	productWap  = "QUICK_WAP_WAY"
	productQR   = "FACE_TO_FACE_PAYMENT"
)

// beijing is the zone of every time in requests, answers, notices and statements. China has kept this offset since
// 1991, so no table of time zones is needed.
var beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

// timeLayout is the form of a time in beijing. When parsing, a fraction of a second may follow.
const timeLayout = time.DateTime

// Options configure a client. All but QRProduct are required.
type Options struct {
	// AppID is the application's number, SellerID that of the account which is paid (16 digits that begin with 2088).
	AppID    string
	SellerID string
	// Shop marks what is ours, since an account may have other shops: every out_trade_no begins with it, and it comes
	// back as passback_params. 1 to 32 letters and digits. If it changes, older charges are no longer ours.
	Shop string
	// Gateway is https://openapi.alipay.com/gateway.do, or a stand-in's.
	Gateway string
	// NotifyURL is where Alipay posts notices of payments and refunds.
	NotifyURL string
	// BillHosts are the hosts from which statements may be downloaded: dwbillcenter.alipay.com.
	BillHosts []string
	// QRProduct is the product of QR codes, if it isn't FACE_TO_FACE_PAYMENT.
	QRProduct string
	// Keys is asked at each use, so that keys can be replaced without a restart. It is called concurrently.
	Keys func() Keys
	// Client makes the calls. Its redirects are not followed; without a Transport it gets one that uses no proxy.
	Client *http.Client
	Now    func() time.Time
}

// LogValue leaves out all but what is public.
func (o Options) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("app_id", o.AppID),
		slog.String("seller_id", o.SellerID),
		slog.String("shop", o.Shop),
		slog.String("gateway", o.Gateway),
	)
}

// String leaves out all but what is public.
func (o Options) String() string {
	return fmt.Sprintf("alipay app %s of seller %s, shop %s, at %s", o.AppID, o.SellerID, o.Shop, o.Gateway)
}

// GoString is String, for %#v.
func (o Options) GoString() string { return o.String() }

// Alipay is a payment.Provider. It is safe for concurrent use.
type Alipay struct {
	opt     Options
	gateway *url.URL
	client  *http.Client
}

var _ payment.Provider = (*Alipay)(nil)

// New returns a client. Its errors name the field that is wrong.
func New(o Options) (*Alipay, error) {
	gateway, err := webAddress(o.Gateway)
	if err != nil {
		return nil, fmt.Errorf("alipay: Gateway: %w", err)
	}
	if _, err := webAddress(o.NotifyURL); err != nil {
		return nil, fmt.Errorf("alipay: NotifyURL: %w", err)
	}
	switch {
	case o.AppID == "" || !isNumber(o.AppID) || len(o.AppID) > 32:
		return nil, fmt.Errorf("alipay: AppID %.40q is no number of at most 32 digits", o.AppID)
	case len(o.SellerID) != 16 || !isNumber(o.SellerID) || !strings.HasPrefix(o.SellerID, "2088"):
		return nil, fmt.Errorf("alipay: SellerID %.40q is not 16 digits that begin with 2088", o.SellerID)
	case !isWord(o.Shop) || len(o.Shop) > 32:
		return nil, fmt.Errorf("alipay: Shop %.40q is not 1 to 32 letters and digits", o.Shop)
	case len(o.BillHosts) == 0 || slices.Contains(o.BillHosts, ""):
		return nil, errors.New("alipay: BillHosts: no host to download statements from")
	case o.Keys == nil:
		return nil, errors.New("alipay: Keys is missing")
	case o.Client == nil:
		return nil, errors.New("alipay: Client is missing")
	case o.Now == nil:
		return nil, errors.New("alipay: Now is missing")
	}
	if err := o.Keys().check(); err != nil {
		return nil, fmt.Errorf("alipay: Keys: %w", err)
	}
	if o.QRProduct == "" {
		o.QRProduct = productQR
	}
	return &Alipay{opt: o, gateway: gateway, client: payment.NewClient(o.Client, 0)}, nil
}

// webAddress parses an absolute http or https URL without a query.
func webAddress(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("%.200q is no http or https URL without a query", s)
	}
	return u, nil
}

// Name is "alipay".
func (a *Alipay) Name() string { return Name }

// Methods lists a page for desktops, a page for phones and Alipay's own browser, and a QR code for desktops. They take
// sums from 0.01 CNY (total_amount of alipay.trade.page.pay), which is every sum above zero.
func (a *Alipay) Methods() []payment.Method {
	// The gateway sends the payer on to cashiers on other hosts of Alipay's; a browser holds those redirects against
	// the policy of the page that the form was on.
	pages := []string{a.gateway.Scheme + "://" + a.gateway.Host}
	if strings.HasSuffix(a.gateway.Hostname(), ".alipay.com") {
		pages = append(pages, "https://*.alipay.com")
	}
	return []payment.Method{
		{
			Name:       MethodPage,
			Devices:    []payment.Device{payment.DeviceDesktop},
			Currencies: []string{Currency},
			Origins:    pages,
		},
		{
			Name:       MethodWap,
			Devices:    []payment.Device{payment.DevicePhone, payment.DeviceAlipay},
			Currencies: []string{Currency},
			Origins:    pages,
		},
		{
			Name:       MethodQR,
			Devices:    []payment.Device{payment.DeviceDesktop},
			Currencies: []string{Currency},
		},
	}
}

// Zone is Beijing's.
func (a *Alipay) Zone() *time.Location { return beijing }

// number returns the out_trade_no of an attempt. It is the one field of ours that statements, notices and answers are
// all sure to repeat.
func (a *Alipay) number(attemptNo string) string { return a.opt.Shop + "_" + attemptNo }

// attemptNo undoes number. It reports whether the charge is ours.
func (a *Alipay) attemptNo(outTradeNo string) (string, bool) {
	no, ours := strings.CutPrefix(outTradeNo, a.opt.Shop+"_")
	if !ours || !isIdentifier(no) {
		return "", false
	}
	return no, true
}

// inBeijing parses a time of Alipay's.
func inBeijing(s string) (time.Time, error) { return time.ParseInLocation(timeLayout, s, beijing) }
