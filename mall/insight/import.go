package insight

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Past is the traffic of one video on one day of the past.
type Past struct {
	Day       time.Time // of the creator's zone
	CreatorID int64
	SPUID     int64
	Visitors  int64
	Views     map[string]int64 // by source
	Buyers    map[string]int64 // orders by source
	Viewers   int64
	Seconds   int64          // watched
	Plays     int64          // begun
	Reached   [buckets]int64 // the number of these plays that showed each hundredth
}

func (p Past) views() (n int64) {
	for _, v := range p.Views {
		n += v
	}
	return n
}

// ImportTx writes past days in the caller's transaction: the sums of sales since a moment, from the orders as that
// transaction sees them, and the given traffic. A creator's visitors and viewers of a day are the sums of those of the
// creator's videos. The traffic must not contain days that have traffic already.
func (s *Insight) ImportTx(ctx context.Context, tx pgx.Tx, since time.Time, past []Past) error {
	if err := lockTx(ctx, tx); err != nil {
		return err
	}
	if err := s.importSales(ctx, tx, since); err != nil {
		return fmt.Errorf("import sums of sales: %w", err)
	}
	var t trafficRows
	whole := map[int64]map[time.Time]*Past{}
	for _, p := range past {
		t.add(p)
		days := whole[p.CreatorID]
		if days == nil {
			days = map[time.Time]*Past{}
			whole[p.CreatorID] = days
		}
		if days[p.Day] == nil {
			days[p.Day] = &Past{
				Day:       p.Day,
				CreatorID: p.CreatorID,
				SPUID:     Whole,
				Views:     map[string]int64{},
				Buyers:    map[string]int64{},
			}
		}
		days[p.Day].merge(p)
	}
	for _, days := range whole {
		for _, p := range days {
			t.add(*p)
		}
	}
	return t.write(ctx, tx)
}

func (p *Past) merge(o Past) {
	p.Visitors = p.Visitors + o.Visitors
	p.Viewers = p.Viewers + o.Viewers
	p.Seconds = p.Seconds + o.Seconds
	for source, n := range o.Views {
		p.Views[source] += n
	}
	for source, n := range o.Buyers {
		p.Buyers[source] += n
	}
}

func (s *Insight) importSales(ctx context.Context, tx pgx.Tx, since time.Time) error {
	zones, err := s.zones(ctx, tx)
	if err != nil {
		return err
	}
	for _, z := range zones {
		r := Range{z.DayOf(since), z.DayOf(s.deps.Now())}
		facts, err := s.factsTx(ctx, tx, z, r)
		if err != nil {
			return err
		}
		if err := s.replaceTx(ctx, tx, z, r, facts); err != nil {
			return err
		}
	}
	return nil
}

// trafficRows are the rows of four tables.
type trafficRows struct{ traffic, arrivals, buyers, retention [][]any }

func (t *trafficRows) add(p Past) {
	t.traffic = append(t.traffic, []any{p.CreatorID, p.SPUID, p.Day, p.views(), p.Visitors, p.Viewers, p.Seconds})
	for source, n := range p.Views {
		t.arrivals = append(t.arrivals, []any{p.CreatorID, p.Day, p.SPUID, source, n})
	}
	for source, n := range p.Buyers {
		t.buyers = append(t.buyers, []any{p.CreatorID, p.Day, p.SPUID, source, n})
	}
	if p.Plays > 0 {
		t.retention = append(t.retention, []any{p.CreatorID, p.Day, p.SPUID, p.Plays, p.Reached[:]})
	}
}

func (t *trafficRows) write(ctx context.Context, tx pgx.Tx) error {
	for _, table := range []struct {
		name    string
		columns []string
		rows    [][]any
	}{
		{
			"insight_traffic",
			[]string{"creator_id", "spu_id", "day", "views", "visitors", "viewers", "watch_seconds"},
			t.traffic,
		},
		{"insight_arrival", []string{"creator_id", "day", "spu_id", "source", "views"}, t.arrivals},
		{"insight_buyer", []string{"creator_id", "day", "spu_id", "source", "orders"}, t.buyers},
		{"insight_retention", []string{"creator_id", "day", "spu_id", "plays", "reached"}, t.retention},
	} {
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{table.name}, table.columns,
			pgx.CopyFromRows(table.rows)); err != nil {
			return fmt.Errorf("import %d rows of %s: %w", len(table.rows), table.name, err)
		}
	}
	return nil
}
