package stripetest

import (
	"net/http"

	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/stripe"
)

// send makes an event of an object as it is now. previous holds the former values of what an update changed.
func (s *Server) send(kind string, about, previous object) {
	data := object{"object": about}
	if previous != nil {
		data["previous_attributes"] = previous
	}
	body := encode(object{
		"id": s.id("evt_"), "object": "event", "api_version": stripe.Version, "created": s.now().Unix(),
		"livemode": false, "pending_webhooks": 1, "request": object{"id": nil, "idempotency_key": nil},
		"type": kind, "data": data,
	})
	s.events = append(s.events, body)
	s.poster.Add(body, func() http.Header {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.header(body)
	})
}

// Notices returns the events since the last call, signed now.
func (s *Server) Notices() []paymenttest.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []paymenttest.Delivery
	for _, body := range s.events {
		list = append(list, paymenttest.Delivery{Header: s.header(body), Body: body})
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

// Unacknowledged returns how many events NotifyURL hasn't acknowledged.
func (s *Server) Unacknowledged() int { return s.poster.Unacknowledged() }
