package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/exchange"
	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// converter converts the shares that clear together, and keeps what is to be stored with them.
type converter struct {
	table     exchange.Table
	available map[int64]map[string]int64 // of creators who have chosen a settlement currency once, by currency
	store     dbsqlc.SetConvertedParams
	partly    map[string]part // converted earnings that refunds had taken from before, by source
}

// part is a converted share: the whole of it, and what that became.
type part struct{ share, settled int64 }

// converterTx reads the rates of the moment and the balances of creators who have chosen a settlement currency, if
// there are any among the earnings.
func (l *Ledger) converterTx(ctx context.Context, tx pgx.Tx, due []dbsqlc.LockDueRow, at time.Time,
) (c *converter, err error) {
	c = &converter{
		store:     dbsqlc.SetConvertedParams{At: at},
		available: map[int64]map[string]int64{},
		partly:    map[string]part{},
	}
	owner := map[string]int64{}
	for _, e := range due {
		if e.Chosen && c.available[e.CreatorID] == nil {
			c.available[e.CreatorID] = map[string]int64{}
			owner[of(Available, e.CreatorID)] = e.CreatorID
		}
	}
	if len(owner) == 0 {
		return c, nil
	}
	if c.table, err = l.tableTx(ctx, tx, at); err != nil {
		return nil, err
	}
	rows, err := l.q.BalancesOf(ctx, tx, slices.Sorted(maps.Keys(owner)))
	if err != nil {
		return nil, fmt.Errorf("balances of creators whose shares clear: %w", err)
	}
	for _, r := range rows {
		c.available[owner[r.Account]][r.Currency] = -r.Amount
	}
	return c, nil
}

// tableTx returns the rates of a moment, which is about now; none if the books never convert.
func (l *Ledger) tableTx(ctx context.Context, q dbsqlc.DBTX, at time.Time) (exchange.Table, error) {
	if l.deps.Exchange == nil {
		return exchange.Table{}, nil
	}
	return l.deps.Exchange.TableTx(ctx, q, at)
}

// targets returns the currencies that an earning may clear in, the best first: one whose balance is below zero, so that
// later earnings fill it whatever the creator has chosen since; then the settlement currency.
func (c *converter) targets(e dbsqlc.LockDueRow) []string {
	available := c.available[e.CreatorID]
	var list []string
	for _, currency := range slices.Sorted(maps.Keys(available)) {
		if available[currency] < 0 {
			list = append(list, currency)
		}
	}
	if e.Settlement != "" {
		list = append(list, e.Settlement)
	}
	return list
}

// convert adds what is left of an earning's share to sums by the currency that it clears in, and reports whether it did;
// if not, the earning clears as it was sold. The whole share is converted, and what refunds took of it before is
// subtracted in proportion, so that a refund that fails later returns the rest exactly, however little was left.
func (c *converter) convert(e dbsqlc.LockDueRow, sums map[string]int64) bool {
	if !e.Chosen || e.Share == 0 {
		return false
	}
	available := c.available[e.CreatorID]
	for _, to := range c.targets(e) {
		if to == e.Currency {
			break
		}
		settled, err := c.table.Convert(money.Of(e.Share, e.Currency), to)
		if err != nil || sums[to]+settled.Amount > money.MaxSum {
			continue // no rate, or more than a line of the books can have
		}
		rate, err := c.table.Rate(e.Currency, to)
		if err != nil {
			continue
		}
		back := money.Share(settled.Amount, e.Back, e.Share)
		c.store.Ids, c.store.Currencies = append(c.store.Ids, e.ID), append(c.store.Currencies, to)
		c.store.Settled, c.store.Backs = append(c.store.Settled, settled.Amount), append(c.store.Backs, back)
		c.store.Rates = append(c.store.Rates, rate)
		c.partly[e.Source] = part{e.Share, settled.Amount}
		available[to] += settled.Amount - back
		sums[to] += settled.Amount - back
		return true
	}
	available[e.Currency] += e.Share - e.Back
	return false
}

// setConvertedTx stores what was converted, and divides what refunds had taken of it before among them.
func (l *Ledger) setConvertedTx(ctx context.Context, tx pgx.Tx, c *converter) error {
	if len(c.store.Ids) == 0 {
		return nil
	}
	if err := l.q.SetConverted(ctx, tx, c.store); err != nil {
		return fmt.Errorf("set what was converted: %w", err)
	}
	rows, err := l.q.StandingReversals(ctx, tx, slices.Sorted(maps.Keys(c.partly)))
	if err != nil {
		return fmt.Errorf("refunds of what was converted: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	var set dbsqlc.SetReversalsSettledParams
	taken := map[string]int64{}
	for _, r := range rows {
		p, before := c.partly[r.Source], taken[r.Source]
		taken[r.Source] += r.Share
		set.Refs, set.Sources = append(set.Refs, r.Reference), append(set.Sources, r.Source)
		set.Settled = append(set.Settled,
			money.Share(p.settled, taken[r.Source], p.share)-money.Share(p.settled, before, p.share))
	}
	if err := l.q.SetReversalsSettled(ctx, tx, set); err != nil {
		return fmt.Errorf("set the parts of refunds in what was converted: %w", err)
	}
	return nil
}

// settledBack returns how much of what a converted earning became goes back with a part of its share: the proportion of
// everything that went back so far including this part, less what went back before. As with feeBack, failed refunds in
// between may put this off by a minor unit, and the last part takes all that is left.
func settledBack(e dbsqlc.LedgerEarning, share int64) int64 {
	if e.Settled == nil || share == 0 {
		return 0
	}
	whole, back, left := e.Amount-e.Fee, e.AmountBack-e.FeeBack+share, *e.Settled-e.SettledBack
	return max(min(money.Share(*e.Settled, back, whole)-e.SettledBack, left), 0)
}

// conversion returns the lines by which a refund takes what a share became, instead of the share.
func conversion(creatorID int64, settled, share money.Money) []Line {
	return []Line{
		{of(Available, creatorID), settled},
		{Position, neg(settled)},
		{Position, share},
	}
}

// converted returns the lines of what cleared in other currencies.
func converted(g *clearing) []Line {
	lines := []Line{{Position, money.Of(g.asSold-g.left, g.currency)}}
	for _, currency := range slices.SortedFunc(maps.Keys(g.became), strings.Compare) {
		became := money.Of(g.became[currency], currency)
		lines = append(lines, Line{of(Available, g.creatorID), neg(became)}, Line{Position, became})
	}
	return lines
}

// noRate reports whether a sum can't be converted since a rate is missing.
func noRate(err error) bool { return errors.Is(err, exchange.ErrNoRate) }
