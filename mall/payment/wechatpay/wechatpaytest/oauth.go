package wechatpaytest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"videomall/mall/payment/paymenttest"
)

// Payer is the OpenID of whoever uses WeChat's browser, until UseAs says otherwise.
const Payer = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"

// codeLife is how long a code of the web authorization can be exchanged.
const codeLife = 5 * time.Minute

// What the web authorization answers, always with status 200.
const (
	codeBusy         = -1
	codeGrantType    = 40002
	codeAppID        = 40013
	codeInvalid      = 40029 // unknown, or too old
	codeSecret       = 40125
	codeUsed         = 40163
	codeLacksAppID   = 41002
	codeLacksSecret  = 41004
	codeLacksTheCode = 41008
)

type oauthCode struct {
	openID string
	issued time.Time
	used   bool
}

// UseAs changes who uses WeChat's browser.
func (b *Bank) UseAs(openID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.payer = openID
}

// RefuseCode makes the bank refuse the next code with an errcode. The code stays as it is.
func (b *Bank) RefuseCode(errcode int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.errcode = errcode
}

func (b *Bank) oauth(mux *http.ServeMux) {
	mux.HandleFunc("GET /connect/oauth2/authorize", b.authorize)
	mux.HandleFunc("GET /sns/oauth2/access_token", b.accessToken)
}

// authorizeQuery is the one form that WeChat accepts: the order of the parameters counts.
var authorizeQuery = regexp.MustCompile(
	`^appid=` + AppID + `&redirect_uri=([^&]+)&response_type=code&scope=snsapi_base&state=([0-9A-Za-z]{1,128})$`)

// authorize sends WeChat's browser back with a code. What is wrong is told on a page, as WeChat does.
func (b *Bank) authorize(w http.ResponseWriter, r *http.Request) {
	m := authorizeQuery.FindStringSubmatch(r.URL.RawQuery)
	switch {
	case !strings.Contains(r.UserAgent(), "MicroMessenger/"):
		_, _ = io.WriteString(w, "请在微信客户端打开链接")
		return
	case m == nil:
		_, _ = io.WriteString(w, "参数错误")
		return
	}
	raw, err := url.QueryUnescape(m[1])
	to, parsed := url.Parse(raw)
	if err != nil || parsed != nil || back(raw) == "" {
		_, _ = io.WriteString(w, "redirect_uri 参数错误")
		return
	}
	b.mu.Lock()
	code := text(32)
	b.codes[code] = &oauthCode{openID: b.payer, issued: b.now()}
	b.mu.Unlock()
	query := to.Query()
	query.Set("code", code)
	query.Set("state", m[2])
	to.RawQuery = query.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

// accessToken exchanges a code, once.
func (b *Bank) accessToken(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.requests = append(b.requests, Request{
		Method: r.Method,
		URI:    r.URL.RequestURI(),
		Header: r.Header.Clone(),
	})
	var fault paymenttest.Fault
	fault, b.fault = b.fault, ""
	openID, errcode := "", codeBusy
	if fault != paymenttest.FaultUnavailable {
		openID, errcode = b.exchange(r.URL.Query())
	}
	b.mu.Unlock()

	w.Header().Set("Content-Type", "text/plain")
	switch fault {
	case paymenttest.FaultSlow:
		select {
		case <-r.Context().Done():
		case <-time.After(patience):
		}
		return
	case paymenttest.FaultLostAnswer:
		lose(w)
		return
	case paymenttest.FaultBadAnswer:
		_, _ = io.WriteString(w, `{"access_token":"`+text(64)+`","openid":`)
		return
	}
	answer := map[string]any{
		"access_token":  text(64),
		"expires_in":    7200,
		"refresh_token": text(64),
		"openid":        openID,
		"scope":         "snsapi_base",
	}
	if errcode != 0 {
		answer = map[string]any{"errcode": errcode, "errmsg": fmt.Sprintf("refused, rid: %s", text(8))}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// exchange returns the OpenID of a code, or the errcode.
func (b *Bank) exchange(q url.Values) (openID string, errcode int) {
	code, known := b.codes[q.Get("code")]
	if errcode, b.errcode = b.errcode, 0; errcode != 0 {
		return "", errcode
	}
	switch {
	case q.Get("appid") == "":
		return "", codeLacksAppID
	case q.Get("appid") != AppID:
		return "", codeAppID
	case q.Get("secret") == "":
		return "", codeLacksSecret
	case q.Get("secret") != AppSecret:
		return "", codeSecret
	case q.Get("grant_type") != "authorization_code":
		return "", codeGrantType
	case q.Get("code") == "":
		return "", codeLacksTheCode
	case !known || b.now().Sub(code.issued) > codeLife:
		return "", codeInvalid
	case code.used:
		return "", codeUsed
	}
	code.used = true
	return code.openID, 0
}
