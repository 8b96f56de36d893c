package insight

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/calendar"
	"videomall/mall/insight/internal/dbsqlc"
)

const (
	flushEvery = 3 * time.Second
	lastFlush  = 5 * time.Second // the timeout of the flush at the end
)

// Run flushes every few seconds until ctx ends, and then once more.
func (s *Insight) Run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.flushed(ctx)
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
			defer cancel()
			s.flushed(ctx)
			return
		}
	}
}

func (s *Insight) flushed(ctx context.Context) {
	if err := s.Flush(ctx); err != nil && ctx.Err() == nil {
		s.deps.Log.WarnContext(ctx, "visits and plays could not be written and wait for the next flush", "error", err)
	}
}

// Flush writes the visits and plays since the last flush. If it fails, they are kept for the next one.
func (s *Insight) Flush(ctx context.Context) error {
	s.mu.Lock()
	visits, signs, dropped := s.visits, s.signs, s.dropped
	s.visits = nil
	s.signs = nil
	s.dropped = 0
	s.mu.Unlock()
	if dropped > 0 {
		s.deps.Metrics.InsightDropped(dropped)
	}
	if len(visits)+len(signs) == 0 {
		return nil
	}
	err := s.write(ctx, visits, signs)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.visits, s.signs = append(visits, s.visits...), append(signs, s.signs...)
	}
	return err
}

func (s *Insight) write(ctx context.Context, visits []Visit, signs []Sign) error {
	ids := map[int64]bool{}
	for _, v := range visits {
		ids[v.SPUID] = v.SPUID != 0
	}
	for _, g := range signs {
		ids[g.SPUID] = true
	}
	var spuIDs []int64
	for id, real := range ids {
		if real {
			spuIDs = append(spuIDs, id)
		}
	}
	owners, err := s.deps.CreatorsOf(ctx, spuIDs)
	if err != nil {
		return err
	}
	return db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		// Flushes write the same rows, so only one may run at a time.
		if _, err := tx.Exec(ctx, "lock table insight_seen in share row exclusive mode"); err != nil {
			return fmt.Errorf("lock visits and plays: %w", err)
		}
		creators, err := s.creatorsOfTx(ctx, tx, owners)
		if err != nil {
			return err
		}
		t := tally{}
		if err := s.visitsTx(ctx, tx, visits, creators, t); err != nil {
			return err
		}
		if err := s.signsTx(ctx, tx, signs, creators, t); err != nil {
			return err
		}
		if err := s.trafficTx(ctx, tx, t); err != nil {
			return err
		}
		return s.touchTx(ctx, tx, visits)
	})
}

// creator is the creator of a video, and the zone in which its days are counted.
type creator struct {
	id   int64
	zone calendar.Zone
}

// creatorsOfTx adds the zones of the creators.
func (s *Insight) creatorsOfTx(ctx context.Context, tx pgx.Tx, owners map[int64]int64) (map[int64]creator, error) {
	zones, err := s.zonesOf(ctx, tx, slices.Collect(maps.Values(owners))...)
	if err != nil {
		return nil, err
	}
	creators := make(map[int64]creator, len(owners))
	for spuID, id := range owners {
		creators[spuID] = creator{id, zones[id]}
	}
	return creators, nil
}

// place is a day of a video, or of all videos of a creator if spu is Whole.
type place struct {
	day          time.Time
	creator, spu int64
}

type tally map[place]Traffic

func (t tally) add(p place, more Traffic) { t[p] = t[p].plus(more) }

// sight is a person at a place.
type sight struct {
	place
	person int64
}

func (s *Insight) trafficTx(ctx context.Context, tx pgx.Tx, t tally) error {
	if len(t) == 0 {
		return nil
	}
	var p dbsqlc.AddTrafficParams
	for at, n := range t {
		p.CreatorIds = append(p.CreatorIds, at.creator)
		p.SpuIds = append(p.SpuIds, at.spu)
		p.Days = append(p.Days, at.day)
		p.Views = append(p.Views, n.Views)
		p.Visitors = append(p.Visitors, n.Visitors)
		p.Viewers = append(p.Viewers, n.Viewers)
		p.WatchSeconds = append(p.WatchSeconds, n.WatchSeconds)
	}
	if err := s.q.AddTraffic(ctx, tx, p); err != nil {
		return fmt.Errorf("count visits and plays: %w", err)
	}
	return nil
}

// Purge deletes data that was needed only to count.
func (s *Insight) Purge(ctx context.Context) error {
	now := s.deps.Now()
	for _, purge := range []func() error{
		// In some zone it is still yesterday.
		func() error { return s.q.PurgeSeen(ctx, s.deps.Pool, calendar.UTC.DayOf(now).AddDate(0, 0, -1)) },
		func() error { return s.q.PurgePlays(ctx, s.deps.Pool, now.Add(-48*time.Hour)) },
		func() error { return s.q.PurgeTouches(ctx, s.deps.Pool, now.Add(-attribution)) },
		// The outbox purges events after a week. A dead letter that an operator retries later was never counted.
		func() error { return s.q.PurgeEvents(ctx, s.deps.Pool, now.Add(-14*24*time.Hour)) },
	} {
		if err := purge(); err != nil {
			return fmt.Errorf("purge visits and plays: %w", err)
		}
	}
	return nil
}
