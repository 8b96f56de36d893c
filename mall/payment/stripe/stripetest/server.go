// Package stripetest stands in for Stripe in tests and journeys: an HTTP server with the part of Stripe's API that
// mall/payment/stripe uses, with Checkout's page, books and signed events. It checks what it is asked as Stripe does,
// or more strictly, and knows nothing of the mall.
package stripetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/stripe"
)

// The account that the server keeps. The secrets are made up.
const (
	SecretKey     = "sk_test_StandInOfStripe0001"
	WebhookSecret = "whsec_StandInOfStripe0001"
	Shop          = "videomall"
)

// Faults beside those of paymenttest. After either, Stripe has stored a 500 for the idempotency key.
const (
	FaultStored     paymenttest.Fault = "stored"      // nothing was done
	FaultStoredDone paymenttest.Fault = "stored_done" // it was done
)

// Options say how a Server differs from the usual. The zero value is a bank for tests, whose clock stands still.
type Options struct {
	Now       func() time.Time // the clock, before Advance; by default it stands at a minute of 2026
	NotifyURL string           // where events are posted, besides being kept for Notices
}

// Server is the stand-in. It implements paymenttest.Bank and is safe for concurrent use.
type Server struct {
	http     *httptest.Server
	opt      Options
	provider *stripe.Stripe
	poster   *paymenttest.Poster

	mu        sync.Mutex
	ahead     time.Duration // how far Advance has moved the clock
	last      int           // the number in the last id
	fault     paymenttest.Fault
	answers   map[string]stored // by idempotency key
	sessions  []*session        // in the order of their creation, like all that follow
	intents   []*intent
	refunds   []*refund
	disputes  []*dispute
	movements []*movement
	balance   int64 // in the units in which Stripe counts
	events    [][]byte
	requests  []Request
}

var _ paymenttest.Bank = (*Server)(nil)

// Request is a request that the server got.
type Request struct {
	Method, Path, Key string
	Form              map[string]string
}

// New starts a server on loopback. Close ends it.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 3, 27, 12, 4, 0, 0, time.UTC) }
	}
	s := &Server{
		opt:     o,
		answers: map[string]stored{},
		balance: 100_000_000,
		poster:  paymenttest.NewPoster(o.NotifyURL),
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", http.HandlerFunc(s.serveAPI))
	mux.HandleFunc("GET /c/pay/{id}", s.showPage)
	mux.HandleFunc("POST /c/pay/{id}", s.usePage)
	s.http = httptest.NewServer(mux)
	var err error
	s.provider, err = stripe.New(s.ProviderOptions())
	if err != nil {
		panic("stripetest: " + err.Error()) // the options are constants
	}
	return s
}

// Close stops the server.
func (s *Server) Close() {
	s.poster.Wait()
	s.http.Close()
}

// ProviderOptions configure a client for this server.
func (s *Server) ProviderOptions() stripe.Options {
	return stripe.Options{
		SecretKey:      SecretKey,
		WebhookSecrets: []string{WebhookSecret},
		Shop:           Shop,
		BaseURL:        s.http.URL,
		Client:         &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second},
		Now:            s.Now,
	}
}

// Provider returns the client under test.
func (s *Server) Provider() payment.Provider { return s.provider }

// Now returns the time of the server and its client.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Server) now() time.Time { return s.opt.Now().Add(s.ahead) }

// Advance moves the clock. Sessions whose time is over expire.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	s.ahead += d
	s.mu.Unlock()
	s.act(s.expireOld)
}

// act runs something that may send events, and posts them afterwards.
func (s *Server) act(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
	s.poster.Deliver()
}

// Fault makes the server treat the next request in this way, once; an empty one takes that back.
func (s *Server) Fault(f paymenttest.Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Requests returns what the API was asked since the last call.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.requests
	s.requests = nil
	return list
}

// id makes an id as Stripe's are.
func (s *Server) id(prefix string) string {
	s.last++
	return fmt.Sprintf("%s%024d", prefix, s.last)
}

func find[T any](list []T, is func(T) bool) (T, bool) {
	for i := len(list) - 1; i >= 0; i-- {
		if is(list[i]) {
			return list[i], true
		}
	}
	var none T
	return none, false
}
