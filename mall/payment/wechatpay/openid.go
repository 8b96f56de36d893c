package wechatpay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"videomall/mall/payment"
	"videomall/mall/strictjson"
)

// Where WeChat's web authorization is: the page that a browser is sent to, and the API of official accounts.
const (
	OAuth      = "https://open.weixin.qq.com"
	AccountAPI = "https://api.weixin.qq.com"
)

const (
	maxCode    = 512      // bytes; codes have 32
	maxToken   = 64 << 10 // bytes of an answer
	maxOpenID  = 128      // bytes, as payments allow
	systemBusy = -1       // errcode: "system busy"
)

var _ payment.Identifier = (*WeChatPay)(nil)

// PayerURL returns WeChat's page that asks nothing and comes back with a code (scope snsapi_base). It opens in WeChat's
// browser alone. The order of the parameters is part of the interface: WeChat refuses any other.
func (w *WeChatPay) PayerURL(returnURL, state string) string {
	return w.oauth.JoinPath("/connect/oauth2/authorize").String() + "?appid=" + url.QueryEscape(w.opt.AppID) +
		"&redirect_uri=" + url.QueryEscape(returnURL) + "&response_type=code&scope=snsapi_base&state=" +
		url.QueryEscape(state) + "#wechat_redirect"
}

// token is the answer to a code. WeChat refuses with status 200 too, and an errcode. The access token is not read: it
// opens the payer's profile, which is nobody's business here.
type token struct {
	Code    int64  `json:"errcode"`
	Message string `json:"errmsg"`
	OpenID  string `json:"openid"`
}

// Identify exchanges a code for the payer's OpenID at the official account. The request has the account's secret in its
// query, so that no error may name its address. Errors: payment.ErrRejected, such as for a code that was used before;
// payment.ErrRetryLater if WeChat is busy.
func (w *WeChatPay) Identify(ctx context.Context, code string) (string, error) {
	switch {
	case w.opt.AppSecret == "":
		return "", payment.ErrRejected.Because("wechatpay: without an AppSecret nobody is identified")
	case !payment.IsPlain(code, maxCode):
		return "", payment.ErrRejected.Because("wechatpay: a code of %d bytes is none", len(code))
	}
	address := *w.accounts
	address.Path = "/sns/oauth2/access_token"
	address.RawQuery = url.Values{
		"appid":      {w.opt.AppID},
		"secret":     {w.opt.AppSecret},
		"code":       {code},
		"grant_type": {"authorization_code"},
	}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return "", fmt.Errorf("wechatpay: openid: %w", withoutAddress(err))
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "application/json")
	resp, err := w.client.Do(req)
	if err != nil {
		return "", fmt.Errorf("wechatpay: openid: %w", withoutAddress(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("wechatpay: openid: status %d", resp.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxToken+1))
	if err != nil {
		return "", fmt.Errorf("wechatpay: openid: read the answer: %w", withoutAddress(err))
	}
	return openID(raw)
}

// openID reads an answer. What it says about its errors never repeats the answer, which has tokens.
func openID(raw []byte) (string, error) {
	var t token
	if len(raw) > maxToken || strictjson.Open(raw, &t) != nil {
		return "", errors.New("wechatpay: openid: an answer that can't be read")
	}
	switch {
	case t.Code == systemBusy:
		return "", payment.ErrRetryLater.Because("wechatpay: openid: errcode %d", t.Code)
	case t.Code != 0:
		return "", payment.ErrRejected.Because("wechatpay: openid: errcode %d, %.60q", t.Code, t.Message)
	case !payment.IsPlain(t.OpenID, maxOpenID):
		return "", errors.New("wechatpay: openid: an answer without an openid")
	}
	return t.OpenID, nil
}

// withoutAddress returns what a *url.Error wraps.
func withoutAddress(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}
