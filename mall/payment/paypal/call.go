package paypal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"videomall/mall/payment"
	"videomall/mall/strictjson"
)

// maxAnswer bounds an answer in bytes. The largest is a page of a statement, of half a kilobyte a row.
const maxAnswer = 4 << 20

// request is one call of PayPal's API.
type request struct {
	method string
	path   string
	query  url.Values
	body   any    // of a POST
	key    string // the PayPal-Request-Id of a POST
}

// call sends a request and reads the answer into a struct. It returns the status of HTTP: PayPal answers 201 to a request
// that it carried out, and 200 to one that it had carried out before. A token that is refused is replaced once. Errors:
// *refusal for an answer that is no success. After any other error it is unknown whether the request arrived.
func (p *PayPal) call(ctx context.Context, r request, into any) (status int, err error) {
	body := []byte(nil)
	if r.body != nil {
		if body, err = json.Marshal(r.body); err != nil {
			return 0, fmt.Errorf("paypal: %s: %w", r.path, err)
		}
	}
	for again := true; ; again = false {
		secret := p.opt.Secret()
		text, err := p.tokens.get(ctx, secret)
		if err != nil {
			return 0, err
		}
		got, err := p.sendWith(ctx, r, body, text)
		if err != nil {
			return 0, err
		}
		if got.status == http.StatusUnauthorized && again {
			p.tokens.drop(text) // nothing was done
			continue
		}
		if got.status != http.StatusOK && got.status != http.StatusCreated {
			refused := p.refusalOf(got, secret, text)
			refused.Method = r.method
			return got.status, fmt.Errorf("paypal: %s %s: %w", r.method, r.path, refused)
		}
		if err := strictjson.Open(got.raw, into); err != nil {
			return got.status, fmt.Errorf("paypal: %s %s: the answer can't be read: %w", r.method, r.path, err)
		}
		return got.status, nil
	}
}

// sendWith sends a request with an access token.
func (p *PayPal) sendWith(ctx context.Context, r request, body []byte, text string) (answer, error) {
	address := p.opt.BaseURL + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(body))
	if err != nil {
		return answer{}, fmt.Errorf("paypal: %s: %w", r.path, err)
	}
	req.Header.Set("Authorization", "Bearer "+text)
	req.Header.Set("Accept", "application/json")
	if r.method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Prefer", "return=representation")
		req.Header.Set("PayPal-Request-Id", r.key)
	}
	return p.send(req)
}

// answer is a whole answer.
type answer struct {
	status  int
	debugID string
	raw     []byte
}

// send sends a request, and reads the whole answer.
func (p *PayPal) send(req *http.Request) (answer, error) {
	res, err := p.client.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("paypal: %w", err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err == nil && len(raw) > maxAnswer {
		err = errors.New("it is too long")
	}
	if err != nil {
		return answer{}, fmt.Errorf("paypal: %s %s: read the answer: %w", req.Method, req.URL.Path, err)
	}
	return answer{status: res.StatusCode, debugID: res.Header.Get("Paypal-Debug-Id"), raw: raw}, nil
}

func (p *PayPal) get(ctx context.Context, path string, query url.Values, into any) error {
	_, err := p.call(ctx, request{method: http.MethodGet, path: path, query: query}, into)
	return err
}

// plain reports whether s may be an identifier.
func plain(s string) bool { return payment.IsPlain(s, 200) }
