package insight

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"videomall/mall/insight/internal/dbsqlc"
)

// MostDays is the longest range that can be asked for.
const MostDays = 366

// Range is from one day to another, both included, of whichever zone.
type Range struct{ From, To time.Time }

// Last is the n days up to today, which is a day of the reader's zone.
func Last(n int, today time.Time) Range { return Range{today.AddDate(0, 0, 1-n), today} }

// Days is how many there are.
func (r Range) Days() int { return int(r.To.Sub(r.From)/(24*time.Hour)) + 1 }

// Before is the range of the same length that ends where this one begins.
func (r Range) Before() Range {
	return Range{r.From.AddDate(0, 0, -r.Days()), r.From.AddDate(0, 0, -1)}
}

// Report is what a creator, or a video, did in a range. Currencies are in the order of their codes; days without
// anything are absent.
type Report struct {
	Range   Range
	Sales   []Sold
	Traffic Traffic
	Days    []Day
}

// Sold are the sales in one currency.
type Sold struct {
	Currency string
	Sales
}

// Day is one day of a report.
type Day struct {
	Day     time.Time
	Sales   map[string]Sales // by currency
	Traffic Traffic
}

// Orders counts those of all currencies.
func (r Report) Orders() (n int64) {
	for _, s := range r.Sales {
		n += s.Orders
	}
	return n
}

// Refunds counts those of all currencies.
func (r Report) Refunds() (n int64) {
	for _, s := range r.Sales {
		n += s.Refunds
	}
	return n
}

// In is what was sold in a currency.
func (r Report) In(currency string) Sales {
	for _, s := range r.Sales {
		if s.Currency == currency {
			return s.Sales
		}
	}
	return Sales{}
}

// Currencies are those in which reports have sales, in the order of their codes.
func Currencies(reports ...Report) []string {
	seen := map[string]bool{}
	for _, r := range reports {
		for _, s := range r.Sales {
			seen[s.Currency] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Empty says that nothing is known of the range.
func (r Report) Empty() bool { return len(r.Days) == 0 }

// Conversion is how many of a thousand visitors bought; false without visitors.
func (r Report) Conversion() (perMille int64, ok bool) {
	if r.Traffic.Visitors == 0 {
		return 0, false
	}
	return r.Orders() * 1000 / r.Traffic.Visitors, true
}

// Report reads a range of days, of the creator's zone, of a creator's video, or with Whole of all of it. It reads sums,
// never orders.
func (s *Insight) Report(ctx context.Context, creatorID, spuID int64, r Range) (Report, error) {
	sales, err := s.q.Days(ctx, s.deps.Pool, dbsqlc.DaysParams{
		CreatorID: creatorID,
		SpuID:     spuID,
		FromDay:   r.From,
		ToDay:     r.To,
	})
	if err != nil {
		return Report{}, fmt.Errorf("sales of creator %d: %w", creatorID, err)
	}
	traffic, err := s.q.TrafficDays(ctx, s.deps.Pool, dbsqlc.TrafficDaysParams{
		CreatorID: creatorID,
		SpuID:     spuID,
		FromDay:   r.From,
		ToDay:     r.To,
	})
	if err != nil {
		return Report{}, fmt.Errorf("traffic of creator %d: %w", creatorID, err)
	}
	p := Report{Range: r}
	totals := map[string]Sales{}
	for len(sales)+len(traffic) > 0 {
		d := Day{Sales: map[string]Sales{}}
		if len(traffic) == 0 || len(sales) > 0 && !sales[0].Day.After(traffic[0].Day) {
			d.Day = sales[0].Day
		} else {
			d.Day = traffic[0].Day
		}
		for ; len(sales) > 0 && sales[0].Day.Equal(d.Day); sales = sales[1:] {
			v := sales[0]
			d.Sales[v.Currency] = Sales{v.Orders, v.Units, v.Gross, v.Refunds, v.Refunded}
			totals[v.Currency] = totals[v.Currency].plus(d.Sales[v.Currency])
		}
		if len(traffic) > 0 && traffic[0].Day.Equal(d.Day) {
			v := traffic[0]
			d.Traffic = Traffic{v.Views, v.Visitors, v.Viewers, v.WatchSeconds}
			p.Traffic = p.Traffic.plus(d.Traffic)
			traffic = traffic[1:]
		}
		p.Days = append(p.Days, d)
	}
	for _, currency := range slices.Sorted(maps.Keys(totals)) {
		p.Sales = append(p.Sales, Sold{currency, totals[currency]})
	}
	return p, nil
}

// VideoSums is what one video did, in one currency; without sales the currency is empty.
type VideoSums struct {
	SPUID int64
	Sold
	Traffic Traffic
}

// Videos reads a creator's videos of which anything is known in a range, those with most orders first, at most so many.
func (s *Insight) Videos(ctx context.Context, creatorID int64, r Range, most int) ([]VideoSums, error) {
	rows, err := s.q.TopVideos(ctx, s.deps.Pool, dbsqlc.TopVideosParams{
		CreatorID: creatorID,
		FromDay:   r.From,
		ToDay:     r.To,
		MaxRows:   int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("videos of creator %d: %w", creatorID, err)
	}
	list := make([]VideoSums, len(rows))
	for n, v := range rows {
		list[n] = VideoSums{v.SpuID, Sold{v.Currency, Sales{v.Orders, v.Units, v.Gross, v.Refunds, v.Refunded}},
			Traffic{v.Views, v.Visitors, v.Viewers, v.WatchSeconds}}
	}
	return list, nil
}

// Source is where views and buyers came from.
type Source struct {
	Name          string
	Views, Orders int64
}

// Sources reads where people came from in a range, those that brought most orders first. Orders beyond those are of
// buyers of whom no source is known, and stand last as SourceUnknown.
func (s *Insight) Sources(ctx context.Context, creatorID, spuID int64, r Range, orders int64) ([]Source, error) {
	rows, err := s.q.Sources(ctx, s.deps.Pool, dbsqlc.SourcesParams{
		CreatorID: creatorID,
		SpuID:     spuID,
		FromDay:   r.From,
		ToDay:     r.To,
	})
	if err != nil {
		return nil, fmt.Errorf("sources of creator %d: %w", creatorID, err)
	}
	var list []Source
	for _, v := range rows {
		list = append(list, Source{v.Source, v.Views, v.Orders})
		orders -= v.Orders
	}
	if orders > 0 {
		list = append(list, Source{SourceUnknown, 0, orders})
	}
	return list, nil
}

// Curve is how far the plays of a video got: Reached[n] of them showed its nth hundredth.
type Curve struct {
	Plays   int64
	Reached [buckets]int64
}

// Retention reads the curve of the plays that began in a range.
func (s *Insight) Retention(ctx context.Context, creatorID, spuID int64, r Range) (Curve, error) {
	var c Curve
	plays, err := s.q.Plays(ctx, s.deps.Pool, dbsqlc.PlaysParams{
		CreatorID: creatorID,
		SpuID:     spuID,
		FromDay:   r.From,
		ToDay:     r.To,
	})
	if err != nil {
		return c, fmt.Errorf("plays of SPU %d: %w", spuID, err)
	}
	rows, err := s.q.Reached(ctx, s.deps.Pool, dbsqlc.ReachedParams{
		CreatorID: creatorID,
		SpuID:     spuID,
		FromDay:   r.From,
		ToDay:     r.To,
	})
	if err != nil {
		return c, fmt.Errorf("retention of SPU %d: %w", spuID, err)
	}
	c.Plays = plays
	for _, v := range rows {
		c.Reached[v.Bucket-1] = v.Plays
	}
	return c, nil
}
