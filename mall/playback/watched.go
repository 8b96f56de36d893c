package playback

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/playback/internal/dbsqlc"
)

// Watched returns how much of each video a viewer has been shown, in percent, however often and in whichever order. It
// does not count free minutes, previews and what was jumped over. Videos never played are absent.
func (p *Playback) Watched(ctx context.Context, userID int64, spuIDs []int64) (map[int64]int, error) {
	rows, err := p.q.Watched(ctx, p.pool, dbsqlc.WatchedParams{UserID: userID, SpuIds: spuIDs})
	if err != nil {
		return nil, fmt.Errorf("what user %d watched: %w", userID, err)
	}
	m := make(map[int64]int, len(rows))
	for _, r := range rows {
		m[r.SpuID] = int(r.Percent)
	}
	return m, nil
}

// Play is one play of a video that was bought. Seconds is how long it ran, Position where it was at last, and Device
// the browser and system, empty if that has been removed.
type Play struct {
	SPUID             int64
	StartedAt, LastAt time.Time
	Position, Seconds int
	Device            string
}

// PlayLog is what a viewer played of one video: the first plays and the last ones, the oldest first. After First of
// them come the Left that are not listed.
type PlayLog struct {
	Plays       []Play
	First, Left int
	Total       int
	Seconds     int64 // how long all of them ran
}

// Plays lists what a viewer played of each of these videos since a moment: the first plays and the last ones. Videos
// that were not played are absent.
func (p *Playback) Plays(ctx context.Context, userID int64, spuIDs []int64, since time.Time,
	first, last int,
) (map[int64]PlayLog, error) {
	rows, err := p.q.Plays(ctx, p.pool, dbsqlc.PlaysParams{
		UserID:    userID,
		SpuIds:    spuIDs,
		Since:     since,
		FirstRows: int64(first),
		LastRows:  int64(last),
	})
	if err != nil {
		return nil, fmt.Errorf("plays of user %d: %w", userID, err)
	}
	logs := map[int64]PlayLog{}
	for _, r := range rows {
		log := logs[r.SpuID]
		log.Plays = append(log.Plays, Play{
			SPUID:     r.SpuID,
			StartedAt: r.StartedAt,
			LastAt:    r.LastAt,
			Position:  int(r.Position),
			Seconds:   int(r.Seconds),
			Device:    r.Label,
		})
		log.Total, log.Seconds = int(r.Total), r.Played
		log.First, log.Left = min(first, log.Total), max(0, log.Total-first-last)
		logs[r.SpuID] = log
	}
	return logs, nil
}

// PlayDay is what a viewer played of a video within a day of UTC.
type PlayDay struct {
	SPUID   int64
	FirstAt time.Time // when the first play began
	LastAt  time.Time // when the last play was alive
	Plays   int64
	Devices int64
	Seconds int64 // how long they ran
}

// PlayDays sums up what a viewer played of some videos since a moment: the latest days, at most most of them, the
// latest first.
func (p *Playback) PlayDays(ctx context.Context, userID int64, spuIDs []int64, since time.Time,
	most int,
) ([]PlayDay, error) {
	rows, err := p.q.PlayDays(ctx, p.pool, dbsqlc.PlayDaysParams{
		UserID:  userID,
		SpuIds:  spuIDs,
		Since:   since,
		MaxRows: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("days on which user %d played: %w", userID, err)
	}
	days := make([]PlayDay, len(rows))
	for n, r := range rows {
		days[n] = PlayDay{
			SPUID:   r.SpuID,
			FirstAt: r.FirstAt,
			LastAt:  r.LastAt,
			Plays:   r.Plays,
			Devices: r.Devices,
			Seconds: r.Seconds,
		}
	}
	return days, nil
}

// playsKept is how long plays are kept: payers' banks ask about payments that are up to eighteen months old.
const playsKept = 550 * 24 * time.Hour

// ForgetPlays deletes at most limit of the plays that are older than banks ask about, and returns their number.
func (p *Playback) ForgetPlays(ctx context.Context, limit int) (int, error) {
	n, err := p.q.DropPlays(ctx, p.pool, dbsqlc.DropPlaysParams{
		Before:  p.now().Add(-playsKept),
		MaxRows: int32(limit),
	})
	if err != nil {
		return 0, fmt.Errorf("forget old plays: %w", err)
	}
	return int(n), nil
}
