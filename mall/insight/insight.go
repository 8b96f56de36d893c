// Package insight owns what creators see of their business: what was sold and given back, who came and from where, what
// was watched and how far, summed by day. It refuses to know how an order is paid, how a video is played and what a page
// looks like; it hears of each by a verb, and whoever joins the modules hands it what it needs of others. Days are
// those of each creator's own zone; the mall's are those of UTC.
package insight

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/calendar"
	"videomall/mall/insight/internal/dbsqlc"
	"videomall/telemetry"
)

// Whole stands for a video's number in the sums of a creator as a whole.
const Whole int64 = 0

// Mall stands for a creator's number in the sums of the mall as a whole.
const Mall int64 = 0

// Deps are what the sums stand on.
type Deps struct {
	Pool    *pgxpool.Pool
	Now     func() time.Time
	Log     *slog.Logger
	Metrics *telemetry.Metrics
	// Key makes of a visitor and a day the number that stands for both, 32 bytes.
	Key []byte
	// Facts sums the rows of orders from one day of a zone to another, both included, as the caller's transaction sees
	// them: of some creators, or of everybody with creators nil. Its sums of the mall are those of all who were asked
	// for.
	Facts func(ctx context.Context, tx pgx.Tx, z calendar.Zone, from, to time.Time, creators []int64) ([]Sums, error)
	// Since is when the first order was paid, as the caller's transaction sees it; nil when none was.
	Since func(context.Context, pgx.Tx) (*time.Time, error)
	// Waiting counts the events of orders that are on their way here, as the caller's transaction sees them.
	Waiting func(context.Context, pgx.Tx) (int64, error)
	// CreatorsOf says whose the videos are; those that don't exist are absent.
	CreatorsOf func(ctx context.Context, spuIDs []int64) (map[int64]int64, error)
}

// Insight counts and tells.
type Insight struct {
	deps Deps
	q    *dbsqlc.Queries

	mu      sync.Mutex
	visits  []Visit
	signs   []Sign
	dropped int // of both, since the last flush
}

// New opens the sums. It starts nothing: Run flushes what is heard of.
func New(d Deps) *Insight { return &Insight{deps: d, q: dbsqlc.New()} }

// Sums are what a creator, or one video, sold and gave back on a day in one currency.
type Sums struct {
	Day       time.Time // of the creator's zone, as package calendar writes it
	CreatorID int64     // Mall for all of them
	SPUID     int64     // Whole for all of the creator's
	Currency  string
	Sales
}

// Sales count money: Orders and Units that were paid, Gross what was paid for them; Refunds that went through, and
// Refunded what went back, for whatever was paid when. Sums are in minor units.
type Sales struct{ Orders, Units, Gross, Refunds, Refunded int64 }

// Net is what was paid less what went back.
func (s Sales) Net() int64 { return s.Gross - s.Refunded }

func (s Sales) plus(o Sales) Sales {
	return Sales{s.Orders + o.Orders, s.Units + o.Units, s.Gross + o.Gross, s.Refunds + o.Refunds,
		s.Refunded + o.Refunded}
}

// Traffic counts visits and plays. Visitors and viewers are different ones on each day, added up.
type Traffic struct{ Views, Visitors, Viewers, WatchSeconds int64 }

func (t Traffic) plus(o Traffic) Traffic {
	return Traffic{t.Views + o.Views, t.Visitors + o.Visitors, t.Viewers + o.Viewers, t.WatchSeconds + o.WatchSeconds}
}
