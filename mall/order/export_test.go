package order

import (
	"context"

	"github.com/jackc/pgx/v5"

	"videomall/db"
)

// CloseUnasked is the end of close without its questions to the provider: what runs when the provider said
// "not paid" and was paid a moment later.
func (s *Orders) CloseUnasked(ctx context.Context, orderNo string) error {
	return db.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		return s.closeTx(ctx, tx, orderNo, move{Closed, "not_paid_in_time", "system"})
	})
}

// MoveTx is moveTx on a copy of the order.
func (s *Orders) MoveTx(ctx context.Context, tx pgx.Tx, o Order, to Status) error {
	return s.moveTx(ctx, tx, &o, move{to, "test", "test"})
}
