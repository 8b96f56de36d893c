package stripe

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"time"

	"videomall/mall/payment"
	"videomall/mall/strictjson"
)

// settling is how long after a day's end its statement is taken as whole.
const settling = time.Hour

// movement is a balance transaction. Its sums are in the currency of the settlement.
type movement struct {
	ID                string    `json:"id"`
	Type              string    `json:"type"`
	ReportingCategory string    `json:"reporting_category"`
	Amount            int64     `json:"amount"`
	Fee               int64     `json:"fee"`
	Currency          string    `json:"currency"`
	Created           int64     `json:"created"`
	Source            rawObject `json:"source"` // an object if it was asked for, an id otherwise, or null
}

// Statement yields the balance transactions of a UTC day, the newest first, page by page. A payment, a refund and a
// dispute have the sum of the sale in the currency of the sale; everything else, and every fee, is in the currency of
// the settlement. Errors: payment.ErrNoStatement until an hour after the day.
func (s *Stripe) Statement(ctx context.Context, at time.Time) iter.Seq2[payment.StatementLine, error] {
	return func(yield func(payment.StatementLine, error) bool) {
		from := at.UTC().Truncate(24 * time.Hour)
		to := from.Add(24 * time.Hour)
		if s.opt.Now().Before(to.Add(settling)) {
			early := payment.ErrNoStatement.Because("stripe: %s isn't over", from.Format(time.DateOnly))
			yield(payment.StatementLine{}, early)
			return
		}
		query := expand("data.source")
		query.Set("created[gte]", strconv.FormatInt(from.Unix(), 10))
		query.Set("created[lt]", strconv.FormatInt(to.Unix(), 10))
		query.Set("limit", "100")
		owners := owners{stripe: s, marks: map[string]map[string]string{}}
		for {
			var page list[movement]
			if err := s.get(ctx, "/v1/balance_transactions", query, &page); err != nil {
				yield(payment.StatementLine{}, definite(err))
				return
			}
			for _, m := range page.Data {
				if m.Amount == 0 && m.Fee == 0 {
					continue // it moves nothing
				}
				line, err := owners.line(ctx, m)
				if err != nil {
					err = fmt.Errorf("stripe: balance transaction %.60q: %w", m.ID, err)
				}
				if !yield(line, err) || err != nil {
					return
				}
			}
			if !page.HasMore {
				return
			}
			if len(page.Data) == 0 {
				yield(payment.StatementLine{}, errors.New("stripe: a page of the statement is empty, but not the last"))
				return
			}
			query.Set("starting_after", page.Data[len(page.Data)-1].ID)
		}
	}
}

// owners makes lines of movements, and finds out whose payment a refund or a dispute without our mark is about.
type owners struct {
	stripe *Stripe
	marks  map[string]map[string]string // the metadata of payment intents asked for
}

// line returns the line of a movement.
func (o owners) line(ctx context.Context, m movement) (payment.StatementLine, error) {
	var none payment.StatementLine
	if m.Amount == 0 {
		m.Amount, m.Fee = -m.Fee, 0 // a fee alone is what moves
	}
	net, err := signedFromStripe(m.Amount, m.Currency)
	if err != nil {
		return none, err
	}
	fee, err := signedFromStripe(m.Fee, m.Currency)
	if err != nil {
		return none, err
	}
	if !plain(m.ID) || m.Created <= 0 || m.Created > maxUnix {
		return none, fmt.Errorf("created at %d", m.Created)
	}
	l := payment.StatementLine{Kind: payment.StatementCredit, Amount: net, Fee: fee, At: at(m.Created)}
	if l.Amount.Amount < 0 {
		l.Kind, l.Amount.Amount = payment.StatementDebit, -l.Amount.Amount
	}
	var source struct {
		Object         string            `json:"object"`
		ID             string            `json:"id"`
		Amount         int64             `json:"amount"`
		AmountCaptured int64             `json:"amount_captured"`
		Currency       string            `json:"currency"`
		PaymentIntent  ref[intent]       `json:"payment_intent"`
		Metadata       map[string]string `json:"metadata"`
	}
	if len(m.Source) == 0 || m.Source[0] != '{' {
		return l, nil // a fee of the account, for instance, comes from nowhere
	}
	if err := strictjson.Open(m.Source, &source); err != nil {
		return none, err
	}
	sum := source.Amount
	switch source.Object {
	case "charge":
		sum = source.AmountCaptured
		switch m.Type {
		case "charge", "payment":
			l.Kind = payment.StatementPayment
		case "payment_failure_refund":
			// The payer's bank took back a payment that had succeeded. It stays a debit, but is about that payment.
			sum = source.Amount
		default:
			return l, nil
		}
	case "refund":
		// Besides refund_failure there are older accounts that get an adjustment for a refund that came back.
		if l.Kind = payment.StatementRefund; net.Amount > 0 {
			l.Kind = payment.StatementRefundReturned
		}
		l.RefundNo = source.Metadata[metaRefund]
	case "dispute":
		if l.Kind = payment.StatementDispute; net.Amount > 0 {
			l.Kind = payment.StatementDisputeWon
		}
		l.DisputeNo = source.ID
	default:
		return l, nil // a payout, a transfer, a top-up
	}
	if source.Currency != m.Currency {
		// Converted for the settlement: the sale's own sum is that of the source.
		if l.Amount, err = FromStripe(sum, source.Currency); err != nil {
			return none, err
		}
	}
	return l, o.mark(ctx, &l, source.PaymentIntent.ID, source.Metadata)
}

// mark fills in whose a movement is.
func (o owners) mark(ctx context.Context, l *payment.StatementLine, txnNo string, metadata map[string]string) error {
	l.ChannelTxnNo = txnNo
	if txnNo == "" {
		l.Foreign = true // our payments all have a payment intent
		return nil
	}
	// Charges have the mark of their payment intent, and refunds have it if we made them.
	if _, marked := metadata[metaShop]; !marked && l.Kind != payment.StatementPayment {
		known, asked := o.marks[txnNo]
		if !asked {
			var got intent
			if err := o.stripe.get(ctx, "/v1/payment_intents/"+url.PathEscape(txnNo), nil, &got); err != nil {
				return definite(err)
			}
			known = got.Metadata
			o.marks[txnNo] = known
		}
		metadata = known
	}
	l.Foreign = metadata[metaShop] != o.stripe.opt.Shop
	if !l.Foreign {
		l.AttemptNo = metadata[metaAttempt]
	}
	return nil
}
