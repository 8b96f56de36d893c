package alipay

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// signingText returns what a signature is of: name=value, sorted by name and joined by ampersands, with values as they
// are before any encoding, and without some names.
func signingText(values map[string]string, without ...string) []byte {
	names, size := make([]string, 0, len(values)), 0
	for name, value := range values {
		if !slices.Contains(without, name) {
			names, size = append(names, name), size+len(name)+len(value)+2
		}
	}
	slices.Sort(names)
	text := make([]byte, 0, size)
	for i, name := range names {
		if i > 0 {
			text = append(text, '&')
		}
		text = append(text, name...)
		text = append(text, '=')
		text = append(text, values[name]...)
	}
	return text
}

// sign returns the RSA2 signature of a text in base64.
func (k Keys) sign(text []byte) (string, error) {
	sum := sha256.Sum256(text)
	signature, err := rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// verify checks Alipay's RSA2 signature of a text, whatever algorithm the message claims. certSerial is the SN of the
// certificate that the message names, or empty: then any of the keys may have signed.
func (k Keys) verify(text []byte, signature, certSerial string) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil || len(raw) == 0 {
		return errors.New("no signature in base64")
	}
	sum := sha256.Sum256(text)
	named := false
	for _, key := range k.alipay {
		if certSerial != "" && key.serial != "" && key.serial != certSerial {
			continue
		}
		named = true
		if rsa.VerifyPKCS1v15(key.public, crypto.SHA256, sum[:], raw) == nil {
			return nil
		}
	}
	if !named {
		return fmt.Errorf("signed with Alipay's certificate %.40q, which is not among the configured ones", certSerial)
	}
	return fmt.Errorf("the signature is by none of %d keys", len(k.alipay))
}
