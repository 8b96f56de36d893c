// Package paypaltest stands in for PayPal in tests and journeys: an HTTP server with the part of PayPal's API that
// mall/payment/paypal uses, with the payer's page, books and signed events. It checks what it is asked as PayPal does, or
// more strictly, and knows nothing of the mall.
package paypaltest

import (
	"crypto/rsa"
	"crypto/x509"
	"embed"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/paypal"
)

// The app that the server knows. Its secret is made up.
const (
	ClientID  = "StandInOfPayPal-Client-0001"
	Secret    = "StandInOfPayPal-Secret-0001"
	WebhookID = "5WH00000000000001"
	Shop      = "videomall"
)

// FaultServer is beside those of paymenttest: PayPal says, in its own words, that it has failed. Nothing was done.
const FaultServer paymenttest.Fault = "server"

//go:embed testdata
var files embed.FS

// File returns a file of the folder testdata: root.pem, notices.pem and others.
func File(name string) []byte {
	raw, err := files.ReadFile("testdata/" + name)
	if err != nil {
		panic("paypaltest: " + err.Error())
	}
	return raw
}

// Options say how a Server differs from the usual. The zero value is a bank for tests, whose clock stands still.
type Options struct {
	Now       func() time.Time // the clock, before Advance; by default it stands at a minute of 2026
	NotifyURL string           // where events are posted, besides being kept for Notices
	TokenLife time.Duration    // of an access token; nine hours if it is 0
}

// Server is the stand-in. It implements paymenttest.Bank and is safe for concurrent use.
type Server struct {
	http     *httptest.Server
	opt      Options
	provider *paypal.PayPal
	key      *rsa.PrivateKey
	poster   *paymenttest.Poster

	mu         sync.Mutex
	ahead      time.Duration // how far Advance has moved the clock
	last       int           // the number in the last id
	fault      paymenttest.Fault
	loseRefund bool
	refuse     string // the issue with which the next capture or refund is refused
	cert       string // the file that is served as the certificate
	secret     string
	tokens     map[string]time.Time // until when each is good
	bought     int                  // tokens
	fetched    int                  // certificates
	answers    map[string]stored    // by path and PayPal-Request-Id
	orders     []*order             // in the order of their creation, like all that follow
	disputes   []*dispute
	rows       []row
	balance    int64         // in minor units
	lag        time.Duration // of the report
	events     []sent
	requests   []Request
}

var _ paymenttest.Bank = (*Server)(nil)

// Request is a request that the server got.
type Request struct {
	Method, Path, Key, Body string
}

// New starts a server on loopback. Close ends it.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 3, 27, 12, 4, 0, 0, time.UTC) }
	}
	if o.TokenLife == 0 {
		o.TokenLife = 9 * time.Hour
	}
	s := &Server{
		opt:     o,
		key:     readKey(),
		cert:    "notices.pem",
		secret:  Secret,
		tokens:  map[string]time.Time{},
		answers: map[string]stored{},
		balance: 100_000_000,
		lag:     time.Hour,
		poster:  paymenttest.NewPoster(o.NotifyURL),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/oauth2/token", s.serveToken)
	mux.HandleFunc("GET /v1/notifications/certs/{id}", s.serveCertificate)
	mux.HandleFunc("/v1/", s.serveAPI)
	mux.HandleFunc("/v2/", s.serveAPI)
	mux.HandleFunc("GET /checkoutnow", s.showPage)
	mux.HandleFunc("POST /checkoutnow", s.usePage)
	s.http = httptest.NewServer(mux)
	var err error
	s.provider, err = paypal.New(s.ProviderOptions())
	if err != nil {
		panic("paypaltest: " + err.Error()) // the options are constants
	}
	return s
}

func readKey() *rsa.PrivateKey {
	block, _ := pem.Decode(File("notices.key"))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		panic("paypaltest: " + err.Error())
	}
	return key.(*rsa.PrivateKey)
}

// Close stops the server.
func (s *Server) Close() {
	s.poster.Wait()
	s.http.Close()
}

// URL is where the API and the payer's pages are.
func (s *Server) URL() string { return s.http.URL }

// Host is the host of the certificates.
func (s *Server) Host() string { return strings.TrimPrefix(s.http.URL, "http://") }

// ProviderOptions configure a client for this server.
func (s *Server) ProviderOptions() paypal.Options {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(File("root.pem"))
	return paypal.Options{
		ClientID:   ClientID,
		Secret:     func() string { return Secret },
		WebhookIDs: []string{WebhookID},
		Shop:       Shop,
		BaseURL:    s.http.URL,
		CertHosts:  []string{s.Host()},
		Roots:      roots,
		Client:     &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second},
		Now:        s.Now,
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

// Advance moves the clock. Approvals that nobody captured in time are reversed.
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

// set changes something of the server.
func (s *Server) set(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// Fault makes the server treat the next request in this way, once; an empty one takes that back. Tokens and certificates
// have no faults.
func (s *Server) Fault(f paymenttest.Fault) { s.set(func() { s.fault, s.loseRefund = f, false }) }

// LoseRefund loses the answer to the next refund. The client looks for the refund first, so that FaultLostAnswer would
// lose the answer to that.
func (s *Server) LoseRefund() { s.set(func() { s.loseRefund = true }) }

// Refuse refuses the next capture or refund with an issue, such as INSTRUMENT_DECLINED.
func (s *Server) Refuse(issue string) { s.set(func() { s.refuse = issue }) }

// Certificate serves another file of testdata as the certificate of notices; an empty one serves none.
func (s *Server) Certificate(file string) { s.set(func() { s.cert = file }) }

// Replace replaces the app's secret. Tokens stay good.
func (s *Server) Replace(secret string) { s.set(func() { s.secret = secret }) }

// Lag says how far the report is behind.
func (s *Server) Lag(d time.Duration) { s.set(func() { s.lag = d }) }

// Revoke ends all access tokens.
func (s *Server) Revoke() { s.set(func() { clear(s.tokens) }) }

// Tokens returns how many access tokens were asked for.
func (s *Server) Tokens() (n int) { s.set(func() { n = s.bought }); return n }

// Fetched returns how many times a certificate was asked for.
func (s *Server) Fetched() (n int) { s.set(func() { n = s.fetched }); return n }

// Requests returns what the API was asked since the last call.
func (s *Server) Requests() (list []Request) {
	s.set(func() { list, s.requests = s.requests, nil })
	return list
}

// id makes an id as PayPal's are.
func (s *Server) id() string {
	s.last++
	return fmt.Sprintf("%017dX", s.last)
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
