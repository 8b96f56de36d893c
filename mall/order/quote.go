package order

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/mall/money"
)

// Quote is what an order of some lines would cost right now, and what stands in its way.
type Quote struct {
	Lines []QuoteLine
	Total money.Money // of the lines without a problem
}

// QuoteLine is one line at today's price. Problem is the slug of what keeps it from being bought, or empty;
// Offer is zero when the SKU is not for sale at all.
type QuoteLine struct {
	Line
	Offer   catalog.Offer
	Amount  money.Money
	Problem string
}

// Buyable says that every line can be bought.
func (q Quote) Buyable() bool {
	return len(q.Lines) > 0 && !slices.ContainsFunc(q.Lines, func(l QuoteLine) bool { return l.Problem != "" })
}

// Quote prices lines for a person (0 for a guest) with the rules and the arithmetic of Place, and changes nothing.
// A line that can't be bought carries its problem instead of failing the rest. Errors: ErrMixedCurrency.
func (s *Orders) Quote(ctx context.Context, userID int64, lines []Line) (Quote, error) {
	var quote Quote
	err := db.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		priced, err := s.priceTx(ctx, tx, userID, lines, s.Now())
		if err != nil {
			return err
		}
		quote = priced
		return nil
	})
	if err != nil {
		return Quote{}, err
	}
	left, err := s.Inventory.Available(ctx, skuIDs(lines))
	if err != nil {
		return Quote{}, err
	}
	quote.Total = money.Money{}
	for i := range quote.Lines {
		l := &quote.Lines[i]
		if n, limited := left[l.SKUID]; l.Problem == "" && l.Offer.StockLimited && (!limited || n < int64(l.Quantity)) {
			l.Problem = "sold_out"
		}
		if l.Problem != "" {
			continue
		}
		if quote.Total, err = quote.Total.Add(l.Amount); err != nil {
			return Quote{}, ErrMixedCurrency.Because("%w", err)
		}
	}
	return quote, nil
}

// priceTx looks up each line's offer and names what forbids its sale, stock apart. Total is the sum of all lines
// without a problem.
func (s *Orders) priceTx(ctx context.Context, tx pgx.Tx, userID int64, lines []Line, at time.Time) (Quote, error) {
	offers, err := s.Catalog.OffersTx(ctx, tx, skuIDs(lines), at)
	if err != nil {
		return Quote{}, err
	}
	var quote Quote
	for _, line := range lines {
		priced := QuoteLine{Line: line, Offer: offers[line.SKUID]}
		if priced.Problem, err = s.problemTx(ctx, tx, userID, priced); err != nil {
			return Quote{}, err
		}
		if priced.Offer.SKUID != 0 {
			if priced.Amount, err = priced.Offer.Amount.Times(line.Quantity); err != nil {
				return Quote{}, ErrQuantity.Because("sku %d: %w", line.SKUID, err)
			}
		}
		if priced.Problem == "" {
			if quote.Total, err = quote.Total.Add(priced.Amount); err != nil {
				return Quote{}, ErrMixedCurrency.Because("%w", err)
			}
		}
		quote.Lines = append(quote.Lines, priced)
	}
	return quote, nil
}

func (s *Orders) problemTx(ctx context.Context, tx pgx.Tx, userID int64, l QuoteLine) (string, error) {
	switch {
	case l.Offer.SKUID == 0:
		return ErrUnavailable.Slug, nil
	case l.Quantity < 1 || l.Quantity > l.Offer.MaxPerOrder:
		return ErrQuantity.Slug, nil
	case userID == 0:
		return "", nil
	}
	owned, err := s.Entitlements.OwnsTx(ctx, tx, userID, l.Offer.SPUID, l.Offer.Quality)
	if err != nil {
		return "", fmt.Errorf("what user %d owns of spu %d: %w", userID, l.Offer.SPUID, err)
	}
	if owned {
		return ErrAlreadyOwned.Slug, nil
	}
	return "", nil
}

// problemFault turns a line's problem back into the fault that Place answers with.
func problemFault(l QuoteLine) error {
	for _, f := range []*fault.Fault{ErrUnavailable, ErrQuantity, ErrAlreadyOwned} {
		if f.Slug == l.Problem {
			return f.With(fmt.Sprintf("sku:%d", l.SKUID), l.Problem)
		}
	}
	return fmt.Errorf("sku %d: unknown problem %q", l.SKUID, l.Problem)
}

func skuIDs(lines []Line) []int64 {
	ids := make([]int64, len(lines))
	for i, l := range lines {
		ids[i] = l.SKUID
	}
	return ids
}
