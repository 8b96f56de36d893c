package stripetest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"time"

	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/stripe"
)

// sent is an event.
type sent struct {
	body []byte
}

// send makes an event of an object as it is now. previous holds the former values of what an update changed.
func (s *Server) send(kind string, about, previous object) {
	data := object{"object": about}
	if previous != nil {
		data["previous_attributes"] = previous
	}
	e := sent{encode(object{
		"id": s.id("evt_"), "object": "event", "api_version": stripe.Version, "created": s.now().Unix(),
		"livemode": false, "pending_webhooks": 1, "request": object{"id": nil, "idempotency_key": nil},
		"type": kind, "data": data,
	})}
	s.events = append(s.events, e)
	if s.opt.NotifyURL != "" {
		s.unheard = append(s.unheard, e)
	}
}

// Notices returns the events since the last call, signed now.
func (s *Server) Notices() []paymenttest.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []paymenttest.Delivery
	for _, e := range s.events {
		list = append(list, paymenttest.Delivery{Header: s.header(e.body), Body: e.body})
	}
	s.events = nil
	return list
}

func (s *Server) header(body []byte) http.Header {
	h := http.Header{}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	h.Set(stripe.SignatureHeader, stripe.Sign(s.now(), body, WebhookSecret))
	return h
}

// tries is how often an event is posted until it is acknowledged. Stripe goes on for three days.
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
	s.mu.Lock()
	request.Header = s.header(e.body)
	s.mu.Unlock()
	answer, err := s.poster.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("stripetest: the event was answered with %s", answer.Status)
	}
	return nil
}

// Unacknowledged returns how many events NotifyURL hasn't acknowledged.
func (s *Server) Unacknowledged() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.unheard)
}
