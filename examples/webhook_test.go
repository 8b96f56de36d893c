package examples_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	mallclient "videomall/examples/go"
)

// TestVerifyWebhook verifies what the library of Standard Webhooks signs, also with two secrets, and refuses it with any
// part of it changed.
func TestVerifyWebhook(t *testing.T) {
	t.Parallel()
	key, other := []byte("32 bytes of a webhook's secret.."), []byte("32 bytes of the secret before it")
	const body = `{"type":"order.paid"}`
	secret, at := "whsec_"+base64.StdEncoding.EncodeToString(key), time.Unix(1764115200, 0)
	for name, keys := range map[string][][]byte{"one": {key}, "after a rotation": {other, key}} {
		h := signedBy(t, keys, "msg_1", at, body)
		for _, off := range []time.Duration{0, 5 * time.Minute, -5 * time.Minute} {
			if err := mallclient.VerifyWebhook(secret, h, []byte(body), at.Add(off)); err != nil {
				t.Errorf("%s, read %s later: %v", name, off, err)
			}
		}
		for _, off := range []time.Duration{5*time.Minute + time.Second, -5*time.Minute - time.Second} {
			if mallclient.VerifyWebhook(secret, h, []byte(body), at.Add(off)) == nil {
				t.Errorf("%s, read %s later: accepted", name, off)
			}
		}
		if mallclient.VerifyWebhook(secret, h, []byte(body+" "), at) == nil {
			t.Errorf("%s: accepted with another body", name)
		}
		for _, empty := range []string{"", "whsec_"} {
			mac := hmac.New(sha256.New, nil)
			fmt.Fprintf(mac, "msg_1.%d.%s", at.Unix(), body)
			forged := h.Clone()
			forged.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
			if mallclient.VerifyWebhook(empty, forged, []byte(body), at) == nil {
				t.Errorf("%s: accepted with the empty secret %q", name, empty)
			}
		}
		if mallclient.VerifyWebhook("whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32)), h, []byte(body), at) == nil {
			t.Errorf("%s: accepted with another secret", name)
		}
		for part, value := range map[string]string{
			"webhook-id": "msg_2", "webhook-timestamp": "1764115201", "webhook-signature": "v1,AAAA",
		} {
			changed := h.Clone()
			changed.Set(part, value)
			if mallclient.VerifyWebhook(secret, changed, []byte(body), at) == nil {
				t.Errorf("%s: accepted with another %s", name, part)
			}
		}
	}
}

// signedBy signs a message with each of the keys.
func signedBy(t *testing.T, keys [][]byte, id string, at time.Time, body string) http.Header {
	t.Helper()
	var signatures []string
	for _, key := range keys {
		signer, err := standard.NewWebhookRaw(key)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := signer.Sign(id, at, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		signatures = append(signatures, signature)
	}
	h := http.Header{}
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", fmt.Sprint(at.Unix()))
	h.Set("webhook-signature", strings.Join(signatures, " "))
	return h
}
