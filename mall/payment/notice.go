package payment

import (
	"context"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"

	"videomall/mall/payment/internal/dbsqlc"
)

// ParseNotice verifies and parses a notice that was posted in a provider's name; it writes nothing. It refuses a notice
// over a sum that no order can have, even if the provider's own parser accepts it. Errors: ErrUnknownProvider,
// ErrBadSignature, ErrMalformedNotice.
func (p *Payments) ParseNotice(provider string, h http.Header, body []byte) (Notice, error) {
	pr, err := p.Provider(provider)
	if err != nil {
		return Notice{}, err
	}
	if len(body) > MaxNotice {
		return Notice{}, ErrMalformedNotice.Because("%d bytes", len(body))
	}
	n, err := pr.ParseNotice(h, body)
	if err == nil && n.Amount.Amount != 0 && !n.Amount.Payable() {
		return Notice{}, ErrMalformedNotice.Because("notice %s is over %s", n.EventID, n.Amount)
	}
	return n, err
}

// Acknowledge returns the answer to a notice in its provider's form. err must be nil only after the commit.
func (p *Payments) Acknowledge(provider string, err error) Ack {
	pr, unknown := p.Provider(provider)
	if unknown != nil {
		return Ack{
			Status:      http.StatusNotFound,
			ContentType: "text/plain; charset=utf-8",
			Body:        "unknown provider",
		}
	}
	return pr.Acknowledge(err)
}

// RecordNoticeTx records a notice once for each event of a provider. If it was recorded before, fresh is false and the
// replay is counted. If the same notice comes twice at once, the second call waits for the commit of the first.
func (p *Payments) RecordNoticeTx(ctx context.Context, tx pgx.Tx, n Notice) (fresh bool, err error) {
	fresh, err = p.q.RecordNotice(ctx, tx, dbsqlc.RecordNoticeParams{
		Provider:     n.Provider,
		EventID:      n.EventID,
		Type:         n.Type,
		AttemptNo:    n.AttemptNo,
		ChannelTxnNo: n.ChannelTxnNo,
		RefundNo:     n.RefundNo,
		Amount:       &n.Amount.Amount,
		Currency:     n.Amount.Currency,
		Raw:          n.Raw,
		OccurredAt:   n.OccurredAt,
		ReceivedAt:   p.now(),
	})
	if err != nil {
		return false, fmt.Errorf("record notice %s of %s: %w", n.EventID, n.Provider, err)
	}
	return fresh, nil
}

// SetNoticeOutcomeTx stores the outcome of a recorded notice.
func (p *Payments) SetNoticeOutcomeTx(ctx context.Context, tx pgx.Tx, n Notice, outcome string) error {
	rows, err := p.q.SetNoticeOutcome(ctx, tx, dbsqlc.SetNoticeOutcomeParams{
		Outcome:  outcome,
		Provider: n.Provider,
		EventID:  n.EventID,
	})
	if err != nil {
		return fmt.Errorf("outcome of notice %s: %w", n.EventID, err)
	}
	if rows != 1 {
		return fmt.Errorf("outcome of notice %s of %s: it was never recorded", n.EventID, n.Provider)
	}
	return nil
}
