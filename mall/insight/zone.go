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

// ErrZoneUnknown says that the tz database has no such zone. It has the field "zone".
var ErrZoneUnknown = fault.New(fault.Invalid, "zone_unknown", "There is no time zone of that name.").
	With("zone", "zone_unknown")

// Zone returns the zone in which a creator's days are counted: UTC until the creator has chosen one.
func (s *Insight) Zone(ctx context.Context, creatorID int64) (calendar.Zone, error) {
	zones, err := s.zonesOf(ctx, s.deps.Pool, creatorID)
	return zones[creatorID], err
}

// SetZone sets the zone of a creator's days, and sums all sales anew by these days, in one transaction. Visits and
// plays stay on the days on which they were counted, since their times are not stored. Setting the present zone changes
// nothing. Errors: ErrZoneUnknown.
func (s *Insight) SetZone(ctx context.Context, creatorID int64, name string) error {
	z, ok := calendar.Find(name)
	if !ok {
		return ErrZoneUnknown.Because("zone %q of creator %d", name, creatorID)
	}
	err := pgx.BeginTxFunc(ctx, s.deps.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		if err := lockTx(ctx, tx); err != nil { // must come before the first query
			return err
		}
		zones, err := s.zonesOf(ctx, tx, creatorID)
		if err != nil || zones[creatorID] == z {
			return err
		}
		// This sums all sales of one creator, and should use the index of the creator's items: a generic plan would
		// read the orders of all creators.
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
		// Sum until the day after tomorrow, since the clocks of other machines may be ahead: all that the snapshot sees
		// must be in the sums.
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

// zonesOf reads the zones of creators. The mall, and a creator who is absent from the result, has UTC.
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

// zones returns the zones in use, UTC first.
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

// find returns a stored zone, which the tz database had when it was stored.
func find(name string) (calendar.Zone, error) {
	z, ok := calendar.Find(name)
	if !ok {
		return z, fmt.Errorf("the tz database no longer has the zone %q", name)
	}
	return z, nil
}

// factsTx sums the orders on days of a zone, for the creators in that zone and, if it is UTC, for the whole mall.
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
