// Package wechatpay takes payments through WeChat Pay's API v3, in CNY: with a QR code, in a phone's browser, and in
// WeChat's own browser. It signs what it sends, believes nothing that WeChat Pay has not signed, and keeps no books. It
// does not know who is paid and for what.
package wechatpay

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"videomall/mall/payment"
)

// Name is the provider's name in URLs and books.
const Name = "wechatpay"

// API is the base URL of WeChat Pay.
const API = "https://api.mch.weixin.qq.com"

// The names of the methods.
const (
	MethodNative = "native" // a QR code
	MethodH5     = "h5"     // a page that opens WeChat from a phone's browser
	MethodJSAPI  = "jsapi"  // a call of WeChat's own browser
)

// maxSecret is in bytes; secrets have 32.
const maxSecret = 128

// currency is the only one that WeChat Pay takes from a merchant in mainland China.
const currency = "CNY"

// zone is that of the statements and of every time that we send. It has had no summer time since 1991, so it needs no
// time zone database.
var zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// Options say which merchant we are and how WeChat Pay is reached. AppID, MerchantID, Mark, NotifyURL, Keys, Client and
// Now are required.
type Options struct {
	AppID      string // of the official account or app that is bound to the merchant: "wx…"
	MerchantID string // "1900000109"
	// Mark is the "attach" of every charge, by which our sales are told from those of others with the same merchant
	// number. It must never change: 1 to 64 letters, digits, and - _ : .
	Mark string
	// NotifyURL is where notices are posted: https, without a query.
	NotifyURL string
	// Keys returns the keys that are valid now. It is asked for every request and every notice, so that keys can be
	// replaced without a restart; it must be quick and safe for concurrent use.
	Keys func() Keys

	H5 bool // offer MethodH5, which WeChat Pay has to permit for our domain
	// AppSecret is that of the official account AppID. With it MethodJSAPI is offered, and payers are identified.
	AppSecret string

	BaseURL       string // API if empty
	OAuthURL      string // OAuth if empty
	AccountAPIURL string // AccountAPI if empty
	// DownloadHosts are the hosts besides that of BaseURL from which a statement may be downloaded. A host that begins
	// with a dot stands for all below it: ".tenpay.com".
	DownloadHosts []string
	TempDir       string // where a statement waits until it is verified; that of the system if empty
	// Loopback permits http for the URLs above, NotifyURL and the pages of a stand-in at a loopback address. Only tests
	// and demonstrations need it.
	Loopback bool

	Client *http.Client // its redirects are not followed; without a Transport of its own it uses no proxy
	Now    func() time.Time
	Nonce  func() string // 16 to 32 letters and digits, never the same again; random if nil
}

// String shows no keys.
func (o Options) String() string {
	return fmt.Sprintf("wechatpay{app %s, merchant %s, base %s}", o.AppID, o.MerchantID, o.BaseURL)
}

// GoString is String: %#v shows no keys either.
func (o Options) GoString() string { return o.String() }

// LogValue shows no keys.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// MarshalJSON shows no keys.
func (o Options) MarshalJSON() ([]byte, error) { return masked(o.String()) }

// WeChatPay implements payment.Provider. It is safe for concurrent use.
type WeChatPay struct {
	opt      Options
	base     *url.URL
	oauth    *url.URL
	accounts *url.URL
	client   *http.Client
	platform platform
}

var _ payment.Provider = (*WeChatPay)(nil)

var (
	appIDs    = regexp.MustCompile(`^wx[0-9A-Za-z]{1,30}$`)
	merchants = regexp.MustCompile(`^[0-9]{6,32}$`)
	marks     = regexp.MustCompile(`^[0-9A-Za-z_:.-]{1,64}$`)
)

