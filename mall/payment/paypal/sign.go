package paypal

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"hash/crc32"
	"net/http"
	"strconv"
	"time"

	"videomall/mall/payment"
)

// The headers of a notice.
const (
	IDHeader        = "Paypal-Transmission-Id"
	TimeHeader      = "Paypal-Transmission-Time"
	SignatureHeader = "Paypal-Transmission-Sig"
	CertHeader      = "Paypal-Cert-Url"
	AlgorithmHeader = "Paypal-Auth-Algo"
)

// Algorithm is the only one that is accepted, whatever a notice says.
const Algorithm = "SHA256withRSA"

// A notice is refused if it was signed longer ago than maxAge, or lies further than maxAhead in the future. PayPal repeats
// a notice for three days, and does not say whether with the time of its first transmission: a bound of some minutes, as
// for other providers, could lose a payment whose notice was late. That a notice is applied once is up to its event's id.
const (
	maxAge   = 4 * 24 * time.Hour
	maxAhead = 5 * time.Minute
)

// maxHeader bounds each header in bytes.
const maxHeader = 2 << 10

// Signed returns the text that PayPal signs. Of the body it holds the CRC-32 alone, in decimal.
func Signed(transmissionID, transmissionTime, webhookID string, body []byte) []byte {
	text := make([]byte, 0, len(transmissionID)+len(transmissionTime)+len(webhookID)+16)
	text = append(text, transmissionID...)
	text = append(text, '|')
	text = append(text, transmissionTime...)
	text = append(text, '|')
	text = append(text, webhookID...)
	text = append(text, '|')
	return strconv.AppendUint(text, uint64(crc32.ChecksumIEEE(body)), 10)
}

// verify checks the signature of a notice under any of our webhooks' ids. Errors: payment.ErrBadSignature; any other if
// the certificate can't be fetched now, so that the notice must be sent again.
func (p *PayPal) verify(h http.Header, body []byte) error {
	var values [5]string
	for n, name := range [...]string{IDHeader, TimeHeader, SignatureHeader, CertHeader, AlgorithmHeader} {
		list := h.Values(name)
		if len(list) != 1 || len(list[0]) > maxHeader || list[0] == "" {
			return payment.ErrBadSignature.Because("%d headers %s", len(list), name)
		}
		values[n] = list[0]
	}
	id, at, claimed, certificate, algorithm := values[0], values[1], values[2], values[3], values[4]
	if algorithm != Algorithm {
		return payment.ErrBadSignature.Because("algorithm %.40q", algorithm)
	}
	sent, err := timeOf(at)
	if err != nil {
		return payment.ErrBadSignature.Because("%w", err)
	}
	if now := p.opt.Now(); sent.Before(now.Add(-maxAge)) || sent.After(now.Add(maxAhead)) {
		return payment.ErrBadSignature.Because("sent at %s, the clock says %s", sent, now)
	}
	signature, err := base64.StdEncoding.DecodeString(claimed)
	if err != nil {
		return payment.ErrBadSignature.Because("the signature is no base64")
	}
	key, err := p.certificates.key(certificate)
	if err != nil {
		return err
	}
	for _, webhook := range p.opt.WebhookIDs {
		sum := sha256.Sum256(Signed(id, at, webhook, body))
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil {
			return nil
		}
	}
	return payment.ErrBadSignature.Because("it fits none of %d webhooks", len(p.opt.WebhookIDs))
}
