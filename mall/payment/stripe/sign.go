package stripe

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"videomall/mall/payment"
)

// SignatureHeader carries "t=<unix seconds>,v1=<hex>". There is one v1 for each secret that the endpoint has, and there
// may be other schemes, which are ignored.
const SignatureHeader = "Stripe-Signature"

// Tolerance is how far a notice's timestamp may be from our clock, in either direction. Stripe's libraries let any
// timestamp of the future pass.
const Tolerance = 300 * time.Second

// maxHeader bounds the signature header in bytes: some twenty signatures.
const maxHeader = 2 << 10

// Sign returns the value of SignatureHeader: the HMAC-SHA256 of "t.body" under each secret.
func Sign(t time.Time, body []byte, secrets ...string) string {
	unix := strconv.FormatInt(t.Unix(), 10)
	value := "t=" + unix
	for _, secret := range secrets {
		value += ",v1=" + hex.EncodeToString(mac(secret, unix, body))
	}
	return value
}

func mac(secret, unix string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(unix))
	h.Write([]byte{'.'})
	h.Write(body)
	return h.Sum(nil)
}

// verify checks the signature of a notice: any of its signatures under any of our secrets. Errors:
// payment.ErrBadSignature.
func (s *Stripe) verify(h http.Header, body []byte) error {
	headers := h.Values(SignatureHeader)
	if len(headers) != 1 || len(headers[0]) > maxHeader {
		return payment.ErrBadSignature.Because("%d headers %s", len(headers), SignatureHeader)
	}
	var unix string
	var claimed [][]byte
	for part := range strings.SplitSeq(headers[0], ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "t":
			// Stripe's libraries take the last of several. It sends one, so that several are no notice of its.
			if unix != "" {
				return payment.ErrBadSignature.Because("two timestamps")
			}
			unix = value
		case "v1":
			if sum, err := hex.DecodeString(value); err == nil {
				claimed = append(claimed, sum)
			}
		}
	}
	t, err := strconv.ParseInt(unix, 10, 64)
	if err != nil {
		return payment.ErrBadSignature.Because("timestamp %.40q", unix)
	}
	match := false
	for _, secret := range s.opt.WebhookSecrets {
		want := mac(secret, unix, body)
		for _, sum := range claimed {
			match = hmac.Equal(sum, want) || match
		}
	}
	if !match {
		return payment.ErrBadSignature.Because("none of %d signatures matches", len(claimed))
	}
	// Compare integers, since a Duration to a distant timestamp would overflow.
	if now, within := s.opt.Now().Unix(), int64(Tolerance/time.Second); t < now-within || t > now+within {
		return payment.ErrBadSignature.Because("timestamp %d, the clock says %d", t, now)
	}
	return nil
}
