package entitlement

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/entitlement/internal/dbsqlc"
)

// Which rentals are told to end: those that last longer than LongRental, EndingSoon before they do.
const (
	LongRental = 48 * time.Hour
	EndingSoon = 24 * time.Hour
)

// EndingTx marks up to most long rentals that end soon and returns them, each once. A rental whose holder owns the
// video, or has rented it for longer, is not among them.
func (e *Entitlements) EndingTx(ctx context.Context, tx pgx.Tx, most int) ([]Entitlement, error) {
	now := e.now()
	rows, err := e.q.TellEnding(ctx, tx, dbsqlc.TellEndingParams{
		At:      now,
		Longer:  int32(LongRental / time.Hour),
		Until:   now.Add(EndingSoon),
		MaxRows: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("rentals that end soon: %w", err)
	}
	list := make([]Entitlement, len(rows))
	for n, r := range rows {
		list[n] = fromRow(r)
	}
	return list, nil
}
