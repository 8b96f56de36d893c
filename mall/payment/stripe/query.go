package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"videomall/mall/payment"
)

// Query returns the state of an attempt's session. If the session's id never reached us, the request that opened it is
// sent again, which Stripe answers with the same session for 24 hours; it opens the session if the first request never
// arrived, so that no request that is still under way can open one behind our back. After that every session has
// expired, and a payment that was made is found by the mark on it.
func (s *Stripe) Query(ctx context.Context, c payment.ChargeRef) (payment.Charge, error) {
	got, err := s.find(ctx, c)
	if errors.Is(err, errLate) {
		return s.search(ctx, c.CreateRequest)
	}
	if errors.Is(err, payment.ErrAbsent) {
		return payment.Charge{Status: payment.ChargeAbsent}, nil
	}
	if err != nil {
		return payment.Charge{}, err
	}
	return s.chargeOf(got, c.AttemptNo)
}

// Close makes an open session unpayable. Errors: payment.ErrAlreadyPaid, ErrProcessing, ErrAbsent.
func (s *Stripe) Close(ctx context.Context, c payment.ChargeRef) error {
	charge, err := s.close(ctx, c)
	if err != nil {
		return err
	}
	switch charge.Status {
	case payment.ChargePaid:
		return payment.ErrAlreadyPaid.Because("attempt %s", c.AttemptNo)
	case payment.ChargeProcessing:
		return payment.ErrProcessing.Because("attempt %s", c.AttemptNo)
	case payment.ChargeClosed, payment.ChargeFailed:
		return nil
	case payment.ChargeAbsent:
		return fmt.Errorf("stripe: attempt %s: %w", c.AttemptNo, payment.ErrAbsent)
	}
	return fmt.Errorf("stripe: attempt %s is %s although it was to be closed", c.AttemptNo, charge.Status)
}

// close expires a session unless it has ended, and returns what became of it.
func (s *Stripe) close(ctx context.Context, c payment.ChargeRef) (payment.Charge, error) {
	id := c.ProviderRef
	if id == "" {
		got, err := s.find(ctx, c)
		if errors.Is(err, errLate) {
			return s.search(ctx, c.CreateRequest)
		}
		if err != nil {
			return payment.Charge{}, err
		}
		id = got.ID
	}
	err := s.expire(ctx, id)
	if err == nil {
		return payment.Charge{Status: payment.ChargeClosed}, nil
	}
	if !errors.Is(err, payment.ErrRejected) {
		return payment.Charge{}, err
	}
	// Stripe refuses to expire what isn't open, and says why in words only.
	got, err := s.session(ctx, id)
	if err != nil {
		return payment.Charge{}, err
	}
	return s.chargeOf(got, c.AttemptNo)
}

// errLate says that an attempt is too old for its request to be sent again.
var errLate = errors.New("stripe: the request is too old to be sent again")

// find returns the session of an attempt. Errors: payment.ErrAbsent if Stripe has none and refuses to open one;
// errLate.
func (s *Stripe) find(ctx context.Context, c payment.ChargeRef) (session, error) {
	if c.ProviderRef != "" {
		return s.session(ctx, c.ProviderRef)
	}
	if s.opt.Now().Sub(c.CreatedAt) >= keyLife {
		return session{}, errLate
	}
	form, err := s.sessionForm(c.CreateRequest)
	var got session
	if err == nil {
		got, err = s.open(ctx, c.CreateRequest, form)
	}
	switch refused, is := errors.AsType[*refusal](err); {
	case errors.Is(err, payment.ErrRejected):
		// Such as one that would have expired by now: nothing was opened under this attempt's key.
		return session{}, fmt.Errorf("%w: %w", payment.ErrAbsent, err)
	case is && refused.Type == "idempotency_error":
		// The configuration was changed since the request was first sent, such as by the restart that lost the answer.
		return s.listed(ctx, c.CreateRequest, err)
	}
	return got, err
}

