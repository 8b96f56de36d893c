package stripe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"videomall/mall/payment"
	"videomall/mall/strictjson"
)

// maxAnswer bounds an answer in bytes. The largest is a page of a hundred balance transactions with their sources, of
// some kilobytes each.
const maxAnswer = 8 << 20

// request is one call of Stripe's API. Parameters of a POST are its form, those of a GET its query.
type request struct {
	method string
	path   string
	form   url.Values
	key    string // the idempotency key of a POST
}

// call sends a request and reads the answer into a struct. It reports whether Stripe replayed a stored answer. Errors:
// *refusal for an answer that is no success. After any other error it is unknown whether the request arrived.
func (s *Stripe) call(ctx context.Context, r request, into any) (replayed bool, err error) {
	address, body := s.opt.BaseURL+r.path, io.Reader(http.NoBody)
	if r.method == http.MethodPost {
		body = strings.NewReader(r.form.Encode())
	} else if len(r.form) > 0 {
		address += "?" + r.form.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return false, fmt.Errorf("stripe: %s: %w", r.path, err)
	}
	req.Header.Set("Authorization", "Bearer "+s.opt.SecretKey)
	req.Header.Set("Stripe-Version", Version)
	if r.method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	answer, err := s.client.Do(req)
	if err != nil {
		return false, fmt.Errorf("stripe: %w", err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return false, fmt.Errorf("stripe: %s %s: read the answer: %w", r.method, r.path, err)
	}
	if len(raw) > maxAnswer {
		return false, fmt.Errorf("stripe: %s %s: the answer has more than %d bytes", r.method, r.path, maxAnswer)
	}
	replayed = answer.Header.Get("Idempotent-Replayed") == "true"
	if answer.StatusCode != http.StatusOK {
		refused := s.refusalOf(answer, raw)
		refused.Method, refused.Replayed = r.method, replayed
		return replayed, fmt.Errorf("stripe: %s %s: %w", r.method, r.path, refused)
	}
	if err := strictjson.Open(raw, into); err != nil {
		return replayed, fmt.Errorf("stripe: %s %s: the answer can't be read: %w", r.method, r.path, err)
	}
	return replayed, nil
}

func (s *Stripe) get(ctx context.Context, path string, query url.Values, into any) error {
	_, err := s.call(ctx, request{method: http.MethodGet, path: path, form: query}, into)
	return err
}

// post sends a POST under the first of some idempotency keys, so that the same request sent twice is one request for 24
// hours. Stripe stores whatever came of the first request with a key, a 500 and a refusal for want of balance included,
// and replays it for that time. So that such a request can succeed within the day, it is sent again under the next key,
// but only after a replay has shown that nothing more comes of it under the key before. (Go's transport repeats a
// request with a key by itself if a kept connection turns out to be closed, which is as safe.)
func (s *Stripe) post(ctx context.Context, path string, form url.Values, keys iter.Seq[string], into any) (
	replayed bool, err error,
) {
	for key := range keys {
		replayed, err = s.call(ctx, request{method: http.MethodPost, path: path, form: form, key: key}, into)
		refused, is := errors.AsType[*refusal](err)
		if !is || !refused.Replayed || refused.Status < 500 && !errors.Is(refused.fault(), payment.ErrRetryLater) {
			break
		}
	}
	return replayed, err
}

// expand asks Stripe to send whole objects instead of their ids.
func expand(fields ...string) url.Values { return url.Values{"expand[]": fields} }

// plain reports whether s may be an identifier.
func plain(s string) bool { return payment.IsPlain(s, 200) }
