package insight

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/insight/internal/dbsqlc"
)

// signsTx counts the signs of plays in the order of their time. Creators who watch their own videos don't count.
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
	w := watching{
		seconds:   map[place]float64{},
		viewers:   map[sight]bool{},
		retention: map[place]*dbsqlc.AddRetentionParams{},
	}
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
		at := place{day, creator, g.SPUID}
		w.seconds[at] += watched
		w.reached(place{p.Day, creator, g.SPUID}, !known, fresh)
		w.seen(at, s.person(day, "user", fmt.Sprint(g.UserID)))
	}
	w.addSeconds(t)
	if err := s.viewersTx(ctx, tx, w.viewers, t); err != nil {
		return err
	}
	return s.savePlaysTx(ctx, tx, plays, w.retention)
}

// watching sums up the signs of one flush.
type watching struct {
	seconds   map[place]float64
	viewers   map[sight]bool
	retention map[place]*dbsqlc.AddRetentionParams // by where a play began
}

// reached counts the parts of a video that a play came to for the first time, and the play itself when it is new.
func (w watching) reached(began place, isNew bool, parts []int) {
	r := w.retention[began]
	if r == nil {
		r = &dbsqlc.AddRetentionParams{
			CreatorID: began.creator,
			Day:       began.day,
			SpuID:     began.spu,
			Reached:   make([]int64, buckets),
		}
		w.retention[began] = r
	}
	if isNew {
		r.Plays++
	}
	for _, n := range parts {
		r.Reached[n]++
	}
}

// seen counts a viewer of a video, who is one of the creator's whole business too.
func (w watching) seen(at place, person int64) {
	w.viewers[sight{at, person}] = true
	w.viewers[sight{place{at.day, at.creator, Whole}, person}] = true
}

func (w watching) addSeconds(t tally) {
	for at, n := range w.seconds {
		whole := int64(n + 0.5)
		t.add(at, Traffic{WatchSeconds: whole})
		t.add(place{at.day, at.creator, Whole}, Traffic{WatchSeconds: whole})
	}
}

func (s *Insight) savePlaysTx(ctx context.Context, tx pgx.Tx, plays map[string]*dbsqlc.InsightPlay,
	retention map[place]*dbsqlc.AddRetentionParams,
) error {
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
		return nil, fmt.Errorf("current plays: %w", err)
	}
	plays := make(map[string]*dbsqlc.InsightPlay, len(rows))
	for _, r := range rows {
		plays[r.Session] = &r
	}
	return plays, nil
}

func (s *Insight) viewersTx(ctx context.Context, tx pgx.Tx, viewers map[sight]bool, t tally) error {
	p := dbsqlc.SeePlaysParams{At: s.deps.Now()}
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
