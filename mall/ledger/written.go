package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/money"
)

// LastTx returns the id of the latest posting, for WrittenTx.
func (l *Ledger) LastTx(ctx context.Context, tx pgx.Tx) (int64, error) {
	last, err := l.q.LastPosting(ctx, tx)
	if err != nil {
		return 0, fmt.Errorf("the latest posting: %w", err)
	}
	return last, nil
}

// WrittenTx lists what the caller's transaction has booked since the posting with the id after, a posting for each line
// that it has, so that each line tells its kind.
func (l *Ledger) WrittenTx(ctx context.Context, tx pgx.Tx, after int64) ([]Posting, error) {
	rows, err := l.q.LinesWrittenHere(ctx, tx, after)
	if err != nil {
		return nil, fmt.Errorf("what this transaction has booked: %w", err)
	}
	list := make([]Posting, len(rows))
	for n, r := range rows {
		list[n] = Posting{
			Kind:  r.Kind,
			Lines: []Line{{r.Account, money.Of(r.Amount, r.Currency)}},
		}
	}
	return list, nil
}
