package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Limits of one call.
const (
	deadline   = 15 * time.Second // of the whole call
	connecting = 5 * time.Second
	draining   = 2 * time.Second // for the body of a response
	maxAnswer  = 2 << 10         // bytes of the body that are kept
	maxHeaders = 16 << 10
)

// result is the result of a call. failure is a slug, empty for a success.
type result struct {
	headers map[string]string // of the request
	status  int               // 0 without a response
	answer  string
	failure string
	at      time.Time
	took    time.Duration
}

// sending makes the calls.
type sending struct{ client *http.Client }

// newSending returns a client that opens a new connection for every call, so that the guard checks each of them. It
// ignores proxies of the environment and does not follow redirects.
func newSending(g *guard) sending { return sendingThrough(g, nil) }

func sendingThrough(g *guard, resolver *net.Resolver) sending {
	dialer := &net.Dialer{
		Timeout:        connecting,
		ControlContext: g.control,
		Resolver:       resolver,
	}
	return sending{&http.Client{
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    connecting,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxHeaders,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// parcel is a message that is ready to be sent.
type parcel struct {
	url       string
	messageID string
	body      string
	secrets   [][]byte
	at        time.Time // by the mall's clock, which signs
}

// call posts a parcel and waits for the response until the deadline.
func (s sending) call(ctx context.Context, p parcel) result {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	r := result{headers: map[string]string{}, at: p.at}
	began := time.Now() // measures a duration, so the business clock does not apply
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, strings.NewReader(p.body))
	if err != nil {
		r.failure = "connection"
		return r
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "VideoMall-Webhooks/1.0")
	sign(request.Header, p.secrets, p.messageID, p.at, p.body)
	for name, values := range request.Header {
		r.headers[strings.ToLower(name)] = values[0]
	}
	response, err := s.client.Do(request)
	if err != nil {
		r.failure = failureOf(err)
		r.took = time.Since(began)
		return r
	}
	defer response.Body.Close()
	// The status decides the result, so a slow body is not waited for.
	slow := time.AfterFunc(draining, cancel)
	defer slow.Stop()
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	r.status = response.StatusCode
	r.answer = legible(body)
	r.took = time.Since(began)
	switch {
	case r.status >= 200 && r.status < 300:
	case r.status >= 300 && r.status < 400:
		r.failure = "redirect"
	default:
		r.failure = "status"
	}
	return r
}

// legible returns b as text that PostgreSQL can store.
func legible(b []byte) string {
	return strings.ReplaceAll(strings.ToValidUTF8(string(b), "\uFFFD"), "\x00", "\uFFFD")
}

// failureOf returns the slug of why no response came. The error itself may name internal hosts and is shown to nobody.
func failureOf(err error) string {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var unknown x509.UnknownAuthorityError
	var timeout net.Error
	switch {
	case errors.Is(err, errRefused):
		return "address"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(err, &dns):
		return "name"
	case errors.As(err, &certificate), errors.As(err, &record), errors.As(err, &alert), errors.As(err, &unknown):
		return "tls"
	}
	return "connection"
}
