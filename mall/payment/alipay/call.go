package alipay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"videomall/mall/strictjson"
)

// The methods of the gateway.
const (
	callPagePay     = "alipay.trade.page.pay"
	callWapPay      = "alipay.trade.wap.pay"
	callPrecreate   = "alipay.trade.precreate"
	callQuery       = "alipay.trade.query"
	callClose       = "alipay.trade.close"
	callRefund      = "alipay.trade.refund"
	callRefundQuery = "alipay.trade.fastpay.refund.query"
	callBill        = "alipay.data.dataservice.bill.downloadurl.query"
)

// maxAnswer bounds an answer of the gateway, in bytes.
const maxAnswer = 1 << 20

// parameters returns the signed parameters of a request. biz becomes biz_content; extra are others, such as notify_url.
// Empty ones are left out, since the gateway drops them before it checks the signature.
func (a *Alipay) parameters(method string, biz any, extra map[string]string) (url.Values, error) {
	content, err := json.Marshal(biz)
	if err != nil {
		return nil, fmt.Errorf("biz_content: %w", err)
	}
	keys := a.opt.Keys()
	if err := keys.check(); err != nil {
		return nil, err
	}
	values := map[string]string{
		"app_id":              a.opt.AppID,
		"method":              method,
		"format":              "JSON",
		"charset":             "utf-8",
		"sign_type":           "RSA2",
		"timestamp":           a.opt.Now().In(beijing).Format(timeLayout),
		"version":             "1.0",
		"app_cert_sn":         keys.appSerial,
		"alipay_root_cert_sn": keys.rootSerials,
		"biz_content":         string(content),
	}
	for name, value := range extra {
		values[name] = value
	}
	form := url.Values{}
	for name, value := range values {
		if value == "" {
			delete(values, name)
			continue
		}
		form.Set(name, value)
	}
	signature, err := keys.sign(signingText(values))
	if err != nil {
		return nil, err
	}
	form.Set("sign", signature)
	return form, nil
}

// call makes a request and reads its answer into a struct. Errors: *codeError if the gateway said no, and others if it
// is unknown whether the request was carried out.
func (a *Alipay) call(ctx context.Context, method string, biz any, extra map[string]string, into any) error {
	form, err := a.parameters(method, biz, extra)
	if err != nil {
		return fmt.Errorf("alipay: %s: %w", method, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.gateway.String(),
		strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("alipay: %s: %w", method, err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	request.Header.Set("Accept", "application/json")
	response, err := a.client.Do(request)
	if err != nil {
		return fmt.Errorf("alipay: %s: %w", method, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("alipay: %s: read the answer: %w", method, err)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("alipay: %s: HTTP status %d", method, response.StatusCode)
	case len(body) > maxAnswer:
		return fmt.Errorf("alipay: %s: the answer has more than %d bytes", method, maxAnswer)
	}
	return a.read(method, body, into)
}

// result is what every answer holds.
type result struct {
	Code    string `json:"code"`
	Msg     string `json:"msg"`
	SubCode string `json:"sub_code"`
	SubMsg  string `json:"sub_msg"`
}

// read verifies an answer and reads it into a struct. The signature is of the bytes of the one member that answers, as
// they were sent. Its errors are those of call.
func (a *Alipay) read(method string, body []byte, into any) error {
	var members map[string]json.RawMessage
	if err := strictjson.Closed(body, &members); err != nil {
		return fmt.Errorf("alipay: %s: the answer is no JSON object: %w", method, err)
	}
	member, answers := members[strings.ReplaceAll(method, ".", "_")+"_response"]
	if !answers {
		if member = members["error_response"]; member == nil {
			return fmt.Errorf("alipay: %s: the answer has neither a response nor an error", method)
		}
	}
	member = bytes.TrimSpace(member)
	if len(member) == 0 || member[0] != '{' {
		// A quoted string would be an encrypted answer, which only an encrypted request gets.
		return fmt.Errorf("alipay: %s: the answer is no object; encrypted ones are not supported", method)
	}
	var r result
	if err := strictjson.Open(member, &r); err != nil {
		return fmt.Errorf("alipay: %s: the answer can't be read: %w", method, err)
	}
	refusal := &codeError{method: method, result: r}
	signature, err := text(members, "sign")
	if err != nil {
		return fmt.Errorf("alipay: %s: %w", method, err)
	}
	certSerial, err := text(members, "alipay_cert_sn")
	if err != nil {
		return fmt.Errorf("alipay: %s: %w", method, err)
	}
	if signature == "" {
		// The gateway does not sign what it says of a request that it could not attribute to an application. Such an
		// answer is anybody's, so it decides nothing.
		return fmt.Errorf("alipay: %s: unsigned answer: %s", method, refusal.text())
	}
	if err := a.opt.Keys().verify(member, signature, certSerial); err != nil {
		return fmt.Errorf("alipay: %s: the answer is not Alipay's: %w", method, err)
	}
	if !answers || r.Code != "10000" {
		return refusal
	}
	if err := strictjson.Open(member, into); err != nil {
		return fmt.Errorf("alipay: %s: the answer can't be read: %w", method, err)
	}
	return nil
}

// text returns a member that is a string, or an empty string if there is no such member.
func text(members map[string]json.RawMessage, name string) (string, error) {
	raw, given := members[name]
	if !given {
		return "", nil
	}
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return "", errors.New(name + " is no string")
	}
	return *s, nil
}