// listed looks through the sessions of an attempt's time for its own, and returns the error other if there is none.
func (s *Stripe) listed(ctx context.Context, r payment.CreateRequest, other error) (session, error) {
	query := url.Values{"limit": {"100"}}
	query.Set("created[gte]", strconv.FormatInt(r.CreatedAt.Add(-10*time.Minute).Unix(), 10))
	query.Set("created[lt]", strconv.FormatInt(r.ExpiresAt.Add(10*time.Minute).Unix(), 10))
	for {
		var page list[session]
		if err := s.get(ctx, sessions, query, &page); err != nil {
			return session{}, definite(err)
		}
		for _, got := range page.Data {
			if got.ClientReferenceID == r.AttemptNo && got.Metadata[metaShop] == s.opt.Shop {
				return s.session(ctx, got.ID)
			}
		}
		if !page.HasMore || len(page.Data) == 0 {
			return session{}, other
		}
		query.Set("starting_after", page.Data[len(page.Data)-1].ID)
	}
}

// chargeOf tells the state of a session. Errors: the session is another one than it should be.
func (s *Stripe) chargeOf(got session, attemptNo string) (payment.Charge, error) {
	if got.ClientReferenceID != attemptNo || got.Livemode != s.live {
		return payment.Charge{}, fmt.Errorf("stripe: session %.60q is of attempt %.60q, live %t; asked for %.60q, live %t",
			got.ID, got.ClientReferenceID, got.Livemode, attemptNo, s.live)
	}
	charge := payment.Charge{ProviderRef: got.ID, Status: payment.ChargeUnknown}
	switch got.Status {
	case "open":
		charge.Status = payment.ChargeOpen
	case "expired":
		charge.Status = payment.ChargeClosed
	case "complete":
		// Complete says that the payer is through with the page; a bank may still be at it.
		if got.PaymentIntent.Object == nil {
			return charge, nil
		}
		return intentOf(*got.PaymentIntent.Object, charge)
	}
	return charge, nil
}

// intentOf fills in what a payment intent says of a charge whose session is over.
func intentOf(got intent, charge payment.Charge) (payment.Charge, error) {
	switch got.Status {
	case "succeeded":
		taken, err := FromStripe(got.AmountReceived, got.Currency)
		if err != nil {
			return payment.Charge{}, fmt.Errorf("payment intent %.60q: %w", got.ID, err)
		}
		charge.Status, charge.ChannelTxnNo, charge.Amount = payment.ChargePaid, got.ID, taken
		charge.PaidAt = at(got.Created)
		if got.LatestCharge.Object != nil {
			charge.PaidAt = at(got.LatestCharge.Object.Created)
		}
	case "processing", "requires_action":
		// The payer has a voucher or the details of a transfer, or their bank is at it.
		charge.Status = payment.ChargeProcessing
	case "requires_payment_method", "canceled":
		charge.Status = payment.ChargeFailed
	default:
		charge.Status = payment.ChargeUnknown
	}
	return charge, nil
}

// search finds the payment of an attempt by our mark on it. Stripe makes a payment intent once the payer has pressed
// the button, and shows it in a search within minutes; it is for attempts that are a day old.
func (s *Stripe) search(ctx context.Context, r payment.CreateRequest) (payment.Charge, error) {
	if !attemptShape.MatchString(r.AttemptNo) {
		return payment.Charge{Status: payment.ChargeAbsent}, nil
	}
	query := expand("data.latest_charge")
	query.Set("query", fmt.Sprintf("metadata['%s']:'%s' AND metadata['%s']:'%s'",
		metaShop, s.opt.Shop, metaAttempt, r.AttemptNo))
	query.Set("limit", "100")
	var found list[intent]
	if err := s.get(ctx, "/v1/payment_intents/search", query, &found); err != nil {
		return payment.Charge{}, definite(err)
	}
	best := payment.Charge{Status: payment.ChargeAbsent}
	for _, got := range found.Data {
		if got.Metadata[metaShop] != s.opt.Shop || got.Metadata[metaAttempt] != r.AttemptNo {
			continue
		}
		charge, err := intentOf(got, payment.Charge{})
		if err != nil {
			return payment.Charge{}, err
		}
		switch {
		case charge.Status == payment.ChargePaid:
			return charge, nil
		case best.Status == payment.ChargeProcessing:
		case charge.Status == payment.ChargeFailed:
			best.Status = payment.ChargeClosed // its session has expired, so it can't be tried again
		default:
			best = charge
		}
	}
	return best, nil
}
