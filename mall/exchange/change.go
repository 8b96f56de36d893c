package exchange

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/exchange/internal/dbsqlc"
	"videomall/mall/money"
)

// AddCurrency adds a currency. Errors: ErrCurrency with its fields, ErrCurrencyExists.
func (x *Exchange) AddCurrency(ctx context.Context, actorID int64, c Currency) error {
	return x.saveCurrency(ctx, actorID, c, true)
}

// SaveCurrency adds a currency or changes how its prices end and whether it is offered. Prices change at once; orders
// stay as they are. Errors: ErrCurrency with its fields.
func (x *Exchange) SaveCurrency(ctx context.Context, actorID int64, c Currency) error {
	return x.saveCurrency(ctx, actorID, c, false)
}

func (x *Exchange) saveCurrency(ctx context.Context, actorID int64, c Currency, added bool) error {
	wrong := ErrCurrency
	refuse := func(field, slug string) { wrong = wrong.With(field, slug) }
	if !money.IsCurrency(c.Code) || c.Code == x.deps.Base {
		refuse("code", "exchange_code")
	}
	if c.Step < 1 || c.Step > MaxStep {
		refuse("step", "exchange_step")
	} else if c.Less < 0 || c.Less >= c.Step {
		refuse("less", "exchange_less")
	}
	if len(wrong.Fields) > 0 {
		return wrong
	}
	defer x.recent.Forget()
	return db.InTx(ctx, x.deps.Pool, func(tx pgx.Tx) error {
		_, err := x.q.LockCurrency(ctx, tx, c.Code)
		switch {
		case err == nil && added:
			return ErrCurrencyExists.With("code", ErrCurrencyExists.Slug)
		case err != nil && !errors.Is(err, pgx.ErrNoRows):
			return fmt.Errorf("lock currency %s: %w", c.Code, err)
		}
		if err := x.q.SaveCurrency(ctx, tx, dbsqlc.SaveCurrencyParams{
			Code:      c.Code,
			PriceStep: c.Step,
			PriceLess: c.Less,
			Offered:   c.Offered,
			At:        x.deps.Now(),
		}); err != nil {
			return fmt.Errorf("save currency %s: %w", c.Code, err)
		}
		return x.auditTx(ctx, tx, actorID, "exchange.currency_save", subject(c.Code), map[string]any{
			"step": c.Step, "less": c.Less, "offered": c.Offered,
		})
	})
}

func subject(code string) string { return "currency:" + code }
