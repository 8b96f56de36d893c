package wechatpay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"videomall/mall/strictjson"
)

// maxAnswer is the size in bytes above which an answer is refused unread. That to /v3/certificates is the longest, with
// a few kilobytes.
const maxAnswer = 1 << 20

// userAgent is sent because WeChat Pay refuses requests without one.
const userAgent = "videomall"

// answer is what WeChat Pay says to a request, read but not yet believed.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// apiError is the refusal of a request. Its text is cut, since it may repeat what we sent.
type apiError struct {
	Status  int
	Code    string
	Message string
}

func (e *apiError) Error() string {
	return fmt.Sprintf("wechatpay: status %d, code %.60q, %.200q", e.Status, e.Code, e.Message)
}

// keys returns the keys that are valid now, or what is wrong with them.
func (w *WeChatPay) keys() (Keys, error) {
	k := w.opt.Keys()
	return k, k.check()
}

// call sends in, unless it is nil, and reads the answer into out, unless that is nil. A refusal becomes what the table
// of codes says for this verb. After any error that is not in the table, it is unknown whether the request arrived.
func (w *WeChatPay) call(ctx context.Context, v verb, method, uri string, in, out any) error {
	k, err := w.keys()
	if err != nil {
		return err
	}
	var body []byte
	if in != nil {
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("wechatpay: %w", err)
		}
	}
	if err := w.prepare(ctx, k); err != nil {
		return err
	}
	a, err := w.exchange(ctx, k, method, uri, body)
	if err != nil {
		return err
	}
	done := a.status == http.StatusOK || a.status == http.StatusNoContent
	// An answer of 204 is signed too, over an empty body. A refusal may be unsigned: WeChat Pay's gateways send some.
	if done || a.header.Get("Wechatpay-Signature") != "" {
		if err := w.believe(ctx, k, a); err != nil {
			return fmt.Errorf("wechatpay: status %d: %w", a.status, err)
		}
	}
	switch {
	case !done:
		return meaning(v, refusal(a))
	case out == nil:
		return nil
	}
	if err := strictjson.Open(a.body, out); err != nil {
		return fmt.Errorf("wechatpay: an answer that can't be read: %w", err)
	}
	return nil
}

// believe verifies an answer. If it is signed with a key that we do not know, newer certificates are asked for first.
func (w *WeChatPay) believe(ctx context.Context, k Keys, a answer) error {
	err := w.verify(k, a.header, a.body)
	if !errors.Is(err, errUnknownSerial) {
		return err
	}
	if refreshed := w.refresh(ctx, k); refreshed != nil && !errors.Is(refreshed, errTooEarly) {
		return fmt.Errorf("%w; %w", err, refreshed)
	}
	return w.verify(k, a.header, a.body) // another call may have downloaded them meanwhile
}

// exchange signs and sends a request, and reads the answer. uri is the path with the query.
func (w *WeChatPay) exchange(ctx context.Context, k Keys, method, uri string, body []byte) (answer, error) {
	u := *w.base
	resp, err := w.send(ctx, k, method, u.Scheme+"://"+u.Host+uri, body)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return answer{}, fmt.Errorf("wechatpay: read the answer: %w", err)
	}
	if len(read) > maxAnswer {
		return answer{}, fmt.Errorf("wechatpay: an answer of more than %d bytes", maxAnswer)
	}
	return answer{resp.StatusCode, resp.Header, read}, nil
}

// send signs and sends a request. The caller closes the body of the answer.
func (w *WeChatPay) send(ctx context.Context, k Keys, method, address string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("wechatpay: %w", err)
	}
	authorization, err := w.authorization(k, method, req.URL.RequestURI(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	// It tells WeChat Pay which key to sign with, while old and new ones are both in use.
	if serial := w.accepted(k); serial != "" {
		req.Header.Set("Wechatpay-Serial", serial)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("wechatpay: %w", err)
	}
	return resp, nil
}
