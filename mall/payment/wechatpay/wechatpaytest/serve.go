package wechatpaytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/payment/paymenttest"
)

// patience is longer than any client waits.
const patience = 15 * time.Second

// call is a request whose signature is the merchant's.
type call struct {
	path  string // of the request, its wildcard
	query url.Values
	body  []byte
}

// refusal is an answer that is not a success.
type refusal struct {
	status        int
	code, message string
}

func refuse(status int, code, message string) *refusal { return &refusal{status, code, message} }

func (r *refusal) Error() string { return r.code }

// raw is an answer that is neither in JSON nor signed: a download.
type raw []byte

// routes maps the API's paths, and the pages of the payer.
func (b *Bank) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, verb := range map[string]func(call) (any, error){
		"GET /v3/certificates":                              b.certificates,
		"POST /v3/pay/transactions/native":                  b.prepay("NATIVE"),
		"POST /v3/pay/transactions/h5":                      b.prepay("MWEB"),
		"POST /v3/pay/transactions/jsapi":                   b.prepay("JSAPI"),
		"GET /v3/pay/transactions/out-trade-no/{no}":        b.query,
		"GET /v3/pay/transactions/id/{no}":                  b.queryByTransaction,
		"POST /v3/pay/transactions/out-trade-no/{no}/close": b.close,
		"POST /v3/refund/domestic/refunds":                  b.refundAsked,
		"GET /v3/refund/domestic/refunds/{no}":              b.queryRefund,
		"GET /v3/bill/tradebill":                            b.tradeBill,
		"GET /v3/billdownload/file":                         b.download,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, verb) })
	}
	b.pages(mux)
	b.oauth(mux)
	return mux
}

// serve verifies a request, does what it asks for, and signs the answer.
func (b *Bank) serve(w http.ResponseWriter, r *http.Request, verb func(call) (any, error)) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	b.mu.Lock()
	b.requests = append(b.requests, Request{r.Method, r.URL.RequestURI(), r.Header.Clone(), string(body)})
	var fault paymenttest.Fault
	var refused *refusal
	if r.URL.Path != "/v3/certificates" {
		fault, b.fault = b.fault, ""
		refused, b.refusal = b.refusal, nil
	}
	var answer any
	switch err := b.authorized(r, body); {
	case fault == paymenttest.FaultUnavailable:
		answer = refuse(http.StatusInternalServerError, "SYSTEM_ERROR", "系统错误")
	case err != nil:
		answer = err
	case refused != nil:
		answer = refused
	default:
		if answer, err = verb(call{r.PathValue("no"), r.URL.Query(), body}); err != nil {
			answer = err
		}
	}
	status, content, header := b.answer(answer, r.Header.Get("Wechatpay-Serial"))
	b.mu.Unlock()

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
		header["Wechatpay-Nonce"] = text(32)
	}
	for name, value := range header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(status)
	_, _ = w.Write(content)
}

// answer writes an answer down and signs it: with the key that the client asks for, if it is one of the bank's public
// keys, and else with the current one.
func (b *Bank) answer(answer any, serial string) (int, []byte, map[string]string) {
	if file, ok := answer.(raw); ok {
		return http.StatusOK, file, map[string]string{"Content-Type": "application/octet-stream"}
	}
	status := http.StatusOK
	var refused *refusal
	if err, ok := answer.(error); ok {
		if !errors.As(err, &refused) {
			refused = refuse(http.StatusInternalServerError, "SYSTEM_ERROR", err.Error())
		}
		status = refused.status
		answer = map[string]string{"code": refused.code, "message": refused.message}
	}
	var content []byte
	if answer == nil {
		status = http.StatusNoContent
	} else {
		content, _ = json.Marshal(answer) // maps of strings, numbers and maps always fit
	}
	with := b.current
	if asked, ok := b.signers[serial]; ok && asked.cert == nil {
		with = asked
	}
	header := b.signed(with, content)
	if content != nil {
		header["Content-Type"] = "application/json; charset=utf-8"
	}
	return status, content, header
}

// lose breaks the connection in the middle of the answer. Without a part of it, the client's transport would send a
// GET again by itself.
func lose(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err) // net/http's server always can
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
	_ = conn.Close()
}

var authorizations = regexp.MustCompile(`^WECHATPAY2-SHA256-RSA2048 (.*)$`)

// authorized checks the headers of a request and its signature.
func (b *Bank) authorized(r *http.Request, body []byte) error {
	accepts := r.Header.Get("Accept")
	switch {
	case r.Header.Get("User-Agent") == "" || !strings.Contains(accepts, "json") && !strings.Contains(accepts, "*/*"):
		return refuse(http.StatusBadRequest, "PARAM_ERROR", "Accept 或 User-Agent 不正确")
	case len(body) > 0 && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		return refuse(http.StatusBadRequest, "PARAM_ERROR", "Content-Type 不正确")
	}
	bad := func(why string) error {
		return refuse(http.StatusUnauthorized, "SIGN_ERROR", "错误的签名，验签失败: "+why)
	}
	m := authorizations.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return bad("Authorization")
	}
	field := map[string]string{}
	for part := range strings.SplitSeq(m[1], ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' || field[name] != "" {
			return bad(name)
		}
		field[name] = value[1 : len(value)-1]
	}
	merchant := b.merchants[field["serial_no"]]
	at, err := strconv.ParseInt(field["timestamp"], 10, 64)
	switch {
	case field["mchid"] != MerchantID:
		return bad("mchid")
	case merchant == nil || merchant.key == nil:
		return bad("serial_no")
	case err != nil || at < b.now().Unix()-300 || at > b.now().Unix()+300:
		return bad("timestamp")
	case len(field["nonce_str"]) < 16 || len(field["nonce_str"]) > 32:
		return bad("nonce_str")
	case r.Method == http.MethodPost && b.nonces[field["nonce_str"]]:
		return bad("nonce_str again")
	}
	message := fmt.Sprintf("%s\n%s\n%s\n%s\n%s\n", r.Method, r.URL.RequestURI(), field["timestamp"], field["nonce_str"],
		body)
	if !verified(&merchant.key.PublicKey, message, field["signature"]) {
		return bad("signature")
	}
	b.nonces[field["nonce_str"]] = true
	if serial := r.Header.Get("Wechatpay-Serial"); serial != "" && b.signers[serial] == nil {
		return refuse(http.StatusBadRequest, "PARAM_ERROR", "Wechatpay-Serial "+serial)
	}
	return nil
}

// invalid refuses a parameter.
func invalid(field string) error {
	return refuse(http.StatusBadRequest, "PARAM_ERROR", "输入源“/body/"+field+"”映射到字段规则校验失败")
}

// within reports whether s has min to max bytes.
func within(s *string, least, most int) bool {
	return s != nil && len(*s) >= least && len(*s) <= most
}

// oneOf reports whether s is among the words.
func oneOf(s *string, words ...string) bool { return s != nil && slices.Contains(words, *s) }
