// Package mallclient is an example of a partner's program: it signs requests to the mall in either of the two ways, and
// verifies the mall's webhooks. It needs nothing but Go's standard library; copy it.
package mallclient

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client sends signed requests. Set either Secret or PrivateKey, whichever belongs to the key.
type Client struct {
	BaseURL    string // where people reach the mall: https://mall.example
	KeyID      string // pk_…
	Secret     string // vmsec_…, of a key of VM1
	PrivateKey ed25519.PrivateKey
	HTTP       *http.Client     // nil: http.DefaultClient
	Now        func() time.Time // nil: time.Now
	Nonce      func() string    // nil: 26 random characters
}

// Problem is a refusal. Programs rely on Code.
type Problem struct {
	Status     int               `json:"status"`
	Code       string            `json:"code"`
	Detail     string            `json:"detail"`
	Errors     map[string]string `json:"errors"`
	ServerTime string            `json:"serverTime"`
	RequestID  string            `json:"requestId"`
}

func (p *Problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail) }

// Call sends one request below /api/v1/mall/partner, such as "/videos?limit=5". What is sent and into may be nil. A
// refusal is a *Problem. A call that is repeated is signed again: a nonce is accepted once.
func (c *Client) Call(ctx context.Context, method, path string, send, into any) error {
	var body []byte
	if send != nil {
		var err error
		if body, err = json.Marshal(send); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.BaseURL+"/api/v1/mall/partner"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if send != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if err := c.Sign(r, body); err != nil {
		return err
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	if err != nil {
		return err
	}
	if answer.StatusCode >= 400 {
		problem := &Problem{Status: answer.StatusCode}
		_ = json.Unmarshal(read, problem)
		return problem
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(read, into)
}

// Sign adds the headers of a signature to a request with that body.
func (c *Client) Sign(r *http.Request, body []byte) error {
	now, nonce := time.Now, rand.Text
	if c.Now != nil {
		now = c.Now
	}
	if c.Nonce != nil {
		nonce = c.Nonce
	}
	if c.PrivateKey != nil {
		signMessage(r, c.PrivateKey, c.KeyID, now().Unix(), nonce(), body)
		return nil
	}
	secret, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(c.Secret, "vmsec_"))
	if err != nil {
		return fmt.Errorf("the secret is not base64url: %w", err)
	}
	signVM1(r, secret, c.KeyID, now().Unix(), nonce(), body)
	return nil
}

// host is the authority as it is signed: in lower case, without the usual port.
func host(r *http.Request) string {
	h := strings.ToLower(r.URL.Host)
	if r.URL.Scheme == "https" {
		return strings.TrimSuffix(h, ":443")
	}
	return strings.TrimSuffix(h, ":80")
}

// path is the path as it is sent.
func path(r *http.Request) string {
	if p := r.URL.EscapedPath(); p != "" {
		return p
	}
	return "/"
}

func hash(body []byte) []byte {
	sum := sha256.Sum256(body)
	return sum[:]
}
