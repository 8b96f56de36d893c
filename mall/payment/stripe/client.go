package stripe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"videomall/mall/payment"
	"videomall/mall/strictjson"
)

// maxAnswer bounds an answer in bytes. The largest is a page of a hundred balance transactions with their sources, of
// some kilobytes each.
const maxAnswer = 8 << 20

// keyPeriod is how long one further idempotency key is used, see post.
const keyPeriod = 10 * time.Minute

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
		refused.Replayed = replayed
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

// post sends a POST under an idempotency key, so that the same request sent twice is one request for 24 hours.
//
// Stripe stores whatever came of the first request with a key, a 500 and a refusal for want of balance included, and
// replays it for a day. So that such a request can succeed within the day, it is sent again under further keys, one for
// each keyPeriod, but only after a replay has shown that nothing came of it under the first key. The key of the period
// before comes first: if the answer to it was lost, it is found by it. What is older than that, Stripe's lists show.
func (s *Stripe) post(ctx context.Context, path string, form url.Values, key string, into any) (replayed bool, err error) {
	period := s.opt.Now().Unix() / int64(keyPeriod/time.Second)
	for _, k := range []string{
		key,
		key + "-" + strconv.FormatInt(period-1, 10),
		key + "-" + strconv.FormatInt(period, 10),
	} {
		replayed, err = s.call(ctx, request{method: http.MethodPost, path: path, form: form, key: k}, into)
		refused, is := errors.AsType[*refusal](err)
		if !is || !refused.Replayed || refused.Status < 500 && !errors.Is(refused.fault(), payment.ErrRetryLater) {
			return replayed, err
		}
	}
	return replayed, err
}

// expand asks Stripe to send whole objects instead of their ids.
func expand(fields ...string) url.Values { return url.Values{"expand[]": fields} }

// plain reports whether s may be an identifier: 1 to 200 printable ASCII characters without spaces.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 200
}
