package insight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/insight/internal/dbsqlc"
)

// Fact is the content of an event of an order: that it was paid, or that some of it was refunded.
type Fact struct {
	EventID  int64
	XID      string // the transaction that wrote the event, an xid8
	At       time.Time
	BuyerID  int64
	Currency string
	Lines    []FactLine
}

// FactLine is one line of the order; in a refund, Amount is what was refunded for it.
type FactLine struct {
	CreatorID, SPUID int64
	Units            int64
	Amount           int64 // minor units
}

// attribution is how long before a payment its buyer may have come from a source for the source to count.
const attribution = 7 * 24 * time.Hour

// PaidTx adds a paid order to the sums. An event that is in the sums already changes nothing.
func (s *Insight) PaidTx(ctx context.Context, tx pgx.Tx, f Fact) error {
	sums := spread(f, func(sum *Sales, l FactLine) {
		sum.Orders = 1
		sum.Units = sum.Units + l.Units
		sum.Gross = sum.Gross + l.Amount
	})
	fresh, err := s.addTx(ctx, tx, f, sums)
	if err != nil || len(fresh) == 0 {
		return err
	}
	return s.creditTx(ctx, tx, f, fresh)
}

// RefundedTx adds a refund to the sums of the day on which it succeeded. An event that is in the sums already changes
// nothing.
func (s *Insight) RefundedTx(ctx context.Context, tx pgx.Tx, f Fact) error {
	_, err := s.addTx(ctx, tx, f, spread(f, func(sum *Sales, l FactLine) {
		sum.Refunds, sum.Refunded = 1, sum.Refunded+l.Amount
	}))
	return err
}

// spread returns the sums of one event for each video, for each creator and for the mall, without their day.
func spread(f Fact, add func(*Sales, FactLine)) []Sums {
	type key struct{ creator, spu int64 }
	at := map[key]*Sales{}
	var keys []key
	for _, l := range f.Lines {
		for _, k := range []key{{Mall, Whole}, {l.CreatorID, Whole}, {l.CreatorID, l.SPUID}} {
			if at[k] == nil {
				at[k], keys = &Sales{}, append(keys, k)
			}
			add(at[k], l)
		}
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.creator, b.creator), cmp.Compare(a.spu, b.spu))
	})
	var sums []Sums
	for _, k := range keys {
		sums = append(sums, Sums{
			CreatorID: k.creator,
			SPUID:     k.spu,
			Currency:  f.Currency,
			Sales:     *at[k],
		})
	}
	return sums
}

// lockTx lets only one transaction at a time change the sums. It locks the table instead of a row, because the snapshot
// of a repeatable-read transaction is taken at its first query, and LOCK TABLE is none: a transaction that calls lockTx
// first sees everything that was done under the lock before.
func lockTx(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "lock table insight_mark in share row exclusive mode"); err != nil {
		return fmt.Errorf("lock the sums: %w", err)
	}
	return nil
}

// addTx adds the sums of an event to the day of each creator, and to that of the mall, and returns those that were not
// counted yet. An event may be counted for one creator and not for another, since days are summed at different times.
func (s *Insight) addTx(ctx context.Context, tx pgx.Tx, f Fact, sums []Sums) (fresh []Sums, err error) {
	if err := lockTx(ctx, tx); err != nil {
		return nil, err
	}
	noted, err := s.q.NoteEvent(ctx, tx, dbsqlc.NoteEventParams{EventID: f.EventID, At: s.deps.Now()})
	if err != nil {
		return nil, fmt.Errorf("note event %d: %w", f.EventID, err)
	}
	if noted == 0 || len(sums) == 0 {
		return nil, nil
	}
	p := dbsqlc.SummedParams{Xid: f.XID}
	for _, v := range sums {
		if v.SPUID == Whole {
			p.CreatorIds = append(p.CreatorIds, v.CreatorID)
		}
	}
	zones, err := s.zonesOf(ctx, tx, p.CreatorIds...)
	if err != nil {
		return nil, err
	}
	for _, id := range p.CreatorIds {
		p.Zones, p.Days = append(p.Zones, zones[id].Name()), append(p.Days, zones[id].DayOf(f.At))
	}
	summed, err := s.q.Summed(ctx, tx, p)
	if err != nil {
		return nil, fmt.Errorf("look up event %d in the sums: %w", f.EventID, err)
	}
	for _, v := range sums {
		if !slices.Contains(summed, v.CreatorID) {
			v.Day = zones[v.CreatorID].DayOf(f.At)
			fresh = append(fresh, v)
		}
	}
	if len(fresh) == 0 {
		return nil, nil
	}
	return fresh, s.writeTx(ctx, tx, fresh)
}

// writeTx adds sums to the stored ones.
func (s *Insight) writeTx(ctx context.Context, tx pgx.Tx, sums []Sums) error {
	var p dbsqlc.AddSumsParams
	for _, v := range sums {
		p.Days = append(p.Days, v.Day)
		p.CreatorIds = append(p.CreatorIds, v.CreatorID)
		p.SpuIds = append(p.SpuIds, v.SPUID)
		p.Currencies = append(p.Currencies, v.Currency)
		p.Orders = append(p.Orders, v.Orders)
		p.Units = append(p.Units, v.Units)
		p.Gross = append(p.Gross, v.Gross)
		p.Refunds, p.Refunded = append(p.Refunds, v.Refunds), append(p.Refunded, v.Refunded)
	}
	if err := s.q.AddSums(ctx, tx, p); err != nil {
		return fmt.Errorf("add to the sums: %w", err)
	}
	return nil
}

// creditTx counts the order for the source that led its buyer here, if one is known.
func (s *Insight) creditTx(ctx context.Context, tx pgx.Tx, f Fact, sums []Sums) error {
	source, err := s.q.TouchOf(ctx, tx, dbsqlc.TouchOfParams{UserID: f.BuyerID, Since: f.At.Add(-attribution)})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("source of user %d: %w", f.BuyerID, err)
	}
	p := dbsqlc.AddBuyerParams{Source: source}
	for _, v := range sums {
		if v.CreatorID != Mall { // only creators see sources
			p.CreatorIds, p.SpuIds = append(p.CreatorIds, v.CreatorID), append(p.SpuIds, v.SPUID)
			p.Days = append(p.Days, v.Day)
		}
	}
	if err := s.q.AddBuyer(ctx, tx, p); err != nil {
		return fmt.Errorf("count where user %d came from: %w", f.BuyerID, err)
	}
	return nil
}
