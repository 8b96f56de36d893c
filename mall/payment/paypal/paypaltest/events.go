package paypaltest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/paypal"
)

// sent is an event. Whenever it is sent again it keeps the id and the time of its first transmission, which is the harder
// case for whoever receives it.
type sent struct {
	header http.Header
	body   []byte
}

// send makes an event of a resource as it is now.
func (s *Server) send(kind, resourceType string, resource object) {
	body := encode(object{
		"id":               "WH-" + s.id() + "-" + s.id(),
		"event_version":    "1.0",
		"create_time":      s.now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"resource_type":    resourceType,
		"resource_version": "2.0",
		"event_type":       kind,
		"summary":          "Something happened.",
		"resource":         resource,
		"links":            []object{s.link("self", "GET", "/v1/notifications/webhooks-events/WH-1")},
	})
	e := sent{s.Header(body, s.now(), WebhookID), body}
	s.events = append(s.events, e)
	s.poster.Add(body, e.header.Clone)
}

// Header signs a body as PayPal does, for a webhook at a time.
func (s *Server) Header(body []byte, at time.Time, webhookID string) http.Header {
	id := "69cd13f0-d67a-11e5-baa3-778b53f4ae55"
	when := at.UTC().Format(time.RFC3339)
	sum := sha256.Sum256(paypal.Signed(id, when, webhookID, body))
	signature, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // the key is a constant
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "PayPal/AUHD-214.0-58843420")
	h.Set(paypal.IDHeader, id)
	h.Set(paypal.TimeHeader, when)
	h.Set(paypal.SignatureHeader, base64.StdEncoding.EncodeToString(signature))
	h.Set(paypal.CertHeader, s.http.URL+"/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270")
	h.Set(paypal.AlgorithmHeader, paypal.Algorithm)
	return h
}

// Notices returns the events since the last call.
func (s *Server) Notices() []paymenttest.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []paymenttest.Delivery
	for _, e := range s.events {
		list = append(list, paymenttest.Delivery{Header: e.header.Clone(), Body: e.body})
	}
	s.events = nil
	return list
}
