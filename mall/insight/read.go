package insight

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"videomall/mall/insight/internal/dbsqlc"
)

// MostDays is the length of the longest range, in days.
const MostDays = 366

// Range is a range of days of some zone, both ends included.
type Range struct{ From, To time.Time }

// Last returns the last n days up to today, which is a day of the reader's zone.
func Last(n int, today time.Time) Range { return Range{today.AddDate(0, 0, 1-n), today} }

// Days returns the number of days.
func (r Range) Days() int { return int(r.To.Sub(r.From)/(24*time.Hour)) + 1 }

// Before returns the range of the same length that ends on the day before this one begins.
func (r Range) Before() Range {
	return Range{r.From.AddDate(0, 0, -r.Days()), r.From.AddDate(0, 0, -1)}
}

// Report sums up the sales and the traffic of a creator, or of one video, in a range. Currencies are in the order of
// their codes. Days without sales and traffic are absent.
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

// Orders returns the number of orders in all currencies.
func (r Report) Orders() (n int64) {
	for _, s := range r.Sales {
		n += s.Orders
	}
	return n
}

// Refunds returns the number of refunds in all currencies.
func (r Report) Refunds() (n int64) {
	for _, s := range r.Sales {
		n += s.Refunds
	}
	return n
}

// In returns the sales in a currency.
func (r Report) In(currency string) Sales { return salesIn(r.Sales, currency) }

func salesIn(list []Sold, currency string) Sales {
	for _, s := range list {
		if s.Currency == currency {
			return s.Sales
		}
	}
	return Sales{}
}

// Currencies returns the currencies in which reports have sales, in the order of their codes.
func Currencies(reports ...Report) []string {
	seen := map[string]bool{}
	for _, r := range reports {
		for _, s := range r.Sales {
			seen[s.Currency] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Empty reports whether the range has neither sales nor traffic.
func (r Report) Empty() bool { return len(r.Days) == 0 }

// Conversion returns the number of orders per thousand visitors; ok is false if there were no visitors.
func (r Report) Conversion() (perMille int64, ok bool) {
	if r.Traffic.Visitors == 0 {
		return 0, false
	}
	return r.Orders() * 1000 / r.Traffic.Visitors, true
}

// Report reads the report of a creator's video, or of all of them if spuID is Whole, for a range of days of the
// creator's zone. It reads sums, never orders.
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

// VideoSums sums up one video: what it sold in each currency, by code, and the value of all of that. Sold is empty if
// there were no sales.
type VideoSums struct {
	SPUID   int64
	Sold    []Sold
	Value   Sold
	Partial bool // Value lacks sums of Sold, in a currency without a rate
	Traffic Traffic
}

// In returns the sales in a currency.
func (v VideoSums) In(currency string) Sales { return salesIn(v.Sold, currency) }

// Videos lists at most most of a creator's videos that have sales or traffic in a range, those with the highest value
// first: what was paid for them, in the currency of Values.
func (s *Insight) Videos(ctx context.Context, creatorID int64, r Range, most int) ([]VideoSums, error) {
	values, err := s.deps.Values(ctx, creatorID, r)
	if err != nil {
		return nil, fmt.Errorf("what the sales of creator %d are worth: %w", creatorID, err)
	}
	currencies, factors := values.columns()
	rows, err := s.q.TopVideos(ctx, s.deps.Pool, dbsqlc.TopVideosParams{
		CreatorID:  creatorID,
		FromDay:    r.From,
		ToDay:      r.To,
		MaxRows:    int32(most),
		Currencies: currencies,
		Factors:    factors,
	})
	if err != nil {
		return nil, fmt.Errorf("videos of creator %d: %w", creatorID, err)
	}
	var list []VideoSums
	for _, v := range rows {
		if n := len(list); n == 0 || list[n-1].SPUID != v.SpuID {
			if n == most {
				break // the query has as many that were only seen
			}
			list = append(list, VideoSums{
				SPUID:   v.SpuID,
				Traffic: Traffic{v.Views, v.Visitors, v.Viewers, v.WatchSeconds},
			})
		}
		if last := &list[len(list)-1]; v.Currency != "" {
			sales := Sales{v.Orders, v.Units, v.Gross, v.Refunds, v.Refunded}
			last.Sold = append(last.Sold, Sold{v.Currency, sales})
		}
	}
	for n := range list {
		list[n].Value, list[n].Partial = values.Of(list[n].Sold), values.lack(list[n].Sold)
	}
	return list, nil
}

// Source is where visitors came from, with the number of their views and orders.
type Source struct {
	Name          string
	Views, Orders int64
}

// Sources lists the sources of a range, those with the most orders first. orders is the number of all orders in the
// range; those whose source is not known are listed last, as SourceUnknown.
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

// Curve is a retention curve: Reached[n] of the plays of a video showed its nth hundredth.
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
