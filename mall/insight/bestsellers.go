package insight

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/insight/internal/dbsqlc"
)

// BestSeller sums up the sales of one video: in each currency, by code, and their value in the mall's own, in minor
// units.
type BestSeller struct {
	CreatorID int64
	SPUID     int64
	Sold      []Sold
	Value     Sold
	Partial   bool                // Value lacks sums of Sold, in a currency without a rate
	Before    int64               // the gross value of the range of the same length right before
	Days      map[time.Time]int64 // the gross value of each day of the range; days without sales are absent
}

// BestSellers lists at most most videos of all creators, those with the highest value in a range first.
func (s *Insight) BestSellers(ctx context.Context, r Range, most int) ([]BestSeller, error) {
	values, err := s.deps.Values(ctx, Mall, r)
	if err != nil {
		return nil, fmt.Errorf("what sales are worth: %w", err)
	}
	currencies, factors := values.columns()
	rows, err := s.q.BestSellers(ctx, s.deps.Pool, dbsqlc.BestSellersParams{
		Currency:   values.Currency,
		Currencies: currencies,
		Factors:    factors,
		FromDay:    r.From,
		ToDay:      r.To,
		MaxRows:    int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("top videos: %w", err)
	}
	list, at := make([]BestSeller, len(rows)), map[int64]*daily{}
	arg := dbsqlc.VideoDaysParams{FromDay: r.Before().From, ToDay: r.To}
	for n, v := range rows {
		list[n] = BestSeller{
			CreatorID: v.CreatorID,
			SPUID:     v.SpuID,
			Days:      map[time.Time]int64{},
		}
		at[v.SpuID] = &daily{days: map[time.Time][]Sold{}}
		arg.CreatorIds, arg.SpuIds = append(arg.CreatorIds, v.CreatorID), append(arg.SpuIds, v.SpuID)
	}
	days, err := s.q.VideoDays(ctx, s.deps.Pool, arg)
	if err != nil {
		return nil, fmt.Errorf("days of %d videos: %w", len(list), err)
	}
	for _, d := range days {
		at[d.SpuID].add(d, r)
	}
	for n := range list {
		f, found := &list[n], at[list[n].SPUID]
		f.Sold, f.Value, f.Partial = found.sold, values.Of(found.sold), values.lack(found.sold)
		f.Before = values.Of(found.before).Gross
		for day, sold := range found.days {
			f.Days[day] = values.Of(sold).Gross
		}
	}
	return list, nil
}

// daily are the sales of a video, by currency: in a range, on each of its days, and before it.
type daily struct {
	sold, before []Sold
	days         map[time.Time][]Sold
}

// add adds a day of one currency. Those of one currency come one after the other.
func (v *daily) add(d dbsqlc.VideoDaysRow, r Range) {
	sales := Sold{d.Currency, Sales{d.Orders, d.Units, d.Gross, d.Refunds, d.Refunded}}
	if d.Day.Before(r.From) {
		v.before = append(v.before, sales)
		return
	}
	v.days[d.Day] = append(v.days[d.Day], sales)
	if n := len(v.sold); n > 0 && v.sold[n-1].Currency == d.Currency {
		v.sold[n-1].Sales = v.sold[n-1].plus(sales.Sales)
		return
	}
	v.sold = append(v.sold, sales)
}
