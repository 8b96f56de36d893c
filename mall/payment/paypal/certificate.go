package paypal

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"videomall/mall/payment"
)

const (
	fetchTime = 5 * time.Second // of one certificate
	maxChain  = 64 << 10        // bytes
	certLife  = 24 * time.Hour  // for which a fetched certificate is used, unless it ends before
	maxCerts  = 8               // PayPal uses one at a time
	// Whoever posts notices with invented addresses must not make us ask PayPal all the time.
	maxFetches   = 10
	fetchesEvery = time.Minute
)

// certPath is where PayPal has its certificates.
var certPath = regexp.MustCompile(`^/v1/notifications/certs/[0-9A-Za-z_-]{1,200}$`)

// errNoCertificate says that a certificate can't be had now: whether a notice is genuine is unknown.
var errNoCertificate = errors.New("paypal: the certificate of a notice can't be fetched")

// certificates fetches the certificates that notices are signed with, and keeps them.
type certificates struct {
	hosts  []string
	roots  *x509.CertPool
	client *http.Client
	now    func() time.Time
	turn   chan struct{} // one fetch at a time

	mu      sync.Mutex
	known   map[string]certificate // by address
	fetched []time.Time            // within fetchesEvery
}

type certificate struct {
	key   *rsa.PublicKey
	until time.Time
}

func newCertificates(o Options, client *http.Client) *certificates {
	return &certificates{
		hosts:  o.CertHosts,
		roots:  o.Roots,
		client: client,
		now:    o.Now,
		turn:   make(chan struct{}, 1),
		known:  map[string]certificate{},
	}
}

// key returns the public key of the certificate at an address. Errors: payment.ErrBadSignature if it isn't PayPal's
// address or certificate; errNoCertificate.
func (c *certificates) key(address string) (*rsa.PublicKey, error) {
	if key := c.kept(address); key != nil {
		return key, nil
	}
	u, err := url.Parse(address)
	if err != nil || !slices.Contains(c.hosts, u.Host) || !payment.Secure(u) || u.User != nil ||
		!certPath.MatchString(u.Path) || u.String() != u.Scheme+"://"+u.Host+u.Path {
		return nil, payment.ErrBadSignature.Because("a certificate at %.200q", address)
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchTime)
	defer cancel()
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: others are being fetched", errNoCertificate)
	}
	if key := c.kept(address); key != nil { // by the notice before
		return key, nil
	}
	if !c.mayFetch() {
		return nil, fmt.Errorf("%w: too many were asked for", errNoCertificate)
	}
	chain, err := c.fetch(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoCertificate, err)
	}
	got, err := c.check(chain)
	if err != nil {
		return nil, payment.ErrBadSignature.Because("the certificate at %s: %w", address, err)
	}
	c.keep(address, got)
	return got.key, nil
}

func (c *certificates) kept(address string) *rsa.PublicKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	if got, known := c.known[address]; known && c.now().Before(got.until) {
		return got.key
	}
	return nil
}

func (c *certificates) keep(address string, got certificate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxCerts {
		clear(c.known)
	}
	c.known[address] = got
}

func (c *certificates) mayFetch() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	c.fetched = slices.DeleteFunc(c.fetched, func(at time.Time) bool { return now.Sub(at) >= fetchesEvery })
	if len(c.fetched) >= maxFetches {
		return false
	}
	c.fetched = append(c.fetched, now)
	return true
}

// fetch returns the text of a certificate with those that it was issued by.
func (c *certificates) fetch(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP %d", answer.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxChain+1))
	if err == nil && len(text) > maxChain {
		err = errors.New("it is too long")
	}
	return text, err
}

// check sees that a certificate leads to a root that we trust, is good now, and is PayPal's.
func (c *certificates) check(text []byte) (certificate, error) {
	var leaf *x509.Certificate
	others := x509.NewCertPool()
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return certificate{}, err
		}
		if leaf == nil {
			leaf = parsed
		} else {
			others.AddCert(parsed)
		}
	}
	if leaf == nil {
		return certificate{}, errors.New("there is none")
	}
	now := c.now()
	if _, err := leaf.Verify(x509.VerifyOptions{
		Roots:         c.roots,
		Intermediates: others,
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}); err != nil {
		return certificate{}, err
	}
	// It is messageverificationcerts.paypal.com at present, with another name at PayPal's sandbox.
	if !slices.ContainsFunc(append(leaf.DNSNames, leaf.Subject.CommonName), ofPayPal) {
		return certificate{}, fmt.Errorf("it is of %.200q", leaf.Subject.CommonName)
	}
	key, is := leaf.PublicKey.(*rsa.PublicKey)
	if !is || key.N.BitLen() < 2048 {
		return certificate{}, errors.New("its key is no RSA key of 2048 bits")
	}
	until := now.Add(certLife)
	if leaf.NotAfter.Before(until) {
		until = leaf.NotAfter
	}
	return certificate{key: key, until: until}, nil
}

func ofPayPal(name string) bool {
	return name == "paypal.com" || strings.HasSuffix(name, ".paypal.com")
}
