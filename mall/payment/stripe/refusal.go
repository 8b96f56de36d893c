package stripe

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"videomall/mall/payment"
	"videomall/mall/strictjson"
)

// refusal is an answer of Stripe's that is no success. It holds what Stripe wrote, cut, and never a secret.
type refusal struct {
	Method      string // of the request
	Status      int    // of HTTP
	Type        string
	Code        string
	MessageCode string // some errors have this in place of a code
	Param       string
	Message     string
	RequestID   string // under which Stripe's Dashboard shows the request
	Replayed    bool   // it was stored for the idempotency key
}

func (r *refusal) Error() string {
	return fmt.Sprintf("HTTP %d, type %.60q, code %.60q, parameter %.60q, request %.60q: %.200q",
		r.Status, r.Type, r.Code+r.MessageCode, r.Param, r.RequestID, r.Message)
}

// wireError is the body of an error.
type wireError struct {
	Error struct {
		Type        string `json:"type"`
		Code        string `json:"code"`
		MessageCode string `json:"message_code"`
		Param       string `json:"param"`
		Message     string `json:"message"`
	} `json:"error"`
}

// refusalOf reads an error. A body that isn't Stripe's, such as a gateway's, leaves all but the status empty.
func (s *Stripe) refusalOf(answer *http.Response, raw []byte) *refusal {
	r := &refusal{Status: answer.StatusCode, RequestID: answer.Header.Get("Request-Id")}
	var w wireError
	if err := strictjson.Open(raw, &w); err != nil {
		return r
	}
	r.Type, r.Code, r.MessageCode, r.Param = w.Error.Type, w.Error.Code, w.Error.MessageCode, w.Error.Param
	// Stripe repeats a wrong key with stars in it; whatever answers in its place may not be as careful.
	r.Message = strings.ReplaceAll(w.Error.Message, s.opt.SecretKey, "[key]")
	return r
}

// errUnknown says that a refusal leaves unknown what became of the request.
var errUnknown = errors.New("stripe: the outcome is unknown")

// byCode says what the documented codes of errors mean to us. A code that isn't here counts by its type.
var byCode = map[string]error{
	// The merchant's balance is too low for the refund. It comes as a message code.
	"insufficient_balance_for_refund": payment.ErrRetryLater,
	"balance_insufficient":            payment.ErrRetryLater,
	"insufficient_funds":              payment.ErrRetryLater,
	// Nothing was done, since there were too many requests, or another one had the object.
	"lock_timeout": payment.ErrRetryLater,
	"rate_limit":   payment.ErrRetryLater,
	// Nothing was done, and nothing will be until an operator sets the account or the key right.
	"account_invalid":          payment.ErrRetryLater,
	"api_key_expired":          payment.ErrRetryLater,
	"livemode_mismatch":        payment.ErrRetryLater,
	"platform_api_key_expired": payment.ErrRetryLater,
	"secret_key_required":      payment.ErrRetryLater,
	"testmode_charges_only":    payment.ErrRetryLater,
	// Another request with the same key is under way, and may succeed.
	"idempotency_key_in_use": errUnknown,
	"resource_missing":       payment.ErrAbsent,
	// Of refunds.
	"charge_already_refunded":         payment.ErrRejected,
	"charge_disputed":                 payment.ErrRejected,
	"charge_not_refundable":           payment.ErrRejected,
	"payment_intent_unexpected_state": payment.ErrRejected,
	"refund_disputed_payment":         payment.ErrRejected,
	// Of sums and addresses.
	"amount_too_large":           payment.ErrRejected,
	"amount_too_small":           payment.ErrRejected,
	"invalid_charge_amount":      payment.ErrRejected,
	"parameter_invalid_empty":    payment.ErrRejected,
	"parameter_invalid_integer":  payment.ErrRejected,
	"parameter_missing":          payment.ErrRejected,
	"parameter_unknown":          payment.ErrRejected,
	"parameters_exclusive":       payment.ErrRejected,
	"payment_method_unactivated": payment.ErrRejected,
	"url_invalid":                payment.ErrRejected,
}

// byType says what the types of errors mean, where no code says more.
var byType = map[string]error{
	"api_error":             errUnknown,
	"authentication_error":  payment.ErrRetryLater,
	"card_error":            payment.ErrRejected,
	"idempotency_error":     errUnknown, // the key was used with other parameters: that request may have succeeded
	"invalid_request_error": payment.ErrRejected,
	"permission_error":      payment.ErrRetryLater,
	"rate_limit_error":      payment.ErrRetryLater,
}

// fault returns payment.ErrRejected, ErrRetryLater, ErrAbsent, or errUnknown if what Stripe wrote isn't definite. A
// question that is refused leaves unknown what it was about.
func (r *refusal) fault() error {
	fault := r.meaning()
	if r.Method == http.MethodGet && errors.Is(fault, payment.ErrRejected) {
		return errUnknown
	}
	return fault
}

func (r *refusal) meaning() error {
	switch {
	case r.Type == "" || r.Status < 400 || r.Status >= 500:
		return errUnknown // not Stripe's words, or not its last
	case byCode[r.Code] != nil:
		return byCode[r.Code]
	case byCode[r.MessageCode] != nil:
		return byCode[r.MessageCode]
	case r.Status == http.StatusConflict:
		return errUnknown // another request was under way at the same time
	case r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden ||
		r.Status == http.StatusTooManyRequests:
		return payment.ErrRetryLater // whatever the type: older keys get these as invalid_request_error
	case byType[r.Type] != nil:
		return byType[r.Type]
	}
	return errUnknown
}

// definite turns the error of a call into one that a payment.Provider returns: it wraps ErrRejected, ErrRetryLater or
// ErrAbsent if the answer is definite, and is err itself otherwise.
func definite(err error) error {
	refused, is := errors.AsType[*refusal](err)
	if !is {
		return err
	}
	switch fault := refused.fault(); {
	case errors.Is(fault, payment.ErrRejected):
		return payment.ErrRejected.Because("%w", err)
	case errors.Is(fault, payment.ErrRetryLater):
		return payment.ErrRetryLater.Because("%w", err)
	case errors.Is(fault, payment.ErrAbsent):
		return fmt.Errorf("%w: %w", payment.ErrAbsent, err)
	}
	return err
}
