package webhook

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"videomall/mall/webhook/internal/dbsqlc"
)

// secretSize is how many random bytes a secret has; Standard Webhooks asks for 24 to 64.
const secretSize = 32

// Overlap is how long the secret before a rotation signs too.
const Overlap = 24 * time.Hour

// wrapper encrypts secrets before they reach the database.
type wrapper struct{ aead cipher.AEAD }

// newWrapper takes the 32 bytes of an AES-256 key.
func newWrapper(key []byte) (wrapper, error) {
	if len(key) != 32 {
		return wrapper{}, fmt.Errorf("the key that wraps webhooks' secrets has %d bytes, not 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return wrapper{}, err
	}
	aead, err := cipher.NewGCM(block)
	return wrapper{aead}, err
}

// place ties a secret to its endpoint: moved to another one's row, it does not open.
func place(endpointID int64) []byte { return fmt.Appendf(nil, "webhook/%d", endpointID) }

func (w wrapper) wrap(secret []byte, endpointID int64) []byte {
	nonce := make([]byte, w.aead.NonceSize(), w.aead.NonceSize()+len(secret)+w.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails: it ends the process instead
	return w.aead.Seal(nonce, nonce, secret, place(endpointID))
}

func (w wrapper) unwrap(wrapped []byte, endpointID int64) ([]byte, error) {
	n := w.aead.NonceSize()
	if len(wrapped) < n {
		return nil, fmt.Errorf("the secret of webhook %d is cut off", endpointID)
	}
	secret, err := w.aead.Open(nil, wrapped[:n], wrapped[n:], place(endpointID))
	if err != nil {
		return nil, fmt.Errorf("unwrap the secret of webhook %d: was SECRET_KEY changed? %w", endpointID, err)
	}
	return secret, nil
}

// newSecret makes a secret for an endpoint: as its owner writes it, and wrapped.
func (w wrapper) newSecret(endpointID int64) (shown string, wrapped []byte) {
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret)
	return "whsec_" + base64.StdEncoding.EncodeToString(secret), w.wrap(secret, endpointID)
}

// secrets are those that sign at a moment, the current one first.
func (w wrapper) secrets(e dbsqlc.WebhookEndpoint, at time.Time) ([][]byte, error) {
	secret, err := w.unwrap(e.Secret, e.ID)
	if err != nil {
		return nil, err
	}
	list := [][]byte{secret}
	if e.OldUntil != nil && at.Before(*e.OldUntil) {
		old, err := w.unwrap(e.OldSecret, e.ID)
		if err != nil {
			return nil, err
		}
		list = append(list, old)
	}
	return list, nil
}

// sign makes the three headers of Standard Webhooks 1.0 (https://www.standardwebhooks.com): a signature a secret.
func sign(h http.Header, secrets [][]byte, messageID string, at time.Time, body string) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(secrets))
	for n, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(messageID + "." + stamp + "." + body))
		signatures[n] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	h.Set("Webhook-Id", messageID)
	h.Set("Webhook-Timestamp", stamp)
	h.Set("Webhook-Signature", strings.Join(signatures, " "))
}
