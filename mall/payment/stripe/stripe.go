// Package stripe takes payments through Stripe's hosted page, Checkout. An attempt is a Checkout Session with the
// attempt's number as its client_reference_id; the number of its transaction is that of its payment intent ("pi_…"),
// which is the only number that Stripe repeats in every event of a payment, its refunds and its disputes.
//
// The package speaks HTTP by itself instead of using stripe-go: it calls nine addresses with a handful of parameters,
// while stripe-go compiles types for all of Stripe, adds several megabytes to a binary that may have 60, sends a POST
// again by itself after some answers unless told not to, and does not tell its caller whether an answer was stored for
// an idempotency key, which getting around a stored failure depends on.
package stripe

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"time"

	"videomall/mall/payment"
)

// Name is the provider's name in URLs and in the books.
const Name = "stripe"

// Version is the release of Stripe's API that every request names. The webhook endpoint has to be created with it
// (api_version=2026-03-25.dahlia): see ParseNotice.
const Version = "2026-03-25.dahlia"

// MethodPage is the name of the only way to pay: Checkout's page, on which the payer chooses a card, wallet or bank.
const MethodPage = "page"

// callTimeout bounds a call whose client sets no time-out of its own.
const callTimeout = 30 * time.Second

// Options configure an account at Stripe.
type Options struct {
	// SecretKey is the account's secret or restricted key: "sk_live_…", "sk_test_…", "rk_live_…" or "rk_test_…". Its
	// mode, live or test, is that of every answer and notice that is accepted.
	SecretKey string `json:"-"`
	// WebhookSecrets are the secrets of the webhook endpoint, "whsec_…". There are two while one replaces the other.
	WebhookSecrets []string `json:"-"`
	// Shop marks what is ours at Stripe: it is written into the metadata of sessions, payment intents and refunds, and
	// what has no such mark belongs to another shop with the same account. Letters, digits, dots, hyphens and
	// underscores, at most 64. It must not be changed while payments are under way.
	Shop string
	// BaseURL is where Stripe's API is; https://api.stripe.com if it is empty. Plain HTTP is for loopback only.
	BaseURL string
	// CheckoutURL is the origin of Checkout's pages, to which payers are sent. If it is empty, it is
	// https://checkout.stripe.com, or BaseURL on this machine. An account whose pages have a domain of their own names
	// that.
	CheckoutURL string
	// PaymentMethodTypes are the payment methods that Checkout offers, such as "card" and "wechat_pay". If there are
	// none, those that are switched on in Stripe's Dashboard are offered.
	PaymentMethodTypes []string
	// AdaptivePricing lets Checkout show the price in the payer's own currency. The mall gets its own currency anyway.
	AdaptivePricing bool
	// Client sends the requests. If it is nil, it is a client that uses no proxy of the environment. Redirects are
	// never followed.
	Client *http.Client `json:"-"`
	// Now is the clock, time.Now if it is nil.
	Now func() time.Time `json:"-"`
}

// String leaves out the secrets.
func (o Options) String() string {
	return fmt.Sprintf("stripe of shop %s at %s", o.Shop, o.BaseURL)
}

// GoString leaves out the secrets.
func (o Options) GoString() string { return o.String() }

// LogValue leaves out the secrets.
func (o Options) LogValue() slog.Value {
	return slog.GroupValue(slog.String("shop", o.Shop), slog.String("baseURL", o.BaseURL),
		slog.Int("webhookSecrets", len(o.WebhookSecrets)))
}

// Stripe implements payment.Provider. It is safe for concurrent use.
type Stripe struct {
	opt    Options
	live   bool
	client *http.Client
}

var _ payment.Provider = (*Stripe)(nil)

// String leaves out the secrets.
func (s *Stripe) String() string { return s.opt.String() }

// GoString leaves out the secrets.
func (s *Stripe) GoString() string { return s.opt.String() }

// LogValue leaves out the secrets.
func (s *Stripe) LogValue() slog.Value { return s.opt.LogValue() }

var (
	keyShape     = regexp.MustCompile(`^[sr]k_(live|test)_[0-9A-Za-z_]{8,250}$`)
	webhookShape = regexp.MustCompile(`^whsec_[0-9A-Za-z+/=_-]{8,250}$`)
	shopShape    = regexp.MustCompile(`^[0-9A-Za-z._-]{1,64}$`)
	methodShape  = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)
)

// New returns a provider. An error says which option is wrong; it never holds a secret.
func New(o Options) (*Stripe, error) {
	mode := keyShape.FindStringSubmatch(o.SecretKey)
	if mode == nil {
		return nil, errors.New("stripe: SecretKey must begin with sk_live_, sk_test_, rk_live_ or rk_test_")
	}
	if len(o.WebhookSecrets) == 0 {
		return nil, errors.New("stripe: WebhookSecrets needs at least one secret")
	}
	for i, secret := range o.WebhookSecrets {
		if !webhookShape.MatchString(secret) {
			return nil, fmt.Errorf("stripe: WebhookSecrets[%d] must begin with whsec_ and have no spaces", i)
		}
	}
	if !shopShape.MatchString(o.Shop) {
		return nil, fmt.Errorf("stripe: Shop %.80q must have 1 to 64 letters, digits, dots, hyphens or underscores", o.Shop)
	}
	for _, method := range o.PaymentMethodTypes {
		if !methodShape.MatchString(method) {
			return nil, fmt.Errorf("stripe: PaymentMethodTypes: %.80q is no payment method", method)
		}
	}
	var ok bool
	if o.BaseURL, ok = payment.Origin(o.BaseURL, "https://api.stripe.com"); !ok {
		return nil, errors.New("stripe: BaseURL must be an https address without a path, or http on this machine")
	}
	pages := "https://checkout.stripe.com"
	if strings.HasPrefix(o.BaseURL, "http:") {
		pages = o.BaseURL // a stand-in has the pages where its API is
	}
	if o.CheckoutURL, ok = payment.Origin(o.CheckoutURL, pages); !ok {
		return nil, errors.New("stripe: CheckoutURL must be an https address without a path, or http on this machine")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Stripe{opt: o, live: mode[1] == "live", client: payment.NewClient(o.Client, callTimeout)}, nil
}

// Name is "stripe".
func (s *Stripe) Name() string { return Name }

// Methods are Checkout's page alone, which fits every device, in the currencies that Stripe takes.
func (s *Stripe) Methods() []payment.Method {
	return []payment.Method{{
		Name:       MethodPage,
		Currencies: Currencies(),
		Multiples:  multiples(),
		Least:      maps.Clone(least),
		Origins:    []string{s.opt.CheckoutURL},
	}}
}

// Zone is UTC: a day of Stripe's reports begins at midnight UTC unless the account asks for another zone, and balance
// transactions are listed by any two instants.
func (s *Stripe) Zone() *time.Location { return time.UTC }
