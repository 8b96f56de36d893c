package insight

import (
	"cmp"
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
	lastFlush  = 5 * time.Second // how long the flush at the end may take
)

// Run flushes every few seconds until ctx ends, and once more then.
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
		s.Log.WarnContext(ctx, "visits and plays not written down yet", "error", err)
	}
}

// Flush writes down what was heard of since the last time. What could not be written waits for the next.
func (s *Insight) Flush(ctx context.Context) error {
	s.mu.Lock()
	visits, signs, dropped := s.visits, s.signs, s.dropped
	s.visits = nil
	s.signs = nil
	s.dropped = 0
	s.mu.Unlock()
	if dropped > 0 {
		s.Metrics.InsightDropped(dropped)
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
	owners, err := s.CreatorsOf(ctx, spuIDs)
	if err != nil {
		return err
	}
	return db.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		// One flush at a time: they meet in the same rows.
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

// creator is whose a video is, and in which zone the video's days are cut.
type creator struct {
	id   int64
	zone calendar.Zone
}

// creatorsOfTx adds the zones of those whose the videos are.
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

// place is a video's day, or with Whole its creator's.
type place struct {
	day          time.Time
	creator, spu int64
}

type tally map[place]Traffic

func (t tally) add(p place, more Traffic) { t[p] = t[p].plus(more) }

// sight is somebody at a place.
type sight struct {
	place
	person int64
}

// visitsTx counts the visits that count; creators who look at their own pages don't.
func (s *Insight) visitsTx(ctx context.Context, tx pgx.Tx, visits []Visit, creators map[int64]creator, t tally) error {
	sources := map[sight]string{}
	var p dbsqlc.SeeVisitsParams
	note := func(at sight, v Visit) {
		if _, twice := sources[at]; twice {
			return
		}
		sources[at] = v.Source
		p.Days = append(p.Days, at.day)
		p.CreatorIds = append(p.CreatorIds, at.creator)
		p.SpuIds = append(p.SpuIds, at.spu)
		p.People, p.Moments = append(p.People, at.person), append(p.Moments, v.at)
	}
	for _, v := range visits {
		creator, ok := creators[v.SPUID]
		if !ok || v.UserID == creator.id {
			continue
		}
		day := creator.zone.DayOf(v.at)
		note(sight{place{day, creator.id, v.SPUID}, v.person(day)}, v)
		note(sight{place{day, creator.id, Whole}, v.person(day)}, v)
	}
	if len(sources) == 0 {
		return nil
	}
	rows, err := s.q.SeeVisits(ctx, tx, p)
	if err != nil {
		return fmt.Errorf("note visits: %w", err)
	}
	arrivals := map[arrival]int64{}
	for _, r := range rows {
		at := place{r.Day, r.CreatorID, r.SpuID}
		if r.Fresh {
			t.add(at, Traffic{Visitors: 1})
		}
		if r.SpuID == Whole {
			continue // its views are those of its videos
		}
		whole := place{r.Day, r.CreatorID, Whole}
		t.add(at, Traffic{Views: 1})
		t.add(whole, Traffic{Views: 1})
		source := cmp.Or(sources[sight{at, r.Person}], SourceDirect)
		arrivals[arrival{at, source}]++
		arrivals[arrival{whole, source}]++
	}
	return s.arrivalsTx(ctx, tx, arrivals)
}

// arrival is a source at a place.
type arrival struct {
	place
	source string
}

func (s *Insight) arrivalsTx(ctx context.Context, tx pgx.Tx, arrivals map[arrival]int64) error {
	known, err := s.knownTx(ctx, tx, arrivals)
	if err != nil {
		return err
	}
	counted := map[arrival]int64{}
	for a, n := range arrivals {
		names := known[place{a.day, a.creator, Whole}]
		if !names[a.source] && len(names) >= mostSources {
			a.source = SourceOther
		}
		if names != nil {
			names[a.source] = true
		}
		counted[a] += n
	}
	var p dbsqlc.AddArrivalsParams
	for a, n := range counted {
		p.CreatorIds = append(p.CreatorIds, a.creator)
		p.Days = append(p.Days, a.day)
		p.SpuIds = append(p.SpuIds, a.spu)
		p.Sources, p.Views = append(p.Sources, a.source), append(p.Views, n)
	}
	if err := s.q.AddArrivals(ctx, tx, p); err != nil {
		return fmt.Errorf("count sources: %w", err)
	}
	return nil
}

// knownTx reads the names of sources that the creators' days have so far.
func (s *Insight) knownTx(ctx context.Context, tx pgx.Tx,
	arrivals map[arrival]int64) (map[place]map[string]bool, error) {
	known := map[place]map[string]bool{}
	var p dbsqlc.KnownSourcesParams
	for a := range arrivals {
		if whole := (place{a.day, a.creator, Whole}); known[whole] == nil {
			known[whole] = map[string]bool{}
			p.CreatorIds, p.Days = append(p.CreatorIds, a.creator), append(p.Days, a.day)
		}
	}
	rows, err := s.q.KnownSources(ctx, tx, p)
	if err != nil {
		return nil, fmt.Errorf("known sources: %w", err)
	}
	for _, r := range rows {
		for _, name := range r.Sources {
			if names := known[place{r.Day, r.CreatorID, Whole}]; names != nil {
				names[name] = true
			}
		}
	}
	return known, nil
}

// signsTx takes up the signs of plays, each after the other as they came; creators who watch their own films don't count.
func (s *Insight) signsTx(ctx context.Context, tx pgx.Tx, signs []Sign, creators map[int64]creator, t tally) error {
	signs = slices.DeleteFunc(slices.Clone(signs), func(g Sign) bool {
		creator, ok := creators[g.SPUID]
		return !ok || g.UserID == creator.id
	})
	if len(signs) == 0 {
		return nil
	}
	slices.SortStableFunc(signs, func(a, b Sign) int { return a.at.Compare(b.at) })
	plays, err := s.playsTx(ctx, tx, signs)
	if err != nil {
		return err
	}
	retention, seconds := map[place]*dbsqlc.AddRetentionParams{}, map[place]float64{}
	viewers := map[sight]bool{}
	for _, g := range signs {
		creator, day := creators[g.SPUID].id, creators[g.SPUID].zone.DayOf(g.at)
		p, known := plays[g.Session]
		if !known {
			p = &dbsqlc.InsightPlay{
				Session:   g.Session,
				CreatorID: creator,
				SpuID:     g.SPUID,
				Day:       day,
				Reached:   make([]bool, buckets),
			}
			plays[g.Session] = p
		}
		watched, fresh := hear(p, g, !known)
		seconds[place{day, creator, g.SPUID}] += watched
		began := place{p.Day, creator, g.SPUID}
		if retention[began] == nil {
			retention[began] = &dbsqlc.AddRetentionParams{
				CreatorID: creator,
				Day:       p.Day,
				SpuID:     g.SPUID,
				Reached:   make([]int64, buckets),
			}
		}
		if !known {
			retention[began].Plays++
		}
		for _, n := range fresh {
			retention[began].Reached[n]++
		}
		person := s.person(day, "user", fmt.Sprint(g.UserID))
		viewers[sight{place{day, creator, g.SPUID}, person}] = true
		viewers[sight{place{day, creator, Whole}, person}] = true
	}
	for at, n := range seconds {
		whole := int64(n + 0.5)
		t.add(at, Traffic{WatchSeconds: whole})
		t.add(place{at.day, at.creator, Whole}, Traffic{WatchSeconds: whole})
	}
	if err := s.viewersTx(ctx, tx, viewers, t); err != nil {
		return err
	}
	var later db.Later
	for _, p := range plays {
		if err := s.q.SavePlay(ctx, &later, dbsqlc.SavePlayParams(*p)); err != nil {
			return err
		}
	}
	for _, r := range retention {
		if err := s.q.AddRetention(ctx, &later, *r); err != nil {
			return err
		}
	}
	return later.Send(ctx, tx)
}

func (s *Insight) playsTx(ctx context.Context, tx pgx.Tx, signs []Sign) (map[string]*dbsqlc.InsightPlay, error) {
	var sessions []string
	for _, g := range signs {
		sessions = append(sessions, g.Session)
	}
	rows, err := s.q.PlaysOf(ctx, tx, sessions)
	if err != nil {
		return nil, fmt.Errorf("plays that go on: %w", err)
	}
	plays := make(map[string]*dbsqlc.InsightPlay, len(rows))
	for _, r := range rows {
		plays[r.Session] = &r
	}
	return plays, nil
}

func (s *Insight) viewersTx(ctx context.Context, tx pgx.Tx, viewers map[sight]bool, t tally) error {
	p := dbsqlc.SeePlaysParams{At: s.Now()}
	for v := range viewers {
		p.Days = append(p.Days, v.day)
		p.CreatorIds = append(p.CreatorIds, v.creator)
		p.SpuIds = append(p.SpuIds, v.spu)
		p.People = append(p.People, v.person)
	}
	rows, err := s.q.SeePlays(ctx, tx, p)
	if err != nil {
		return fmt.Errorf("note viewers: %w", err)
	}
	for _, r := range rows {
		t.add(place{r.Day, r.CreatorID, r.SpuID}, Traffic{Viewers: 1})
	}
	return nil
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

// touchTx keeps for each person who is signed in the source that led here last.
func (s *Insight) touchTx(ctx context.Context, tx pgx.Tx, visits []Visit) error {
	last := map[int64]Visit{}
	for _, v := range visits {
		if v.UserID != 0 && v.Source != "" && !v.at.Before(last[v.UserID].at) {
			last[v.UserID] = v
		}
	}
	if len(last) == 0 {
		return nil
	}
	var p dbsqlc.TouchParams
	for user, v := range last {
		p.UserIds = append(p.UserIds, user)
		p.Sources = append(p.Sources, v.Source)
		p.Moments = append(p.Moments, v.at)
	}
	if err := s.q.Touch(ctx, tx, p); err != nil {
		return fmt.Errorf("keep where people came from: %w", err)
	}
	return nil
}

// Purge forgets what was kept only until it was counted.
func (s *Insight) Purge(ctx context.Context) error {
	now := s.Now()
	for _, purge := range []func() error{
		// Wherever it is still yesterday.
		func() error { return s.q.PurgeSeen(ctx, s.Pool, calendar.UTC.DayOf(now).AddDate(0, 0, -1)) },
		func() error { return s.q.PurgePlays(ctx, s.Pool, now.Add(-48*time.Hour)) },
		func() error { return s.q.PurgeTouches(ctx, s.Pool, now.Add(-attribution)) },
		// The outbox forgets events after a week; a dead letter that an operator sends again was never counted.
		func() error { return s.q.PurgeEvents(ctx, s.Pool, now.Add(-14*24*time.Hour)) },
	} {
		if err := purge(); err != nil {
			return fmt.Errorf("forget what is counted: %w", err)
		}
	}
	return nil
}
