package insight

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/mall/calendar"
	"videomall/mall/fault"
	"videomall/mall/insight/internal/dbsqlc"
)

// ErrZoneUnknown says that the tz database has no such zone. Its fields name "zone".
var ErrZoneUnknown = fault.New(fault.Invalid, "zone_unknown", "There is no time zone of that name.").
	With("zone", "zone_unknown")

// Zone is the zone in which a creator's days are cut: UTC until they chose one.
func (s *Insight) Zone(ctx context.Context, creatorID int64) (calendar.Zone, error) {
	zones, err := s.zonesOf(ctx, s.deps.Pool, creatorID)
	return zones[creatorID], err
}

// SetZone has a creator's days be those of another zone, and sums all sales anew by them, in one transaction. What was
// visited and played stays on the days on which it was counted, since nobody knows any more at what time. The zone that
// a creator has changes nothing. Errors: ErrZoneUnknown.
func (s *Insight) SetZone(ctx context.Context, creatorID int64, name string) error {
	z, ok := calendar.Find(name)
	if !ok {
		return ErrZoneUnknown.Because("zone %q of creator %d", name, creatorID)
	}
	err := pgx.BeginTxFunc(ctx, s.deps.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		if err := lockTx(ctx, tx); err != nil { // before the first query; see there
			return err
		}
		zones, err := s.zonesOf(ctx, tx, creatorID)
		if err != nil || zones[creatorID] == z {
			return err
		}
		// All that a creator ever sold, by the index of their items: a plan for any creator would read everybody's
		// orders.
		if _, err := tx.Exec(ctx,
			"set local statement_timeout = '2min'; set local plan_cache_mode = force_custom_plan"); err != nil {
			return err
		}
		if err := s.q.SaveZone(ctx, tx, dbsqlc.SaveZoneParams{
			CreatorID: creatorID,
			Zone:      z.Name(),
			At:        s.deps.Now(),
		}); err != nil {
			return err
		}
		if err := s.q.DropSales(ctx, tx, creatorID); err != nil {
			return err
		}
		since, err := s.deps.Since(ctx, tx)
		if err != nil || since == nil {
			return err
		}
		// To the day after tomorrow, for other machines' clocks: what the snapshot sees is in the sums.
		facts, err := s.deps.Facts(ctx, tx, z, z.DayOf(*since), z.DayOf(s.deps.Now()).AddDate(0, 0, 2),
			[]int64{creatorID})
		if err != nil {
			return err
		}
		return s.writeTx(ctx, tx, withoutMall(facts))
	})
	if err != nil {
		return fmt.Errorf("zone %s for creator %d: %w", z.Name(), creatorID, err)
	}
	return nil
}

// zonesOf reads the zones of creators; whoever is absent is in UTC, and so is the mall.
func (s *Insight) zonesOf(ctx context.Context, q dbsqlc.DBTX, creatorIDs ...int64) (map[int64]calendar.Zone, error) {
	rows, err := s.q.ZonesOf(ctx, q, creatorIDs)
	if err != nil {
		return nil, fmt.Errorf("zones of creators: %w", err)
	}
	zones := make(map[int64]calendar.Zone, len(rows))
	for _, r := range rows {
		if zones[r.CreatorID], err = find(r.Zone); err != nil {
			return nil, err
		}
	}
	return zones, nil
}

// zones are those that are in use, UTC first.
func (s *Insight) zones(ctx context.Context, q dbsqlc.DBTX) ([]calendar.Zone, error) {
	names, err := s.q.ZonesInUse(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("zones in use: %w", err)
	}
	list := []calendar.Zone{calendar.UTC}
	for _, name := range names {
		z, err := find(name)
		if err != nil {
			return nil, err
		}
		list = append(list, z)
	}
	return list, nil
}

// find is a zone that was found before it was kept.
func find(name string) (calendar.Zone, error) {
	z, ok := calendar.Find(name)
	if !ok {
		return z, fmt.Errorf("the tz database has lost the zone %q", name)
	}
	return z, nil
}

// factsTx sums the rows of orders on days of a zone, for the creators in it and, in UTC, for the mall as a whole.
func (s *Insight) factsTx(ctx context.Context, tx pgx.Tx, z calendar.Zone, r Range) ([]Sums, error) {
	if z != calendar.UTC {
		here, err := s.q.CreatorsIn(ctx, tx, z.Name())
		if err != nil || len(here) == 0 {
			return nil, err
		}
		facts, err := s.deps.Facts(ctx, tx, z, r.From, r.To, here)
		return withoutMall(facts), err
	}
	elsewhere, err := s.q.CreatorsElsewhere(ctx, tx)
	if err != nil {
		return nil, err
	}
	facts, err := s.deps.Facts(ctx, tx, z, r.From, r.To, nil)
	return slices.DeleteFunc(facts, func(f Sums) bool { return slices.Contains(elsewhere, f.CreatorID) }), err
}

func withoutMall(facts []Sums) []Sums {
	return slices.DeleteFunc(facts, func(f Sums) bool { return f.CreatorID == Mall })
}
