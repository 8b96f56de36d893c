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
