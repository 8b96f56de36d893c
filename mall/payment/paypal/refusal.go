package paypal

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"videomall/mall/payment"
	"videomall/mall/strictjson"
)

// refusal is an answer of PayPal's that is no success. It holds what PayPal wrote, cut, and never a secret.
type refusal struct {
	Method  string // of the request
	Status  int    // of HTTP
	Name    string
	Issue   string // of the first detail, which says more than the name
	Message string
	DebugID string // under which PayPal finds the request
}

func (r *refusal) Error() string {
	return fmt.Sprintf("HTTP %d, name %.60q, issue %.60q, debug id %.60q: %.200q", r.Status, r.Name, r.Issue, r.DebugID,
		r.Message)
}

// wireError is the body of an error. The address of tokens writes its errors as OAuth does.
type wireError struct {
	Name    string `json:"name"`
	Message string `json:"message"`
	DebugID string `json:"debug_id"`
	Details []struct {
		Issue       string `json:"issue"`
		Description string `json:"description"`
	} `json:"details"`
	OAuth            string `json:"error"`
	OAuthDescription string `json:"error_description"`
}

// refusalOf reads an error. A body that isn't PayPal's, such as a gateway's, leaves all but the status empty. None of the
// secrets is repeated, whoever answers.
func (p *PayPal) refusalOf(a answer, secrets ...string) *refusal {
	r := &refusal{Status: a.status, DebugID: a.debugID}
	var w wireError
	if err := strictjson.Open(a.raw, &w); err != nil {
		return r
	}
	r.Name, r.Message = w.Name+w.OAuth, w.Message+w.OAuthDescription
	if len(w.Details) > 0 {
		r.Issue = w.Details[0].Issue
		r.Message += " " + w.Details[0].Description
	}
	for _, secret := range append(secrets, p.opt.Secret()) {
		if secret != "" {
			r.Message = strings.ReplaceAll(r.Message, secret, "[secret]")
		}
	}
	return r
}

// What a refusal can mean beside the errors of payment.Provider.
var (
	errUnknown  = errors.New("paypal: the outcome is unknown")
	errPayer    = errors.New("paypal: the payer has to choose another way to pay") // the order stays open
	errCaptured = errors.New("paypal: the order was captured before")
)

// byIssue says what the documented issues mean to us. An issue that isn't here counts by the error's name.
var byIssue = map[string]error{
	// Of captures. The payer goes back to PayPal's page and approves again.
	"INSTRUMENT_DECLINED":   errPayer,
	"ORDER_NOT_APPROVED":    errPayer,
	"PAYER_ACTION_REQUIRED": errPayer,
	// Nothing more will be taken by this order.
	"ORDER_ALREADY_CAPTURED":                  errCaptured,
	"AUTH_CAPTURE_NOT_ENABLED":                payment.ErrRejected,
	"COMPLIANCE_VIOLATION":                    payment.ErrRejected,
	"DOMESTIC_TRANSACTION_REQUIRED":           payment.ErrRejected,
	"DUPLICATE_INVOICE_ID":                    payment.ErrRejected, // another order was paid under this attempt's number
	"MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED": payment.ErrRejected,
	"ORDER_COMPLETED_OR_VOIDED":               payment.ErrRejected,
	"ORDER_EXPIRED":                           payment.ErrRejected,
	"PAYEE_BLOCKED_TRANSACTION":               payment.ErrRejected,
	"PAYER_ACCOUNT_LOCKED_OR_CLOSED":          payment.ErrRejected,
	"PAYER_ACCOUNT_RESTRICTED":                payment.ErrRejected,
	"PAYER_CANNOT_PAY":                        payment.ErrRejected,
	"TRANSACTION_LIMIT_EXCEEDED":              payment.ErrRejected,
	"TRANSACTION_REFUSED":                     payment.ErrRejected,
	// Nothing was done, and nothing will be until an operator sets the account right.
	"NOT_ENABLED_FOR_CARD_PROCESSING":      payment.ErrRetryLater,
	"PAYEE_ACCOUNT_LOCKED_OR_CLOSED":       payment.ErrRetryLater,
	"PAYEE_ACCOUNT_NOT_VERIFIED":           payment.ErrRetryLater,
	"PAYEE_ACCOUNT_RESTRICTED":             payment.ErrRetryLater,
	"PERMISSION_DENIED":                    payment.ErrRetryLater,
	"PERMISSION_NOT_GRANTED":               payment.ErrRetryLater,
	"TRANSACTION_RECEIVING_LIMIT_EXCEEDED": payment.ErrRetryLater,
	// Of refunds.
	"REFUND_FAILED_INSUFFICIENT_FUNDS":            payment.ErrRetryLater,
	"PENDING_CAPTURE":                             payment.ErrRetryLater, // the payment isn't completed yet
	"REFUND_IS_RESTRICTED":                        payment.ErrRetryLater,
	"CAPTURE_DISPUTED_PARTIAL_REFUND_NOT_ALLOWED": payment.ErrRejected,
	"CAPTURE_FULLY_REFUNDED":                      payment.ErrRejected,
	"MAX_NUMBER_OF_REFUNDS_EXCEEDED":              payment.ErrRejected,
	"PARTIAL_REFUND_NOT_ALLOWED":                  payment.ErrRejected,
	"REFUND_AMOUNT_EXCEEDED":                      payment.ErrRejected,
	"REFUND_CAPTURE_CURRENCY_MISMATCH":            payment.ErrRejected,
	"REFUND_NOT_ALLOWED":                          payment.ErrRejected,
	"REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK":      payment.ErrRejected,
	"REFUND_TIME_LIMIT_EXCEEDED":                  payment.ErrRejected,
	// Of sums and addresses.
	"AMOUNT_NOT_PATCHABLE":       payment.ErrRejected,
	"CANNOT_BE_ZERO_OR_NEGATIVE": payment.ErrRejected,
	"CURRENCY_NOT_SUPPORTED":     payment.ErrRejected,
	"DECIMAL_PRECISION":          payment.ErrRejected,
	"INVALID_CURRENCY_CODE":      payment.ErrRejected,
	"INVALID_PARAMETER_SYNTAX":   payment.ErrRejected,
	"INVALID_PARAMETER_VALUE":    payment.ErrRejected,
	"INVALID_STRING_LENGTH":      payment.ErrRejected,
	"INVALID_STRING_MAX_LENGTH":  payment.ErrRejected,
	"MAX_VALUE_EXCEEDED":         payment.ErrRejected,
	"MISSING_REQUIRED_PARAMETER": payment.ErrRejected,
	"UNSUPPORTED_CURRENCY":       payment.ErrRejected,
	// The id was used with other parameters, or is being used: that request may have succeeded.
	"DUPLICATE_REQUEST_ID":              errUnknown,
	"PAYPAL_REQUEST_ID_PREVIOUSLY_USED": errUnknown,
	"PREVIOUS_REQUEST_IN_PROGRESS":      errUnknown,
	"INVALID_RESOURCE_ID":               payment.ErrAbsent,
}

