package mallclient

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// VerifyWebhook says why a message is not the mall's; nil if it is. secret is whsec_…. Standard Webhooks 1.0. Skip a
// webhook-id that came before: a message may arrive twice.
func VerifyWebhook(secret string, h http.Header, body []byte, now time.Time) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 { // anybody can sign with an empty key
		return errors.New("the secret is empty or not base64")
	}
	stamp, err := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	if off := now.Sub(time.Unix(stamp, 0)); err != nil || off > 5*time.Minute || off < -5*time.Minute {
		return errors.New("the message is not of now")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "."))
	mac.Write(body)
	want := mac.Sum(nil)
	for signature := range strings.FieldsSeq(h.Get("webhook-signature")) {
		got, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(signature, "v1,"))
		if err == nil && strings.HasPrefix(signature, "v1,") && hmac.Equal(got, want) {
			return nil
		}
	}
	return errors.New("no signature fits")
}