// New returns a WeChatPay. It sends nothing. Its errors name the field that is wrong, and show no keys.
func New(o Options) (*WeChatPay, error) {
	o.BaseURL = cmp.Or(o.BaseURL, API)
	o.OAuthURL = cmp.Or(o.OAuthURL, OAuth)
	o.AccountAPIURL = cmp.Or(o.AccountAPIURL, AccountAPI)
	if o.Nonce == nil {
		o.Nonce = nonce
	}
	switch {
	case !appIDs.MatchString(o.AppID):
		return nil, fmt.Errorf("wechatpay: AppID %q is none", o.AppID)
	case !merchants.MatchString(o.MerchantID):
		return nil, fmt.Errorf("wechatpay: MerchantID %q is none", o.MerchantID)
	case !marks.MatchString(o.Mark):
		return nil, fmt.Errorf("wechatpay: Mark %q: 1 to 64 letters, digits, and - _ : . are allowed", o.Mark)
	case o.AppSecret != "" && !payment.IsPlain(o.AppSecret, maxSecret):
		return nil, errors.New("wechatpay: AppSecret is none: it has spaces or is too long")
	case o.Client == nil:
		return nil, errors.New("wechatpay: Client is required")
	case o.Now == nil:
		return nil, errors.New("wechatpay: Now is required")
	case o.Keys == nil:
		return nil, errors.New("wechatpay: Keys is required")
	}
	if err := o.Keys().check(); err != nil {
		return nil, err
	}
	w := &WeChatPay{
		opt:      o,
		client:   payment.NewClient(o.Client, 0),
		platform: platform{turn: make(chan struct{}, 1)},
	}
	for _, host := range []struct {
		field, address string
		to             **url.URL
	}{
		{"BaseURL", o.BaseURL, &w.base},
		{"OAuthURL", o.OAuthURL, &w.oauth},
		{"AccountAPIURL", o.AccountAPIURL, &w.accounts},
	} {
		u, err := o.address(host.field, host.address)
		if err != nil {
			return nil, err
		}
		if strings.Trim(u.Path, "/") != "" {
			return nil, fmt.Errorf("wechatpay: %s %q has a path", host.field, host.address)
		}
		*host.to = u
	}
	if _, err := o.address("NotifyURL", o.NotifyURL); err != nil {
		return nil, err
	}
	if len(o.NotifyURL) > 255 {
		return nil, fmt.Errorf("wechatpay: NotifyURL has %d bytes, at most 255 are allowed", len(o.NotifyURL))
	}
	return w, nil
}

// address parses a URL without query and fragment, which is https, or http at a loopback address if Loopback is set.
func (o Options) address(field, s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("wechatpay: %s: %w", field, err)
	}
	switch {
	case !o.secure(u):
		return nil, fmt.Errorf("wechatpay: %s %q must be https", field, s)
	case u.User != nil:
		return nil, fmt.Errorf("wechatpay: %s has a user", field)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("wechatpay: %s %q must have no query", field, s)
	}
	return u, nil
}

// secure reports whether u is https, or http at a loopback address if that is permitted.
func (o Options) secure(u *url.URL) bool {
	if u.Hostname() == "" {
		return false
	}
	if u.Scheme == "https" {
		return true
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return o.Loopback && u.Scheme == "http" && err == nil && addr.IsLoopback()
}

// Name is "wechatpay".
func (w *WeChatPay) Name() string { return Name }

// Methods lists the call of WeChat's browser and the phone's page, as far as they are configured, and then the QR code,
// which can be shown everywhere. They take sums from one fen (amount.total), which is every sum above zero.
func (w *WeChatPay) Methods() []payment.Method {
	cny := []string{currency}
	var list []payment.Method
	if w.opt.AppSecret != "" {
		list = append(list, payment.Method{
			Name:       MethodJSAPI,
			Devices:    []payment.Device{payment.DeviceWeChat},
			Currencies: cny,
			Origins:    []string{w.oauth.Scheme + "://" + w.oauth.Host},
			NeedsPayer: true,
		})
	}
	if w.opt.H5 {
		list = append(list, payment.Method{
			Name:       MethodH5,
			Devices:    []payment.Device{payment.DevicePhone},
			Currencies: cny,
			Origins:    []string{w.pages()},
		})
	}
	return append(list, payment.Method{Name: MethodNative, Currencies: cny})
}

// pages is the origin of H5 pages. A stand-in has them where its API is.
func (w *WeChatPay) pages() string {
	if w.opt.Loopback {
		return w.base.Scheme + "://" + w.base.Host
	}
	return "https://wx.tenpay.com"
}

// Zone is that of Beijing.
func (w *WeChatPay) Zone() *time.Location { return zone }
