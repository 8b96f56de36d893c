package insight

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/insight/internal/dbsqlc"
)

// visitsTx counts visits. Creators who look at their own pages don't count.
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
			continue // the views of a creator are those of the creator's videos
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

// arrival is a source of visits at a place.
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

// knownTx reads the names of the sources that the creators' days have so far.
func (s *Insight) knownTx(ctx context.Context, tx pgx.Tx,
	arrivals map[arrival]int64,
) (map[place]map[string]bool, error) {
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

// touchTx stores, for each person who is signed in, the source that led here last.
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
		return fmt.Errorf("store sources of people: %w", err)
	}
	return nil
}
