package wechatpay

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"videomall/mall/strictjson"
)

// The shortest time between two downloads of the platform certificates: while a key is known, and while none is, when
// nothing can be done without them.
const (
	refreshEvery = time.Minute
	retryEvery   = 5 * time.Second
)

// refreshPatience is how long a call waits for newer certificates if it may do without.
const refreshPatience = 3 * time.Second

// platform holds the platform certificates that were downloaded.
type platform struct {
	turn chan struct{} // held by whoever downloads; a channel, so that the others can give up waiting

	mu    sync.Mutex
	certs map[string]*x509.Certificate // by their serial numbers
	asked time.Time                    // when they were last asked for, successfully or not
	stale bool                         // a notice named a serial number that we do not know
}

// verifier finds the key with this serial number among the configured and the downloaded ones. Errors:
// errUnknownSerial, also for a certificate that has expired.
func (w *WeChatPay) verifier(k Keys, serial string) (*rsa.PublicKey, error) {
	for _, p := range k.PublicKeys {
		if p.ID == serial {
			return p.Key, nil
		}
	}
	for _, c := range w.certificates(k) {
		if serialOf(c) == normal(serial) && !w.opt.Now().After(c.NotAfter) {
			return keyOf(c)
		}
	}
	return nil, fmt.Errorf("%w %.100q", errUnknownSerial, serial)
}

// certificates lists the platform certificates that we know.
func (w *WeChatPay) certificates(k Keys) []*x509.Certificate {
	w.platform.mu.Lock()
	defer w.platform.mu.Unlock()
	list := append([]*x509.Certificate{}, k.Certificates...)
	for _, c := range w.platform.certs {
		list = append(list, c)
	}
	return list
}

// accepted returns the serial number of the key that we ask WeChat Pay to sign with: the first public key, or the
// newest certificate that is valid; "" if there is neither.
func (w *WeChatPay) accepted(k Keys) string {
	if len(k.PublicKeys) > 0 {
		return k.PublicKeys[0].ID
	}
	var best *x509.Certificate
	now := w.opt.Now()
	for _, c := range w.certificates(k) {
		if !now.Before(c.NotBefore) && !now.After(c.NotAfter) && (best == nil || c.NotBefore.After(best.NotBefore)) {
			best = c
		}
	}
	return serialOf(best)
}

// suspect remembers that a notice was signed with a key that we do not have, so that the next outgoing call asks for
// the certificates first. The notice itself makes no call: whoever can reach us could otherwise make us call. A public
// key is never downloaded, so its ID changes nothing.
func (w *WeChatPay) suspect(serial string) {
	if strings.HasPrefix(serial, PublicKeyPrefix) || !serials.MatchString(serial) {
		return
	}
	w.platform.mu.Lock()
	defer w.platform.mu.Unlock()
	w.platform.stale = true
}

// Refresh downloads platform certificates if no key of WeChat Pay is known, or if a notice named one that is not; at
// most once a minute. Every outgoing call does so by itself. Whoever uses certificates calls it at the start too, since
// a notice that comes before any call would be refused, and WeChat Pay would have to repeat it.
func (w *WeChatPay) Refresh(ctx context.Context) error {
	k, err := w.keys()
	if err != nil {
		return err
	}
	return w.prepare(ctx, k)
}

// prepare makes sure that answers can be verified: it downloads certificates if no key is known, or if a notice named
// one that is not.
func (w *WeChatPay) prepare(ctx context.Context, k Keys) error {
	if w.accepted(k) == "" {
		err := w.refresh(ctx, k)
		if errors.Is(err, errTooEarly) && w.accepted(k) != "" {
			return nil // another call has downloaded them meanwhile
		}
		return err
	}
	w.platform.mu.Lock()
	stale := w.platform.stale
	w.platform.mu.Unlock()
	if stale {
		bounded, cancel := context.WithTimeout(ctx, refreshPatience)
		defer cancel()
		_ = w.refresh(bounded, k) // what we have may well do for this call
	}
	return nil
}

// errTooEarly says that the certificates were downloaded, or could not be, a short while ago.
var errTooEarly = errors.New("wechatpay: platform certificates were asked for a short while ago")

// refresh downloads the platform certificates, unless that was done or tried lately. Errors: errTooEarly.
func (w *WeChatPay) refresh(ctx context.Context, k Keys) error {
	select {
	case w.platform.turn <- struct{}{}:
		defer func() { <-w.platform.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	now, missing := w.opt.Now(), w.accepted(k) == ""
	w.platform.mu.Lock()
	every := refreshEvery
	if missing {
		every = retryEvery
	}
	since := now.Sub(w.platform.asked)
	early := !w.platform.asked.IsZero() && since >= 0 && since < every
	if !early {
		// Whatever comes of it, a notice has to ask again: otherwise a single one with an invented serial number would
		// make a merchant who has no certificates ask for them for ever.
		w.platform.asked, w.platform.stale = now, false
	}
	w.platform.mu.Unlock()
	if early {
		return errTooEarly
	}
	certs, err := w.download(ctx, k)
	if err != nil {
		return err
	}
	w.platform.mu.Lock()
	defer w.platform.mu.Unlock()
	w.platform.certs = certs
	return nil
}

// download asks for the platform certificates. What decrypts with the APIv3 key is from WeChat Pay; the answer must
// nevertheless be signed with one of them, or with a key that we know.
func (w *WeChatPay) download(ctx context.Context, k Keys) (map[string]*x509.Certificate, error) {
	a, err := w.exchange(ctx, k, http.MethodGet, "/v3/certificates", nil)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("wechatpay: certificates: %w", refusal(a))
	}
	var list struct {
		Data []struct {
			SerialNo  string `json:"serial_no"`
			Encrypted sealed `json:"encrypt_certificate"`
		} `json:"data"`
	}
	if err := strictjson.Open(a.body, &list); err != nil {
		return nil, fmt.Errorf("wechatpay: certificates: %w", err)
	}
	certs := map[string]*x509.Certificate{}
	both := k
	for _, entry := range list.Data {
		text, err := entry.Encrypted.open(k.APIv3)
		if err != nil {
			return nil, fmt.Errorf("wechatpay: certificate %.100q: %w", entry.SerialNo, err)
		}
		c, err := ParseCertificate(string(text))
		if err != nil {
			return nil, err
		}
		if serialOf(c) != normal(entry.SerialNo) {
			return nil, fmt.Errorf("wechatpay: certificate %s is listed as %.100q", serialOf(c), entry.SerialNo)
		}
		certs[serialOf(c)] = c
		both.Certificates = append(both.Certificates[:len(both.Certificates):len(both.Certificates)], c)
	}
	if err := w.verify(both, a.header, a.body); err != nil {
		return nil, fmt.Errorf("wechatpay: certificates: %w", err)
	}
	return certs, nil
}

// refusal reads an answer that is not a success.
func refusal(a answer) *apiError {
	e := &apiError{Status: a.status}
	var body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	// An answer of a proxy is not in JSON, and then has no code.
	if json.Unmarshal(a.body, &body) == nil {
		e.Code, e.Message = body.Code, body.Message
	}
	return e
}
