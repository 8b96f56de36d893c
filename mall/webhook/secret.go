package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"videomall/mall/seal"
	"videomall/mall/webhook/internal/dbsqlc"
)

// secretSize is the number of random bytes in a secret. Standard Webhooks asks for 24 to 64.
const secretSize = 32

// Overlap is how long after a rotation messages are also signed with the previous secret.
const Overlap = 24 * time.Hour

// wrapper encrypts secrets before they reach the database.
type wrapper struct{ seal.Box }

// place returns the place to which the secret of an endpoint is bound.
func place(endpointID int64) string { return fmt.Sprintf("webhook/%d", endpointID) }

func (w wrapper) unwrap(wrapped []byte, endpointID int64) ([]byte, error) {
	secret, err := w.Open(wrapped, place(endpointID))
	if err != nil {
		return nil, fmt.Errorf("unwrap the secret of webhook %d: %w", endpointID, err)
	}
	return secret, nil
}

// newSecret makes a secret for an endpoint and returns it as it is shown to the owner, and encrypted.
func (w wrapper) newSecret(endpointID int64) (shown string, wrapped []byte) {
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret)
	return "whsec_" + base64.StdEncoding.EncodeToString(secret), w.Seal(secret, place(endpointID))
}

// secrets returns the secrets that sign at a time, the current one first.
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

// sign sets the three headers of Standard Webhooks 1.0 (https://www.standardwebhooks.com), with a signature for each
// secret.
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
