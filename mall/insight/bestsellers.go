package insight

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/insight/internal/dbsqlc"
)

// BestSeller sums up the sales of one video in one currency, in minor units.
type BestSeller struct {
	CreatorID int64
	SPUID     int64
	Currency  string
	Orders    int64
	Gross     int64
	Refunded  int64
	Before    int64               // the gross of the range of the same length right before
	Days      map[time.Time]int64 // the gross of each day of the range; days without sales are absent
}

// BestSellers lists at most most videos of all creators, those with the most orders in a range.
func (s *Insight) BestSellers(ctx context.Context, r Range, most int) ([]BestSeller, error) {
	rows, err := s.q.BestSellers(ctx, s.deps.Pool, dbsqlc.BestSellersParams{
		FromDay: r.From,
		ToDay:   r.To,
		MaxRows: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("top videos: %w", err)
	}
	type key struct {
		spu      int64
		currency string
	}
	list, at := make([]BestSeller, len(rows)), map[key]*BestSeller{}
	arg := dbsqlc.VideoDaysParams{FromDay: r.Before().From, ToDay: r.To}
	for n, v := range rows {
		list[n] = BestSeller{
			CreatorID: v.CreatorID,
			SPUID:     v.SpuID,
			Currency:  v.Currency,
			Orders:    v.Orders,
			Gross:     v.Gross,
			Refunded:  v.Refunded,
			Days:      map[time.Time]int64{},
		}
		at[key{v.SpuID, v.Currency}] = &list[n]
		arg.CreatorIds, arg.SpuIds = append(arg.CreatorIds, v.CreatorID), append(arg.SpuIds, v.SpuID)
	}
	days, err := s.q.VideoDays(ctx, s.deps.Pool, arg)
	if err != nil {
		return nil, fmt.Errorf("days of %d videos: %w", len(list), err)
	}
	for _, d := range days {
		f := at[key{d.SpuID, d.Currency}]
		switch {
		case f == nil: // sales in another currency, which are not in the list
		case d.Day.Before(r.From):
			f.Before += d.Gross
		default:
			f.Days[d.Day] = d.Gross
		}
	}
	return list, nil
}
