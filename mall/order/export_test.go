package order

import (
	"context"

	"github.com/jackc/pgx/v5"

	"videomall/mall/payment"
)

// CloseUnasked is closeUnasked for an order that was not paid in time: it is what close does after the provider said
// "not paid", even if the provider was paid a moment later.
func (s *Orders) CloseUnasked(ctx context.Context, orderNo string) error {
	return s.closeUnasked(ctx, orderNo, move{Closed, "not_paid_in_time", "system"})
}

// MoveTx is moveTx on a copy of the order.
func (s *Orders) MoveTx(ctx context.Context, tx pgx.Tx, o Order, to Status) error {
	return s.moveTx(ctx, tx, &o, move{to, "test", "test"})
}

// WhatIfCame is WhatIf for a notice that was not recorded.
func (s *Orders) WhatIfCame(ctx context.Context, orderNo string, n payment.Notice) (WhatIf, error) {
	return s.whatIf(ctx, orderNo, n, false)
}
