package wechatpay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"videomall/mall/payment"
)

// maxDescription is the size in bytes of what the payer sees. The documents say 127 characters; counting bytes is right
// in either reading.
const maxDescription = 127

// numbers are what WeChat Pay accepts as an out_trade_no.
var numbers = regexp.MustCompile(`^[0-9A-Za-z_*|-]{6,32}$`)

type amountAsked struct {
	Total    int64  `json:"total"`
	Currency string `json:"currency"`
}

// order is the request of all three methods.
type order struct {
	AppID       string      `json:"appid"`
	MerchantID  string      `json:"mchid"`
	Description string      `json:"description"`
	OutTradeNo  string      `json:"out_trade_no"`
	TimeExpire  string      `json:"time_expire"`
	Attach      string      `json:"attach"`
	NotifyURL   string      `json:"notify_url"`
	Amount      amountAsked `json:"amount"`
	Payer       *payer      `json:"payer,omitempty"`
	Scene       *scene      `json:"scene_info,omitempty"`
}

type payer struct {
	OpenID string `json:"openid"`
}

type scene struct {
	ClientIP string `json:"payer_client_ip"`
	H5       h5Info `json:"h5_info"`
}

type h5Info struct {
	Type string `json:"type"`
}

// prepaid is the answer: one of the three, according to the method.
type prepaid struct {
	CodeURL  string `json:"code_url"`
	H5URL    string `json:"h5_url"`
	PrepayID string `json:"prepay_id"`
}

// Create opens a charge, or enters the one with this number again if the request is the same. What the payer gets, such
// as the text of the QR code, lives for two hours even if the attempt lives longer; the same request then yields a new
// one. MethodH5 needs PayerIP: without it the error wraps ErrRetryLater, since the payer can send it with the next try.
// MethodJSAPI needs PayerID.
//
// If WeChat Pay says that the number is used or the request does not fit, the charge is looked at: what is open under
// the number is closed before ErrRejected is returned, so that nothing is left that could be paid beside a new attempt.
func (w *WeChatPay) Create(ctx context.Context, r payment.CreateRequest) (payment.Created, error) {
	o, err := w.order(r)
	if err != nil {
		return payment.Created{}, err
	}
	var p prepaid
	err = w.call(ctx, creating, http.MethodPost, "/v3/pay/transactions/"+r.Method, o, &p)
	if errors.Is(err, errAsk) {
		err = w.settle(ctx, r, err)
	}
	if err != nil {
		return payment.Created{}, fmt.Errorf("wechatpay: create %s: %w", r.AttemptNo, err)
	}
	action, err := w.action(r, p)
	if err != nil {
		return payment.Created{}, fmt.Errorf("wechatpay: create %s: %w", r.AttemptNo, err)
	}
	return payment.Created{Action: action}, nil
}

// order checks what the mall asks for. Errors: payment.ErrRejected, payment.ErrRetryLater.
func (w *WeChatPay) order(r payment.CreateRequest) (order, error) {
	switch {
	case !numbers.MatchString(r.AttemptNo):
		return order{}, payment.ErrRejected.Because("wechatpay: attempt %.60q is no out_trade_no", r.AttemptNo)
	case r.Amount.Currency != currency || !r.Amount.Payable():
		return order{}, payment.ErrRejected.Because("wechatpay: attempt %s over %s", r.AttemptNo, r.Amount)
	case !page(r.ReturnURL):
		return order{}, payment.ErrRejected.Because("wechatpay: attempt %s returns to %.200q", r.AttemptNo, r.ReturnURL)
	}
	o := order{
		AppID:       w.opt.AppID,
		MerchantID:  w.opt.MerchantID,
		Description: describe(r.Subject),
		OutTradeNo:  r.AttemptNo,
		TimeExpire:  r.ExpiresAt.In(zone).Format(time.RFC3339),
		Attach:      w.opt.Mark,
		NotifyURL:   w.opt.NotifyURL,
		Amount:      amountAsked{r.Amount.Amount, currency},
	}
	switch {
	case r.Method == MethodNative:
	case r.Method == MethodH5 && w.opt.H5:
		ip, err := netip.ParseAddr(r.PayerIP)
		if err != nil {
			return order{}, payment.ErrRetryLater.Because("wechatpay: attempt %s without the payer's address",
				r.AttemptNo)
		}
		o.Scene = &scene{ClientIP: ip.WithZone("").String(), H5: h5Info{"Wap"}}
	case r.Method == MethodJSAPI && w.opt.AppSecret != "":
		if !payment.IsPlain(r.PayerID, 128) {
			return order{}, payment.ErrRejected.Because("wechatpay: attempt %s without the payer's openid", r.AttemptNo)
		}
		o.Payer = &payer{r.PayerID}
	default:
		return order{}, payment.ErrRejected.Because("wechatpay: method %.60q is not offered", r.Method)
	}
	return o, nil
}

