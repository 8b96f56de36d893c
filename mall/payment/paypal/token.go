package paypal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"videomall/mall/strictjson"
)

// renewBefore is how long before its end a token is replaced: longer than any call lasts.
const renewBefore = 5 * time.Minute

// token is an access token, with the secret that it was bought with.
type token struct {
	text, secret string
	until        time.Time
}

// tokens keeps the access token. One caller at a time asks for a new one, and the others wait for it.
type tokens struct {
	fetch func(ctx context.Context, secret string) (token, error)
	now   func() time.Time
	turn  chan struct{}

	mu   sync.Mutex
	last token
}

func newTokens(fetch func(context.Context, string) (token, error), now func() time.Time) *tokens {
	return &tokens{fetch: fetch, now: now, turn: make(chan struct{}, 1)}
}

// get returns a token of the secret that is good for a while.
func (t *tokens) get(ctx context.Context, secret string) (string, error) {
	if text, ok := t.good(secret); ok {
		return text, nil
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", fmt.Errorf("paypal: wait for an access token: %w", ctx.Err())
	}
	if text, ok := t.good(secret); ok { // of the caller before
		return text, nil
	}
	got, err := t.fetch(ctx, secret)
	if err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = got
	return got.text, nil
}

func (t *tokens) good(secret string) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last.text, t.last.text != "" && t.last.secret == secret && t.now().Before(t.last.until)
}

// drop forgets a token that PayPal has refused, unless it was replaced already.
func (t *tokens) drop(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.text == text {
		t.last = token{}
	}
}

// fetchToken asks for an access token. Errors: *refusal.
func (p *PayPal) fetchToken(ctx context.Context, secret string) (token, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.opt.BaseURL+"/v1/oauth2/token",
		strings.NewReader(form.Encode()))
	if err != nil {
		return token{}, fmt.Errorf("paypal: token: %w", err)
	}
	req.SetBasicAuth(p.opt.ClientID, secret)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	asked := p.opt.Now()
	answered, err := p.send(req)
	if err != nil {
		return token{}, err
	}
	if answered.status != http.StatusOK {
		return token{}, fmt.Errorf("paypal: token: %w", p.refusalOf(answered))
	}
	var got struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	if err := strictjson.Open(answered.raw, &got); err != nil {
		return token{}, fmt.Errorf("paypal: the answer with a token can't be read: %w", err)
	}
	if got.AccessToken == "" || !strings.EqualFold(got.TokenType, "Bearer") || got.ExpiresIn <= 0 ||
		got.ExpiresIn > 366*24*60*60 {
		return token{}, errors.New("paypal: the answer has no token")
	}
	life := time.Duration(got.ExpiresIn) * time.Second
	return token{
		text:   got.AccessToken,
		secret: secret,
		until:  asked.Add(life - min(renewBefore, life/2)),
	}, nil
}
