package stripe

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"videomall/mall/payment"
)

// Stripe lets a session expire at the earliest 30 minutes, and at the latest 24 hours, after it has arrived there. A
// session that is to arrive as late as its attempt's end therefore expires shortly after; the mall expires it itself as
// soon as the attempt is over.
const (
	shortestSession = 31 * time.Minute
	longestSession  = 24*time.Hour - 10*time.Minute
)

// keyLife is for how long after an attempt's creation its POST is sent. Stripe may forget a key once it is 24 hours
// old, and would then open a second session.
const keyLife = 24*time.Hour - 5*time.Minute

const sessions = "/v1/checkout/sessions"

// attemptShape is what fits a query of Stripe's search without quoting.
var attemptShape = regexp.MustCompile(`^[0-9A-Za-z_-]{1,200}$`)

// locales maps the mall's languages to Checkout's.
var locales = map[string]string{"en": "en", "zh-CN": "zh"}

// Create opens a Checkout Session, or finds the one that it opened before, and sends the payer to its page. Errors:
// payment.ErrRejected if Stripe can't take this payment, or its session has ended unpaid; payment.ErrAlreadyPaid,
// ErrProcessing, ErrRetryLater.
func (s *Stripe) Create(ctx context.Context, r payment.CreateRequest) (payment.Created, error) {
	var none payment.Created
	form, err := s.sessionForm(r)
	if err != nil {
		return none, err
	}
	var charge payment.Charge
	var got session
	if s.opt.Now().Sub(r.CreatedAt) >= keyLife {
		charge, err = s.search(ctx, r)
	} else if got, err = s.open(ctx, r, form); err == nil {
		charge, err = s.chargeOf(got, r.AttemptNo)
	}
	if err != nil {
		if errors.Is(err, payment.ErrAbsent) {
			return none, payment.ErrRejected.Because("%w", err)
		}
		return none, err
	}
	switch charge.Status {
	case payment.ChargePaid:
		return none, payment.ErrAlreadyPaid.Because("attempt %s", r.AttemptNo)
	case payment.ChargeProcessing:
		return none, payment.ErrProcessing.Because("attempt %s", r.AttemptNo)
	case payment.ChargeUnknown:
		return none, fmt.Errorf("stripe: session %.60q has the status %.20q and the payment status %.20q",
			got.ID, got.Status, got.PaymentStatus)
	case payment.ChargeOpen:
	default:
		return none, payment.ErrRejected.Because("attempt %s is %s at stripe", r.AttemptNo, charge.Status)
	}
	if total, err := FromStripe(got.AmountTotal, got.Currency); err != nil || total != r.Amount {
		return none, fmt.Errorf("stripe: session %.60q is over %d %.10q, asked %s", got.ID, got.AmountTotal, got.Currency,
			r.Amount)
	}
	page, err := url.Parse(got.URL)
	if err != nil || page.Scheme+"://"+page.Host != s.opt.CheckoutURL {
		return none, fmt.Errorf("stripe: session %.60q has the page %.200q, which is none of %s", got.ID, got.URL,
			s.opt.CheckoutURL)
	}
	return payment.Created{
		Action:      payment.Action{Type: payment.ActionRedirect, URL: got.URL},
		ProviderRef: got.ID,
	}, nil
}

// open sends the request that opens an attempt's session, and returns the session as it is now. Within 24 hours the
// same request finds the session that it opened, which is how one is found whose id we never received. Errors: those of
// definite.
func (s *Stripe) open(ctx context.Context, r payment.CreateRequest, form url.Values) (session, error) {
	var got session
	replayed, err := s.post(ctx, sessions, form, createKeys(r.AttemptNo), &got)
	if err != nil {
		return session{}, definite(err)
	}
	if !replayed {
		return got, nil
	}
	// A replayed answer is as old as the session.
	return s.session(ctx, got.ID)
}

// createKeys yields the idempotency keys of an attempt. They are always the same ones, so that the session is found
// again under whichever of them it was opened. If a session was opened although Stripe has stored a failure, nobody has
// ever seen its page, and it can't be paid.
func createKeys(attemptNo string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for n := 1; n <= 5; n++ {
			key := "attempt-" + attemptNo
			if n > 1 {
				key += "-" + strconv.Itoa(n)
			}
			if !yield(key) {
				return
			}
		}
	}
}

