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
		answer, raw, err := p.sendWith(ctx, r, body, text)
		if err != nil {
			return 0, err
		}
		if answer.StatusCode == http.StatusUnauthorized && again {
			p.tokens.drop(text) // nothing was done
			continue
		}
		if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusCreated {
			refused := p.refusalOf(answer, raw, secret, text)
			refused.Method = r.method
			return answer.StatusCode, fmt.Errorf("paypal: %s %s: %w", r.method, r.path, refused)
		}
		if err := strictjson.Open(raw, into); err != nil {
			return answer.StatusCode, fmt.Errorf("paypal: %s %s: the answer can't be read: %w", r.method, r.path, err)
		}
		return answer.StatusCode, nil
	}
}

// sendWith sends a request with an access token.
func (p *PayPal) sendWith(ctx context.Context, r request, body []byte, text string) (*http.Response, []byte, error) {
	address := p.opt.BaseURL + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(body))
	if err != nil {
		return nil, nil, fmt.Errorf("paypal: %s: %w", r.path, err)
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

// send sends a request, and reads the whole answer.
func (p *PayPal) send(req *http.Request) (*http.Response, []byte, error) {
	answer, err := p.client.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("paypal: %w", err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err == nil && len(raw) > maxAnswer {
		err = errors.New("it is too long")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("paypal: %s %s: read the answer: %w", req.Method, req.URL.Path, err)
	}
	return answer, raw, nil
}

func (p *PayPal) get(ctx context.Context, path string, query url.Values, into any) error {
	_, err := p.call(ctx, request{method: http.MethodGet, path: path, query: query}, into)
	return err
}

// plain reports whether s may be an identifier: 1 to 200 printable ASCII characters without spaces.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 200
}

// cut returns the first n characters of a text.
func cut(text string, n int) string {
	for i := range text {
		if n--; n < 0 {
			return text[:i]
		}
	}
	return text
}
