package payment

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/payment/internal/dbsqlc"
)

// askAfter says when an attempt that was never paid, as far as we know, is asked about after its time: its notice may
// have been lost, and a code that the provider did not know when the attempt was closed may have been paid since.
var askAfter = []time.Duration{time.Minute, 15 * time.Minute, 2 * time.Hour, 24 * time.Hour}

// askFor is how long after its time an attempt is asked about again if its provider gives no answer. After that, the
// provider's statement has to tell.
const askFor = 72 * time.Hour

// Silent asks the providers about at most limit attempts that have expired without a word of payment, each a few times
// over a day. The caller applies what was paid. If a provider does not answer, the Err of that Inquiry is set, and the
// attempt is asked about again.
func (p *Payments) Silent(ctx context.Context, limit int) ([]Inquiry, error) {
	rows, err := p.q.SilentAttempts(ctx, p.pool, dbsqlc.SilentAttemptsParams{At: p.now(), MaxRows: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("silent attempts: %w", err)
	}
	out := make([]Inquiry, len(rows))
	for i, row := range rows {
		if out[i], err = p.inquire(ctx, row); err != nil {
			return nil, err
		}
		next := dbsqlc.AskAgainParams{AttemptNo: row.AttemptNo, Asks: row.Asks}
		if out[i].Err == nil {
			next.Asks++
			if int(next.Asks) < len(askAfter) {
				next.AskAt = new(row.ExpiresAt.Add(askAfter[next.Asks]))
			}
		} else if p.now().Before(row.ExpiresAt.Add(askFor)) {
			next.AskAt = new(p.now().Add(askAfter[1]))
		}
		if err := p.q.AskAgain(ctx, p.pool, next); err != nil {
			return nil, fmt.Errorf("ask about attempt %s again: %w", row.AttemptNo, err)
		}
	}
	return out, nil
}
