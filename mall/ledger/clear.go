package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// clearRows bounds one transaction of clearing.
const clearRows = 5000

// Clear makes the shares available whose clearing period is over, less what was refunded meanwhile, and returns the
// number of sold items that cleared. Several processes may call Clear at once: each item clears once, and a refund of
// it comes wholly before or wholly after that.
func (l *Ledger) Clear(ctx context.Context) (int, error) {
	cleared := 0
	for {
		n, err := l.clear(ctx)
		cleared += n
		if err != nil || n < clearRows {
			return cleared, err
		}
	}
}

func (l *Ledger) clear(ctx context.Context) (n int, err error) {
	err = db.InTxRetrying(ctx, l.deps.Pool, 3, func(tx pgx.Tx) error {
		n, err = l.ClearTx(ctx, tx)
		return err
	})
	return n, err
}

// ClearTx is one round of Clear within the caller's transaction. It returns the number of sold items that cleared, at
// most 5000.
func (l *Ledger) ClearTx(ctx context.Context, tx pgx.Tx) (n int, err error) {
	at := l.now()
	rows, err := l.q.ClearDue(ctx, tx, dbsqlc.ClearDueParams{At: at, Most: clearRows})
	if err != nil {
		return 0, fmt.Errorf("clear: %w", err)
	}
	arg := dbsqlc.PostParams{At: at}
	for _, r := range rows {
		n += int(r.Earnings)
		if r.Share == 0 {
			continue // all of it was refunded
		}
		// The reference is unique, since an item is the first of one round only.
		reference := fmt.Sprintf("%d/%s/%d", r.CreatorID, r.Currency, r.FirstID)
		if err := add(&arg,
			move(KindClearing, reference, of(Available, r.CreatorID), of(Held, r.CreatorID),
				money.Of(r.Share, r.Currency))); err != nil {
			return 0, err
		}
	}
	if len(arg.Kinds) == 0 {
		return n, nil
	}
	posted, err := l.q.Post(ctx, tx, arg)
	if err == nil && len(posted) != len(arg.Kinds) {
		err = fmt.Errorf("%d of %d postings", len(posted), len(arg.Kinds))
	}
	if err != nil {
		return 0, fmt.Errorf("book the clearing: %w", err)
	}
	return n, nil
}
