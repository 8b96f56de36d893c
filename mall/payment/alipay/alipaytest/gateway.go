package alipaytest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"videomall/mall/payment/paymenttest"
)

// object is an answer, whose members are sent in alphabetical order.
type object map[string]any

// refuse is a refusal of a request.
func refuse(code, subCode, subMsg string) object {
	msg := map[string]string{
		"20000": "Service Currently Unavailable",
		"40001": "Missing Required Arguments",
		"40002": "Invalid Arguments",
		"40004": "Business Failed",
	}[code]
	return object{"code": code, "msg": msg, "sub_code": subCode, "sub_msg": subMsg}
}

// fails is a refusal of the system that keeps charges.
func fails(subCode string) object { return refuse("40004", subCode, subCode) }

// gateway takes every request of the merchant, and those of payers' browsers that the merchant has signed.
func (s *Server) gateway(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.requests = append(s.requests, maps.Clone(r.Form))
	s.mu.Unlock()
	method := r.Form.Get("method")
	if method == "alipay.trade.page.pay" || method == "alipay.trade.wap.pay" {
		s.pay(w, r, s.check(r.Form))
		return
	}
	var fault paymenttest.Fault
	s.mu.Lock()
	if len(s.faults) > 0 {
		fault, s.faults = s.faults[0], s.faults[1:]
	}
	s.mu.Unlock()
	if fault == paymenttest.FaultUnavailable {
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	answer := s.check(r.Form)
	s.mu.Lock()
	if answer == nil && len(s.refusals) > 0 {
		answer, s.refusals = s.refusals[0], s.refusals[1:]
	}
	s.mu.Unlock()
	if answer == nil {
		answer = s.answer(method, r.Form)
	}
	switch fault {
	case paymenttest.FaultLostAnswer:
		panic(http.ErrAbortHandler)
	case paymenttest.FaultSlow:
		select {
		case <-r.Context().Done():
		case <-time.After(30 * time.Second):
		}
		return
	}
	w.Header().Set("Content-Type", "text/html;charset=utf-8")
	_, _ = w.Write(s.sealed(method, answer, fault == paymenttest.FaultBadAnswer))
}

// sealed writes an answer with its signature, which is a wrong one if bad. What can't be attributed to an application
// is not signed.
func (s *Server) sealed(method string, answer object, bad bool) []byte {
	member := strings.ReplaceAll(method, ".", "_") + "_response"
	sub, _ := answer["sub_code"].(string)
	if anonymous := sub == "isv.invalid-app-id" || sub == "isv.invalid-method"; anonymous {
		return fmt.Appendf(nil, `{"error_response":%s}`, marshal(answer))
	}
	body := marshal(answer)
	signed := body
	if bad {
		signed = append([]byte{' '}, body...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	cert := ""
	if s.opt.Certificates {
		cert = fmt.Sprintf(`,"alipay_cert_sn":"%s"`, AlipaySerial)
	}
	return fmt.Appendf(nil, `{"%s":%s%s,"sign":"%s"}`, member, body, cert, s.sign(string(signed)))
}

// marshal writes JSON as Alipay does: with other characters as they are, and slashes escaped.
func marshal(o object) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(o); err != nil {
		panic(err) // it holds strings
	}
	return bytes.ReplaceAll(bytes.TrimSpace(b.Bytes()), []byte("/"), []byte(`\/`))
}

// sign returns the signature of a text. The caller holds the lock.
func (s *Server) sign(text string) string {
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(signature)
}

// joined returns the text that is signed of a form.
func joined(form url.Values, without ...string) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if slices.Contains(without, name) {
			continue
		}
		if text.Len() > 0 {
			text.WriteByte('&')
		}
		text.WriteString(name + "=" + form.Get(name))
	}
	return text.String()
}

// check verifies a request, and returns a refusal or nil.
func (s *Server) check(form url.Values) object {
	for name, values := range form {
		if len(values) != 1 || values[0] == "" {
			return refuse("40002", "isv.invalid-parameter", name+" is empty or occurs twice")
		}
	}
	for _, name := range []string{"app_id", "method", "charset", "sign_type", "timestamp", "version", "sign"} {
		if form.Get(name) == "" {
			return refuse("40001", "isv.missing-"+strings.ReplaceAll(name, "_", "-"), name)
		}
	}
	if form.Get("app_id") != AppID {
		return refuse("40002", "isv.invalid-app-id", "app_id")
	}
	for name, want := range map[string]string{
		"format": "json", "charset": "utf-8", "sign_type": "rsa2", "version": "1.0",
	} {
		if got := strings.ToLower(form.Get(name)); got != want && !(name == "format" && got == "") {
			return refuse("40002", "isv.invalid-"+strings.ReplaceAll(name, "_", "-"), got)
		}
	}
	at, err := time.ParseInLocation(timeLayout, form.Get("timestamp"), beijing)
	if err != nil || at.Sub(s.Now()).Abs() > 10*time.Minute {
		return refuse("40002", "isv.invalid-timestamp", form.Get("timestamp"))
	}
	if s.opt.Certificates && (form.Get("app_cert_sn") != AppSerial || form.Get("alipay_root_cert_sn") != RootSerials) {
		return refuse("40002", "isv.invalid-cert-sn", "app_cert_sn or alipay_root_cert_sn")
	}
	signature, err := base64.StdEncoding.DecodeString(form.Get("sign"))
	text := joined(form, "sign")
	sum := sha256.Sum256([]byte(text))
	if err != nil || rsa.VerifyPKCS1v15(s.app, crypto.SHA256, sum[:], signature) != nil {
		return refuse("40002", "isv.invalid-signature", "the text to verify is: "+text)
	}
	return nil
}

// content reads the biz_content of a request. The caller checks what it needs.
func content(form url.Values) (map[string]string, bool) {
	var raw map[string]any
	if json.Unmarshal([]byte(form.Get("biz_content")), &raw) != nil {
		return nil, false
	}
	fields := make(map[string]string, len(raw))
	for name, value := range raw {
		if text, isText := value.(string); isText {
			fields[name] = text
		}
	}
	return fields, true
}

// answer carries out a verified request.
func (s *Server) answer(method string, form url.Values) object {
	fields, ok := content(form)
	if !ok {
		return refuse("40002", "isv.invalid-parameter", "biz_content")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	switch method {
	case "alipay.trade.precreate":
		return s.precreate(form, fields)
	case "alipay.trade.query":
		return s.query(fields)
	case "alipay.trade.close":
		return s.close(fields)
	case "alipay.trade.refund":
		return s.refund(fields)
	case "alipay.trade.fastpay.refund.query":
		return s.refundQuery(fields)
	case "alipay.data.dataservice.bill.downloadurl.query":
		return s.billURL(fields)
	}
	return refuse("40002", "isv.invalid-method", method)
}