// page reports whether s is the address of a page.
func page(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// describe cuts a subject to what WeChat Pay takes. A backtick would look like the beginning of a cell in the bill, and
// a title could then pretend to be another payment.
func describe(subject string) string {
	clean := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '`' || unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, subject))
	return cut(clean, maxDescription)
}

// cut returns the longest beginning of s that has at most this many bytes and ends with a whole character.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// settle finds out what is behind the number of a refused request, and makes it unpayable.
func (w *WeChatPay) settle(ctx context.Context, r payment.CreateRequest, refused error) error {
	ref := payment.ChargeRef{CreateRequest: r}
	charge, err := w.Query(ctx, ref)
	if err != nil {
		return err
	}
	switch charge.Status {
	case payment.ChargePaid:
		return because(payment.ErrAlreadyPaid, refused)
	case payment.ChargeAbsent, payment.ChargeClosed:
		return because(payment.ErrRejected, refused)
	case payment.ChargeOpen, payment.ChargeFailed:
		if err := w.Close(ctx, ref); err != nil && !errors.Is(err, payment.ErrAbsent) {
			return err
		}
		return because(payment.ErrRejected, refused)
	}
	return fmt.Errorf("the charge is %s: %w", charge.Status, refused)
}

// action is what the payer's browser does next.
func (w *WeChatPay) action(r payment.CreateRequest, p prepaid) (payment.Action, error) {
	switch r.Method {
	case MethodNative:
		if !payment.IsPlain(p.CodeURL, 512) {
			return payment.Action{}, errors.New("an answer without code_url")
		}
		return payment.Action{Type: payment.ActionQR, Code: p.CodeURL}, nil
	case MethodH5:
		u, err := url.Parse(p.H5URL)
		if err != nil || !w.opt.secure(u) {
			return payment.Action{}, fmt.Errorf("h5_url %.200q", p.H5URL)
		}
		// Appended, since the rest of the query is WeChat Pay's and stays as it came.
		u.RawQuery += "&redirect_url=" + url.QueryEscape(r.ReturnURL)
		return payment.Action{Type: payment.ActionRedirect, URL: u.String()}, nil
	}
	if !payment.IsPlain(p.PrepayID, 128) {
		return payment.Action{}, errors.New("an answer without prepay_id")
	}
	return w.bridge(p.PrepayID)
}

// bridge returns the arguments of the payment function of WeChat's browser, which are signed too.
func (w *WeChatPay) bridge(prepayID string) (payment.Action, error) {
	k, err := w.keys()
	if err != nil {
		return payment.Action{}, err
	}
	at, n, pack := strconv.FormatInt(w.opt.Now().Unix(), 10), w.opt.Nonce(), "prepay_id="+prepayID
	signature, err := sign(k.MerchantKey, w.opt.AppID, at, n, pack)
	if err != nil {
		return payment.Action{}, err
	}
	return payment.Action{Type: payment.ActionBridge, Fields: map[string]string{
		"appId":     w.opt.AppID,
		"timeStamp": at,
		"nonceStr":  n,
		"package":   pack,
		"signType":  "RSA",
		"paySign":   signature,
	}}, nil
}
