package stripe_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"videomall/mall/payment"
)

// What each documented error means. It is the answer to a POST that opens a session.
func TestStripe_refusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status           int
		kind, code, word string // word is the name of the member that holds the code
		want             error
	}{
		{400, "invalid_request_error", "insufficient_balance_for_refund", "message_code", payment.ErrRetryLater},
		{400, "invalid_request_error", "balance_insufficient", "code", payment.ErrRetryLater},
		{400, "invalid_request_error", "insufficient_funds", "code", payment.ErrRetryLater},
		{429, "invalid_request_error", "lock_timeout", "code", payment.ErrRetryLater},
		{429, "invalid_request_error", "rate_limit", "code", payment.ErrRetryLater},
		{403, "invalid_request_error", "account_invalid", "code", payment.ErrRetryLater},
		{401, "invalid_request_error", "api_key_expired", "code", payment.ErrRetryLater},
		{400, "invalid_request_error", "livemode_mismatch", "code", payment.ErrRetryLater},
		{401, "invalid_request_error", "platform_api_key_expired", "code", payment.ErrRetryLater},
		{400, "invalid_request_error", "secret_key_required", "code", payment.ErrRetryLater},
		{400, "invalid_request_error", "testmode_charges_only", "code", payment.ErrRetryLater},
		{409, "invalid_request_error", "idempotency_key_in_use", "code", errAny},
		{404, "invalid_request_error", "resource_missing", "code", payment.ErrRejected}, // to open what needs it
		{400, "invalid_request_error", "charge_already_refunded", "code", payment.ErrRejected},
		{400, "invalid_request_error", "charge_disputed", "code", payment.ErrRejected},
		{400, "invalid_request_error", "charge_not_refundable", "code", payment.ErrRejected},
		{400, "invalid_request_error", "payment_intent_unexpected_state", "code", payment.ErrRejected},
		{400, "invalid_request_error", "refund_disputed_payment", "code", payment.ErrRejected},
		{400, "invalid_request_error", "amount_too_large", "code", payment.ErrRejected},
		{400, "invalid_request_error", "amount_too_small", "code", payment.ErrRejected},
		{400, "invalid_request_error", "invalid_charge_amount", "code", payment.ErrRejected},
		{400, "invalid_request_error", "parameter_invalid_empty", "code", payment.ErrRejected},
		{400, "invalid_request_error", "parameter_invalid_integer", "code", payment.ErrRejected},
		{400, "invalid_request_error", "parameter_missing", "code", payment.ErrRejected},
		{400, "invalid_request_error", "parameter_unknown", "code", payment.ErrRejected},
		{400, "invalid_request_error", "parameters_exclusive", "code", payment.ErrRejected},
		{400, "invalid_request_error", "payment_method_unactivated", "code", payment.ErrRejected},
		{400, "invalid_request_error", "url_invalid", "code", payment.ErrRejected},
		{400, "invalid_request_error", "something_new", "code", payment.ErrRejected},
		{400, "invalid_request_error", "", "code", payment.ErrRejected},
		{402, "card_error", "card_declined", "code", payment.ErrRejected},
		{400, "idempotency_error", "", "code", errAny},
		{401, "invalid_request_error", "", "code", payment.ErrRetryLater},
		{401, "authentication_error", "", "code", payment.ErrRetryLater},
		{403, "invalid_request_error", "", "code", payment.ErrRetryLater},
		{403, "permission_error", "", "code", payment.ErrRetryLater},
		{429, "rate_limit_error", "", "code", payment.ErrRetryLater},
		{429, "invalid_request_error", "", "code", payment.ErrRetryLater},
		{409, "invalid_request_error", "", "code", errAny},
		{400, "api_error", "", "code", errAny},
		{400, "something_new", "", "code", errAny},
		{400, "", "charge_disputed", "code", errAny}, // not Stripe's
		{500, "api_error", "", "code", errAny},
		{500, "invalid_request_error", "charge_disputed", "code", errAny},
		{503, "invalid_request_error", "", "code", errAny},
		{302, "invalid_request_error", "", "code", errAny},
		{201, "invalid_request_error", "", "code", errAny},
	} {
		s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = fmt.Fprintf(w, `{"error":{"type":%q,%q:%q,"message":"x"}}`, c.kind, c.word, c.code)
		})
		_, err := s.Create(t.Context(), request())
		if errors.Is(c.want, errAny) {
			unknown(t, err)
		} else if !errors.Is(err, c.want) {
			t.Errorf("%d %s %s: %v", c.status, c.kind, c.code, err)
		}
		// A question that is refused tells nothing about what was asked for.
		if _, err = s.Query(t.Context(), payment.ChargeRef{CreateRequest: request(), ProviderRef: "cs_1"}); errors.Is(
			err, payment.ErrRejected) {
			t.Errorf("%d %s %s: query: %v", c.status, c.kind, c.code, err)
		}
	}
}

// Whatever isn't Stripe's JSON leaves unknown what became of the request.
func TestStripe_refusals_of_others(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 400, 404, 429, 502} {
		for _, body := range []string{
			"", "<html>", "[]", `{"error":"no"}`, `{"error":{"type":7}}`, `{"error":null}`, `{}`,
		} {
			s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = fmt.Fprint(w, body)
			})
			_, err := s.Create(t.Context(), request())
			unknown(t, err)
		}
	}
}
