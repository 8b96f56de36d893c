// Package insight owns the reports of creators: sales and refunds, visits and their sources, and how much of each video
// was watched, summed by day. It knows nothing of how an order is paid, how a video is played and what a page looks
// like; other packages call it when something happens, and it gets what it needs of them in Deps. Days are those of
// each creator's own zone; those of the mall are UTC days.
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

// Deps are the dependencies of Insight.
type Deps struct {
	Pool    *pgxpool.Pool
	Now     func() time.Time
	Log     *slog.Logger
	Metrics *telemetry.Metrics
	// Key is the 32-byte key with which a visitor and a day are hashed to a number.
	Key []byte
	// Facts sums the orders from one day of a zone to another, both included, as the caller's transaction sees them: of
	// some creators, or of all if creators is nil. Its sums of the mall are the sums over these creators.
	Facts func(ctx context.Context, tx pgx.Tx, z calendar.Zone, from, to time.Time, creators []int64) ([]Sums, error)
	// Since returns when the first order was paid, as the caller's transaction sees it, or nil if none was.
	Since func(context.Context, pgx.Tx) (*time.Time, error)
	// Waiting counts the events of orders that are not delivered here yet, as the caller's transaction sees them.
	Waiting func(context.Context, pgx.Tx) (int64, error)
	// CreatorsOf returns the creators of videos; videos that don't exist are absent.
	CreatorsOf func(ctx context.Context, spuIDs []int64) (map[int64]int64, error)
	// Values says what the sales of a creator, or of the Mall, are worth in one currency, in a range of days.
	Values func(ctx context.Context, creatorID int64, r Range) (Values, error)
}

// Insight counts sales and traffic, and reports them.
type Insight struct {
	deps Deps
	q    *dbsqlc.Queries

	mu      sync.Mutex
	visits  []Visit
	signs   []Sign
	dropped int // the number of visits and signs dropped since the last flush
}

// New returns an Insight. It starts nothing: Run has to be called to flush visits and plays.
func New(d Deps) *Insight { return &Insight{deps: d, q: dbsqlc.New()} }

// Sums are the sales of a creator, or of one video, on a day in one currency.
type Sums struct {
	Day       time.Time // of the creator's zone, as package calendar writes it
	CreatorID int64     // Mall for all creators
	SPUID     int64     // Whole for all videos of the creator
	Currency  string
	Sales
}

// Sales counts sales and refunds: Orders and Units are those that were paid, and Gross is what was paid for them;
// Refunds are those that succeeded, whenever the order was paid, and Refunded is their sum. Sums are in minor units.
type Sales struct{ Orders, Units, Gross, Refunds, Refunded int64 }

// Net is Gross less Refunded.
func (s Sales) Net() int64 { return s.Gross - s.Refunded }

func (s Sales) plus(o Sales) Sales {
	return Sales{
		s.Orders + o.Orders, s.Units + o.Units, s.Gross + o.Gross, s.Refunds + o.Refunds,
		s.Refunded + o.Refunded,
	}
}

// Traffic counts visits and plays. Over several days, Visitors and Viewers are the sums of the days' distinct ones.
type Traffic struct{ Views, Visitors, Viewers, WatchSeconds int64 }

func (t Traffic) plus(o Traffic) Traffic {
	return Traffic{t.Views + o.Views, t.Visitors + o.Visitors, t.Viewers + o.Viewers, t.WatchSeconds + o.WatchSeconds}
}