// sessionForm returns the parameters of a session. They depend on nothing but the stored request and the configuration,
// since Stripe refuses an idempotency key with other parameters than before. Errors: payment.ErrRejected.
func (s *Stripe) sessionForm(r payment.CreateRequest) (url.Values, error) {
	amount, currency, err := ToStripe(r.Amount)
	if err != nil {
		return nil, payment.ErrRejected.Because("%w", err)
	}
	back, err := url.Parse(r.ReturnURL)
	switch {
	case !attemptShape.MatchString(r.AttemptNo):
		return nil, payment.ErrRejected.Because("attempt number %.80q", r.AttemptNo)
	case r.Method != MethodPage:
		return nil, payment.ErrRejected.Because("method %.80q", r.Method)
	case r.Subject == "":
		return nil, payment.ErrRejected.Because("no subject")
	case r.CreatedAt.IsZero() || r.ExpiresAt.Before(r.CreatedAt):
		return nil, payment.ErrRejected.Because("created at %s, expires at %s", r.CreatedAt, r.ExpiresAt)
	case err != nil || back.Host == "" || back.Scheme != "https" && (back.Scheme != "http" || s.live):
		// Stripe redirects to https only, except in test mode.
		return nil, payment.ErrRejected.Because("return URL %.200q", r.ReturnURL)
	}
	form := url.Values{
		"mode":                                   {"payment"},
		"client_reference_id":                    {r.AttemptNo},
		"success_url":                            {r.ReturnURL},
		"cancel_url":                             {r.ReturnURL},
		"expires_at":                             {strconv.FormatInt(expiry(r).Unix(), 10)},
		"locale":                                 {"auto"},
		"line_items[0][quantity]":                {"1"},
		"line_items[0][price_data][currency]":    {currency},
		"line_items[0][price_data][unit_amount]": {strconv.FormatInt(amount, 10)},
		"line_items[0][price_data][product_data][name]":      {payment.Shorten(r.Subject, 250)},
		"adaptive_pricing[enabled]":                          {strconv.FormatBool(s.opt.AdaptivePricing)},
		"metadata[" + metaShop + "]":                         {s.opt.Shop},
		"metadata[" + metaAttempt + "]":                      {r.AttemptNo},
		"payment_intent_data[metadata][" + metaShop + "]":    {s.opt.Shop},
		"payment_intent_data[metadata][" + metaAttempt + "]": {r.AttemptNo},
	}
	if locale, known := locales[r.Language]; known {
		form.Set("locale", locale)
	}
	for i, method := range s.opt.PaymentMethodTypes {
		form.Set("payment_method_types["+strconv.Itoa(i)+"]", method)
		if method == "wechat_pay" {
			// It is required with this method.
			form.Set("payment_method_options[wechat_pay][client]", "web")
		}
	}
	return form, nil
}

// expiry returns when the session of a request expires.
func expiry(r payment.CreateRequest) time.Time {
	end := r.ExpiresAt.Add(shortestSession)
	if latest := r.CreatedAt.Add(longestSession); end.After(latest) {
		return latest
	}
	return end
}

// session reads a session with its payment. Errors: payment.ErrAbsent and the others of definite.
func (s *Stripe) session(ctx context.Context, id string) (session, error) {
	var got session
	err := s.get(ctx, sessions+"/"+url.PathEscape(id), expand("payment_intent.latest_charge"), &got)
	if err == nil && got.ID != id {
		err = fmt.Errorf("stripe: asked for session %.60q, got %.60q", id, got.ID)
	}
	return got, definite(err)
}

// expire makes a session unpayable. It has no idempotency key: expiring twice is a refusal that does nothing.
func (s *Stripe) expire(ctx context.Context, id string) error {
	var got session
	_, err := s.call(ctx, request{method: http.MethodPost, path: sessions + "/" + url.PathEscape(id) + "/expire"}, &got)
	if err == nil && (got.ID != id || got.Status != "expired") {
		err = fmt.Errorf("stripe: session %.60q is %.20q after it was expired", got.ID, got.Status)
	}
	return definite(err)
}
