package stripe

import (
	"errors"
	"net/http"

	"videomall/mall/payment"
)

// Acknowledge returns 200 after the commit. Stripe looks at the status alone, and repeats an event for three days after
// any other: 400 is for one that won't be accepted as it is, 500 for a failure of ours.
func (s *Stripe) Acknowledge(err error) payment.Ack {
	ack := payment.Ack{Status: http.StatusOK, ContentType: "application/json", Body: `{"received": true}`}
	switch {
	case err == nil:
		return ack
	case errors.Is(err, payment.ErrBadSignature) || errors.Is(err, payment.ErrMalformedNotice):
		ack.Status = http.StatusBadRequest
	default:
		ack.Status = http.StatusInternalServerError
	}
	ack.Body = `{"received": false}`
	return ack
}