// byName says what the names of errors mean, where no issue says more. A name of OAuth is one of a token's refusal.
var byName = map[string]error{
	"AUTHENTICATION_FAILURE": payment.ErrRetryLater,
	"INVALID_REQUEST":        payment.ErrRejected,
	"NOT_AUTHORIZED":         payment.ErrRetryLater,
	"RATE_LIMIT_REACHED":     payment.ErrRetryLater,
	"RESOURCE_CONFLICT":      errUnknown, // another request was under way at the same time
	"RESOURCE_NOT_FOUND":     payment.ErrAbsent,
	"UNPROCESSABLE_ENTITY":   payment.ErrRejected,
	"invalid_client":         payment.ErrRetryLater,
	"unauthorized_client":    payment.ErrRetryLater,
}

// meaning returns what a refusal means, or errUnknown if what PayPal wrote isn't definite. A question that is refused
// leaves unknown what it was about.
func (r *refusal) meaning() error {
	fault := errUnknown
	switch {
	case r.Name == "" || r.Status < 400 || r.Status >= 500: // not PayPal's words, or not its last
	case byIssue[r.Issue] != nil:
		fault = byIssue[r.Issue]
	case r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden ||
		r.Status == http.StatusTooManyRequests:
		fault = payment.ErrRetryLater
	case byName[r.Name] != nil:
		fault = byName[r.Name]
	}
	if r.Method == http.MethodGet && errors.Is(fault, payment.ErrRejected) {
		return errUnknown
	}
	return fault
}

// meant reports whether an error is a refusal with a meaning.
func meant(err, meaning error) bool {
	refused, is := errors.AsType[*refusal](err)
	return is && refused.meaning() == meaning //nolint:errorlint // these are the values of the tables
}

// definite turns the error of a call into one that a payment.Provider returns: it wraps ErrRejected, ErrRetryLater or
// ErrAbsent if the answer is definite, and is err itself otherwise.
func definite(err error) error {
	refused, is := errors.AsType[*refusal](err)
	if !is {
		return err
	}
	switch fault := refused.meaning(); {
	case errors.Is(fault, payment.ErrRejected):
		return payment.ErrRejected.Because("%w", err)
	case errors.Is(fault, payment.ErrRetryLater):
		return payment.ErrRetryLater.Because("%w", err)
	case errors.Is(fault, payment.ErrAbsent):
		return fmt.Errorf("%w: %w", payment.ErrAbsent, err)
	}
	return err
}
