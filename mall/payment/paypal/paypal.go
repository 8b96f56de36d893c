// Package paypal takes payments through PayPal's Orders API. An attempt is an order there, with our mark and the
// attempt's number as its custom_id; the number of its transaction is that of its capture, which PayPal repeats in every
// event of a payment, its refunds and its disputes.
//
// At PayPal the payer only approves. The money is taken when the mall asks for it: the provider is a payment.Capturer.
//
// The package speaks HTTP by itself: PayPal has no library for Go, and the mall calls a dozen addresses.
package paypal

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"videomall/mall/payment"
)

// Name is the provider's name in URLs and in the books.
const Name = "paypal"

// MethodPage is the name of the only way to pay: PayPal's page, on which the payer signs in or pays by card.
const MethodPage = "page"

// callTimeout bounds a call whose client sets no time-out of its own.
const callTimeout = 30 * time.Second

const (
	liveURL    = "https://api-m.paypal.com"
	sandboxURL = "https://api-m.sandbox.paypal.com"
)

// Options configure an app at PayPal.
type Options struct {
	// ClientID and Secret are those of the app. Secret may return another secret after it was replaced.
	ClientID string
	Secret   func() string `json:"-"`
	// WebhookIDs are the ids of the webhook at PayPal, which are part of what is signed. There are two while one
	// replaces the other.
	WebhookIDs []string
	// Shop marks what is ours at PayPal: orders, captures and refunds carry it in their custom_id, and what has no such
	// mark belongs to another shop with the same account. Letters, digits, dots, hyphens and underscores, at most 32. It
	// must not be changed while payments are under way.
	Shop string
	// BaseURL is where PayPal's API is; https://api-m.paypal.com if it is empty. Plain HTTP is for loopback only.
	BaseURL string
	// PageURL is the origin of the pages to which payers are sent. If it is empty, it is https://www.paypal.com, that of
	// PayPal's sandbox, or BaseURL on this machine.
	PageURL string
	// CertHosts are the hosts from which certificates of notices are fetched; api.paypal.com and api.sandbox.paypal.com
	// if there are none. Roots are those that such a certificate must lead to; those of the system if it is nil.
	CertHosts []string
	Roots     *x509.CertPool `json:"-"`
	// Client sends the requests. If it is nil, it is a client that uses no proxy of the environment. Redirects are
	// never followed.
	Client *http.Client `json:"-"`
	// Now is the clock, time.Now if it is nil.
	Now func() time.Time `json:"-"`
}

// String leaves out the secret.
func (o Options) String() string {
	return fmt.Sprintf("paypal app %s of shop %s at %s", o.ClientID, o.Shop, o.BaseURL)
}

// GoString leaves out the secret.
func (o Options) GoString() string { return o.String() }

// LogValue leaves out the secret.
func (o Options) LogValue() slog.Value {
	return slog.GroupValue(slog.String("clientID", o.ClientID), slog.String("shop", o.Shop),
		slog.String("baseURL", o.BaseURL))
}

// PayPal implements payment.Provider and payment.Capturer. It is safe for concurrent use.
type PayPal struct {
	opt          Options
	client       *http.Client
	tokens       *tokens
	certificates *certificates
}

var _ payment.Capturer = (*PayPal)(nil)

// String leaves out the secret.
func (p *PayPal) String() string { return p.opt.String() }

// GoString leaves out the secret.
func (p *PayPal) GoString() string { return p.opt.String() }

// LogValue leaves out the secret.
func (p *PayPal) LogValue() slog.Value { return p.opt.LogValue() }

var (
	clientShape  = regexp.MustCompile(`^[0-9A-Za-z_-]{10,200}$`)
	secretShape  = regexp.MustCompile(`^[!-~]{10,200}$`)
	webhookShape = regexp.MustCompile(`^[0-9A-Za-z]{1,50}$`)
	shopShape    = regexp.MustCompile(`^[0-9A-Za-z._-]{1,32}$`)
)

// New returns a provider. An error says which option is wrong; it never holds the secret.
func New(o Options) (*PayPal, error) {
	if !clientShape.MatchString(o.ClientID) {
		return nil, errors.New("paypal: ClientID must have letters, digits, hyphens and underscores alone")
	}
	if o.Secret == nil || !secretShape.MatchString(o.Secret()) {
		return nil, errors.New("paypal: Secret must have 10 to 200 printable characters without spaces")
	}
	if len(o.WebhookIDs) == 0 {
		return nil, errors.New("paypal: WebhookIDs needs at least one id")
	}
	for i, id := range o.WebhookIDs {
		if !webhookShape.MatchString(id) {
			return nil, fmt.Errorf("paypal: WebhookIDs[%d] %.60q must have letters and digits alone", i, id)
		}
	}
	if !shopShape.MatchString(o.Shop) {
		return nil, fmt.Errorf("paypal: Shop %.80q must have 1 to 32 letters, digits, dots, hyphens or underscores", o.Shop)
	}
	var ok bool
	if o.BaseURL, ok = payment.Origin(o.BaseURL, liveURL); !ok {
		return nil, errors.New("paypal: BaseURL must be an https address without a path, or http on this machine")
	}
	pages := "https://www.paypal.com"
	switch {
	case o.BaseURL == sandboxURL:
		pages = "https://www.sandbox.paypal.com"
	case strings.HasPrefix(o.BaseURL, "http:"):
		pages = o.BaseURL // a stand-in has the pages where its API is
	}
	if o.PageURL, ok = payment.Origin(o.PageURL, pages); !ok {
		return nil, errors.New("paypal: PageURL must be an https address without a path, or http on this machine")
	}
	if len(o.CertHosts) == 0 {
		o.CertHosts = []string{"api.paypal.com", "api.sandbox.paypal.com"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	client := payment.NewClient(o.Client, callTimeout)
	p := &PayPal{opt: o, client: client, certificates: newCertificates(o, client)}
	p.tokens = newTokens(p.fetchToken, o.Now)
	return p, nil
}

// Name is "paypal".
func (p *PayPal) Name() string { return Name }

// Methods are PayPal's page alone, which fits every device, in the currencies that PayPal takes; CNY is none of them.
// PayPal refuses only sums that are not above zero (its error CANNOT_BE_ZERO_OR_NEGATIVE), so it has no smallest sum
// besides the unit in which it counts.
func (p *PayPal) Methods() []payment.Method {
	return []payment.Method{{
		Name:       MethodPage,
		Currencies: Currencies(),
		Multiples:  multiples(),
		Origins:    []string{p.opt.PageURL},
	}}
}

// Zone is UTC: transactions are searched between any two instants, and days of UTC need no rule for summer.
func (p *PayPal) Zone() *time.Location { return time.UTC }
