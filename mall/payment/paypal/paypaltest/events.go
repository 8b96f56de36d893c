package paypaltest

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
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
		"id": "WH-" + s.id() + "-" + s.id(), "event_version": "1.0", "create_time": s.now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"resource_type": resourceType, "resource_version": "2.0", "event_type": kind, "summary": "Something happened.",
		"resource": resource,
		"links":    []object{s.link("self", "GET", "/v1/notifications/webhooks-events/WH-1")},
	})
	e := sent{s.Header(body, s.now(), WebhookID), body}
	s.events = append(s.events, e)
	if s.opt.NotifyURL != "" {
		s.unheard = append(s.unheard, e)
	}
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

// tries is how often an event is posted until it is acknowledged. PayPal tries 25 times in three days.
const tries = 5

// post posts what NotifyURL hasn't acknowledged. Only a 2xx acknowledges.
func (s *Server) post() {
	for n := range tries {
		if n > 0 {
			time.Sleep(200 * time.Millisecond)
		}
		if s.Deliver() == nil {
			return
		}
	}
}

// Deliver posts what NotifyURL hasn't acknowledged once, the oldest first. Its error names what wasn't acknowledged.
func (s *Server) Deliver() error {
	s.mu.Lock()
	list := s.unheard
	s.unheard = nil
	s.mu.Unlock()
	var failed []sent
	var errs []error
	for _, e := range list {
		if err := s.deliver(e); err != nil {
			failed, errs = append(failed, e), append(errs, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unheard = append(failed, s.unheard...)
	return errors.Join(errs...)
}

func (s *Server) deliver(e sent) error {
	request, err := http.NewRequest(http.MethodPost, s.opt.NotifyURL, bytes.NewReader(e.body))
	if err != nil {
		return err
	}
	request.Header = e.header.Clone()
	answer, err := s.poster.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("paypaltest: the event was answered with %s", answer.Status)
	}
	return nil
}
