package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"

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

// clearing is what clears together: the shares of one creator in one currency of sales.
type clearing struct {
	creatorID int64
	currency  string
	first     int64            // the id of the first earning
	left      int64            // what is left of the shares
	asSold    int64            // the part of left that becomes available as it is
	became    map[string]int64 // what the rest became, by currency
}

// ClearTx is one round of Clear within the caller's transaction. It returns the number of sold items that cleared, at
// most 5000. Shares of creators who have chosen a settlement currency are converted at the rates of this moment, as
// SetSettlement says.
func (l *Ledger) ClearTx(ctx context.Context, tx pgx.Tx) (n int, err error) {
	at := l.now()
	due, err := l.q.LockDue(ctx, tx, dbsqlc.LockDueParams{At: at, Most: clearRows})
	if err != nil {
		return 0, fmt.Errorf("clear: %w", err)
	}
	if len(due) == 0 {
		return 0, nil
	}
	c, err := l.converterTx(ctx, tx, due, at)
	if err != nil {
		return 0, err
	}
	sold := dbsqlc.SetClearedParams{At: at}
	var groups []*clearing
	find := map[[2]any]*clearing{}
	for _, e := range due {
		key := [2]any{e.CreatorID, e.Currency}
		g := find[key]
		if g == nil {
			g = &clearing{
				creatorID: e.CreatorID,
				currency:  e.Currency,
				first:     e.ID,
				became:    map[string]int64{},
			}
			find[key], groups = g, append(groups, g)
		}
		left := e.Share - e.Back
		g.first, g.left = min(g.first, e.ID), g.left+left
		if !c.convert(e, g.became) {
			g.asSold += left
			sold.Ids = append(sold.Ids, e.ID)
		}
	}
	if len(sold.Ids) > 0 {
		if err := l.q.SetCleared(ctx, tx, sold); err != nil {
			return 0, fmt.Errorf("set what has cleared: %w", err)
		}
	}
	if err := l.setConvertedTx(ctx, tx, c); err != nil {
		return 0, err
	}
	return len(due), l.bookClearingTx(ctx, tx, groups, dbsqlc.PostParams{At: at})
}

// bookClearingTx books what cleared, a posting for each creator and currency of sales.
func (l *Ledger) bookClearingTx(ctx context.Context, tx pgx.Tx, groups []*clearing, arg dbsqlc.PostParams) error {
	slices.SortFunc(groups, func(a, b *clearing) int {
		return cmp.Or(cmp.Compare(a.creatorID, b.creatorID), cmp.Compare(a.currency, b.currency))
	})
	for _, g := range groups {
		if g.left == 0 {
			continue // all of it was refunded
		}
		p := Posting{
			Kind: KindClearing,
			// The reference is unique, since an item is the first of one round only.
			Reference: fmt.Sprintf("%d/%s/%d", g.creatorID, g.currency, g.first),
			Lines: []Line{
				{of(Available, g.creatorID), money.Of(-g.asSold, g.currency)},
				{of(Held, g.creatorID), money.Of(g.left, g.currency)},
			},
		}
		p.Lines = append(p.Lines, converted(g)...)
		if err := add(&arg, p); err != nil {
			return err
		}
	}
	if len(arg.Kinds) == 0 {
		return nil
	}
	posted, err := l.q.Post(ctx, tx, arg)
	if err == nil && len(posted) != len(arg.Kinds) {
		err = fmt.Errorf("%d of %d postings", len(posted), len(arg.Kinds))
	}
	if err != nil {
		return fmt.Errorf("book the clearing: %w", err)
	}
	return nil
}
