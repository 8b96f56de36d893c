// Package wechatpaytest stands in for WeChat Pay in tests and demonstrations: a server that speaks its API v3 over
// HTTP, with books of its own. It checks the signatures and the parameters of what it is asked, signs what it says,
// encrypts its notices, makes bills, and shows the pages on which a payer pays. It shares no code with the client but
// the types in which that is configured.
package wechatpaytest

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/wechatpay"
)

// Beijing is the zone of WeChat Pay's times and days.
var Beijing = time.FixedZone("UTC+8", 8*60*60)

// Config says how the bank is set up. The zero value is a bank that signs with a public key and keeps its notices.
type Config struct {
	// Certificates makes the bank sign with platform certificates, as it does for older merchants. The client then
	// knows none beforehand, and downloads them.
	Certificates bool
	// Deliver makes the bank post notices to the notify_url of each charge, which must be at a loopback address.
	Deliver bool
	// NotifyURL is that of the client; https://mall.example/notify if it is empty.
	NotifyURL string
	// Now is the clock before Advance moves it; a clock that stands still on a day in March 2026 if it is nil.
	Now func() time.Time
	// Change changes the client's options before it is made.
	Change func(*wechatpay.Options)
}

// What the client and the bank agree on.
const (
	AppID      = "wxd678efh567hg6787"
	MerchantID = "1900007291"
	Mark       = "videomall:test"
	AppSecret  = "8c1f0e5d7b9a43628f5e1d0c7b6a5948" // of the official account AppID
	APIv3      = "3f9c1e7a5b2d48c6908e7f1a2b3c4d5e"
)

// Bank is the stand-in. It implements paymenttest.Bank and is safe for concurrent use.
type Bank struct {
	config Config
	server *httptest.Server
	client *wechatpay.WeChatPay

	posting sync.WaitGroup // notices

	mu         sync.Mutex
	moved      time.Duration
	sequence   int
	merchants  map[string]*merchantKey // by the serial number of their certificates
	signers    map[string]*signer      // what the bank signs with, by serial number or ID
	listed     []*signer               // the certificates that /v3/certificates lists
	current    *signer
	keys       wechatpay.Keys // the client's
	orders     map[string]*order
	prepaid    map[string]*order // by prepay_id
	refunds    map[string]*refund
	balance    *int64
	fault      paymenttest.Fault
	refusal    *refusal
	requests   []Request
	nonces     map[string]bool
	sent       []paymenttest.Delivery
	waiting    []message // notices that nobody has acknowledged
	complaints []string
	bills      map[string]bill // by the token of their addresses
	editBill   func(string) string
	spoil      func([]byte) []byte
	billHost   string
	payer      string                // the OpenID of whoever uses WeChat's browser
	codes      map[string]*oauthCode // by the code
	errcode    int                   // with which the next code is refused
}

var _ paymenttest.Bank = (*Bank)(nil)

// Request is a request that the bank has received, with a good signature or not.
type Request struct {
	Method string
	URI    string // path and query
	Header http.Header
	Body   string
}

// New opens a bank that closes with the test.
func New(t testing.TB, c Config) *Bank {
	t.Helper()
	b, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// Open opens a bank. The caller closes it.
func Open(c Config) (*Bank, error) {
	if c.NotifyURL == "" {
		c.NotifyURL = "https://mall.example/notify"
	}
	if c.Now == nil {
		start := time.Date(2026, time.March, 4, 5, 6, 7, 0, time.UTC)
		c.Now = func() time.Time { return start }
	}
	b := &Bank{
		config:    c,
		merchants: map[string]*merchantKey{},
		signers:   map[string]*signer{},
		orders:    map[string]*order{},
		prepaid:   map[string]*order{},
		refunds:   map[string]*refund{},
		nonces:    map[string]bool{},
		bills:     map[string]bill{},
		payer:     Payer,
		codes:     map[string]*oauthCode{},
	}
	if err := b.firstKeys(); err != nil {
		return nil, err
	}
	b.server = httptest.NewServer(b.routes())
	o := wechatpay.Options{
		AppID:      AppID,
		MerchantID: MerchantID,
		Mark:       Mark,
		NotifyURL:  c.NotifyURL,
		Keys:       b.Keys,
		H5:         true,
		AppSecret:  AppSecret,
		BaseURL:    b.server.URL,

		OAuthURL:      b.server.URL,
		AccountAPIURL: b.server.URL,

		Loopback: true,
		Client:   &http.Client{},
		Now:      b.Now,
	}
	if c.Change != nil {
		c.Change(&o)
	}
	client, err := wechatpay.New(o)
	if err != nil {
		b.server.Close()
		return nil, err
	}
	b.client = client
	return b, nil
}

// Close ends the server, after the notices that are on their way.
func (b *Bank) Close() {
	b.posting.Wait()
	b.server.Close()
}

// URL is the base URL of the server.
func (b *Bank) URL() string { return b.server.URL }

// Provider returns the client of this bank.
func (b *Bank) Provider() payment.Provider { return b.client }

// Client is Provider with its own type.
func (b *Bank) Client() *wechatpay.WeChatPay { return b.client }

// Now is the time at the bank and at its client.
func (b *Bank) Now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now()
}

func (b *Bank) now() time.Time { return b.config.Now().Add(b.moved) }

// Advance moves the clock; backwards too.
func (b *Bank) Advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moved += d
}

// Fault makes the bank treat the next request in this way, but for one that asks for certificates.
func (b *Bank) Fault(f paymenttest.Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = f
}

// Refuse makes the bank refuse the next request, but for one that asks for certificates, with this answer. It does
// nothing else with the request.
func (b *Bank) Refuse(status int, code string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refusal = refuse(status, code, "refused")
}

// Requests returns what the bank has been asked since the last call, the oldest first.
func (b *Bank) Requests() []Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.requests
	b.requests = nil
	return list
}

// Complaints lists how acknowledgements of notices broke WeChat Pay's rules.
func (b *Bank) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.complaints...)
}

// number returns a new number of WeChat Pay: 28 digits.
func (b *Bank) number(prefix string) string {
	b.sequence++
	return fmt.Sprintf("%s%s%0*d", prefix, b.now().In(Beijing).Format("20060102"), 20-len(prefix), b.sequence)
}

// text returns n random letters and digits.
func text(n int) string { return strings.Repeat(rand.Text(), n/26+1)[:n] }
