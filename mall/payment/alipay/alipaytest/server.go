// Package alipaytest is a stand-in for Alipay's gateway, its cashier pages and its statements, over real HTTP. It keeps
// books of its own, verifies what it is asked with code of its own, and signs what it says. As with Alipay, it knows
// nothing of a charge before a payer has opened its page or code, and can't close it until then.
package alipaytest

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"videomall/mall/payment/alipay"
	"videomall/mall/payment/paymenttest"
)

// The accounts of the merchant, and the mark of its shop.
const (
	AppID    = "2021000000000001"
	SellerID = "2088000000000001"
	Shop     = "mall"
)

// NotifyURL is where notices go unless Options say otherwise. Nothing listens there.
const NotifyURL = "http://127.0.0.1:9/callback/alipay"

// The keys and certificates, made for these tests. Each side has an RSA key and a certificate for it.
var (
	//go:embed testdata/app.key
	AppKey string
	//go:embed testdata/app.pub
	AppPublicKey string
	//go:embed testdata/app.crt
	AppCertificate string
	//go:embed testdata/alipay.key
	AlipayKey string
	//go:embed testdata/alipay.pub
	AlipayPublicKey string
	//go:embed testdata/alipay.crt
	AlipayCertificate string
	//go:embed testdata/root.crt
	RootCertificates string
)

// The serials of the certificates, as Alipay's own SDK for Node computes them.
const (
	AppSerial    = "8b68da4f2de8bdb314f1d90b4c68d84e"
	AlipaySerial = "af6877d473b717133ba1b7f4a69a2fb4"
	RootSerials  = "7dbb9990671d2a82419922c1bcc5a792_697add00336418ebce862cd3a3a665f3"
)

// Options configure a stand-in. The zero value is one in public-key mode, whose clock starts at noon of 1 March 2026
// (UTC) and moves only if it is told to.
type Options struct {
	Certificates bool             // certificate mode
	Now          func() time.Time // the clock, if it isn't one of its own
	NotifyURL    string           // where notices are to be posted
	Post         bool             // post them, until they are acknowledged or five times
}

// Server is a stand-in. It is safe for concurrent use. Its methods of paymenttest.Bank are in bank.go.
type Server struct {
	opt      Options
	http     *httptest.Server
	app      *rsa.PublicKey  // verifies requests
	key      *rsa.PrivateKey // signs answers and notices
	posting  sync.WaitGroup
	stop     context.CancelFunc
	posts    context.Context
	provider *payerTrail
	keys     func() alipay.Keys

	mu       sync.Mutex
	offset   time.Duration // of the clock
	trades   map[string]*trade
	opened   []*trade // in the order of their opening
	tokens   map[string]*trade
	bills    map[string]billLink
	requests []url.Values
	notices  []paymenttest.Delivery
	refused  []error
	faults   []paymenttest.Fault
	refusals []object
	balance  *int64 // of the merchant for refunds, in fen; nil for enough
	holding  bool
	held     []*refund
	serial   int
}

// New starts a stand-in. Close ends it.
func New(o Options) (*Server, error) {
	s := &Server{
		opt:    o,
		trades: map[string]*trade{},
		tokens: map[string]*trade{},
		bills:  map[string]billLink{},
	}
	if s.opt.Now == nil {
		start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		s.opt.Now = func() time.Time { return start }
	}
	if s.opt.NotifyURL == "" {
		s.opt.NotifyURL = NotifyURL
	}
	public, err := x509.ParsePKIXPublicKey(der(AppPublicKey))
	if err != nil {
		return nil, fmt.Errorf("alipaytest: the app's key: %w", err)
	}
	private, err := x509.ParsePKCS8PrivateKey(der(AlipayKey))
	if err != nil {
		return nil, fmt.Errorf("alipaytest: Alipay's key: %w", err)
	}
	s.app, s.key = public.(*rsa.PublicKey), private.(*rsa.PrivateKey)
	s.keys = sync.OnceValue(s.parseKeys)
	s.posts, s.stop = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.HandleFunc("/gateway.do", s.gateway)
	mux.HandleFunc("GET /cashier/{token}", s.cashier)
	mux.HandleFunc("POST /cashier/{token}", s.pressed)
	mux.HandleFunc("GET /bill", s.bill)
	s.http = httptest.NewServer(mux)
	client, err := alipay.New(s.Options())
	if err != nil {
		s.Close()
		return nil, err
	}
	s.provider = &payerTrail{Alipay: client, pages: map[string]string{}}
	return s, nil
}

func der(text string) []byte {
	block, _ := pem.Decode([]byte(text))
	return block.Bytes
}

// Close ends the stand-in and the posting of notices.
func (s *Server) Close() {
	s.stop()
	s.posting.Wait()
	s.http.Close()
}

// URL is the address of the gateway.
func (s *Server) URL() string { return s.http.URL + "/gateway.do" }

// Options are those of a client of the stand-in.
func (s *Server) Options() alipay.Options {
	host, _ := url.Parse(s.http.URL)
	return alipay.Options{
		AppID:     AppID,
		SellerID:  SellerID,
		Shop:      Shop,
		Gateway:   s.URL(),
		NotifyURL: s.opt.NotifyURL,
		BillHosts: []string{host.Host},
		Keys:      s.Keys,
		Client:    s.http.Client(),
		Now:       s.Now,
	}
}

// Keys are those of a client of the stand-in.
func (s *Server) Keys() alipay.Keys { return s.keys() }

func (s *Server) parseKeys() alipay.Keys {
	var keys alipay.Keys
	var err error
	if s.opt.Certificates {
		keys, err = alipay.CertificateMode(alipay.Certificates{
			Private: AppKey,
			App:     AppCertificate,
			Roots:   RootCertificates,
			Alipay:  []string{AlipayCertificate},
		})
	} else {
		keys, err = alipay.PublicKeyMode(AppKey, AlipayPublicKey)
	}
	if err != nil {
		panic(err) // the keys are committed
	}
	return keys
}

// Number returns the out_trade_no of an attempt.
func Number(attemptNo string) string { return Shop + "_" + attemptNo }

// Requests returns the parameters of the requests that the gateway has got since the last call.
func (s *Server) Requests() []url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

// Unacknowledged returns what went wrong with notices that were posted and given up.
func (s *Server) Unacknowledged() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refused)
}

// Refuse makes the gateway answer the next call of the merchant's with these codes, and do nothing.
func (s *Server) Refuse(code, subCode string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = append(s.refusals, refuse(code, subCode, "a test asked for it"))
}

// HoldRefunds makes the gateway accept refunds without making them: no money moves, and a query finds none, until
// FinishRefund.
func (s *Server) HoldRefunds(hold bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding = hold
}

// Replace makes the stand-in sign with another key.
func (s *Server) Replace(key *rsa.PrivateKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
}

// next returns another number of Alipay's: the day, and a count.
func (s *Server) next() string {
	s.serial++
	count := strconv.Itoa(s.serial)
	return s.now().In(beijing).Format("20060102") + "22001400000000000000"[:20-len(count)] + count
}

// now is Now for callers that hold the lock.
func (s *Server) now() time.Time { return s.opt.Now().Add(s.offset) }

var beijing = time.FixedZone("UTC+8", 8*60*60)

const timeLayout = "2006-01-02 15:04:05"
