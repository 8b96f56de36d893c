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

// Plays lists at most limit plays of these videos by a viewer, the oldest first.
func (p *Playback) Plays(ctx context.Context, userID int64, spuIDs []int64, limit int) ([]Play, error) {
	rows, err := p.q.Plays(ctx, p.pool, dbsqlc.PlaysParams{
		UserID:  userID,
		SpuIds:  spuIDs,
		MaxRows: int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("plays of user %d: %w", userID, err)
	}
	plays := make([]Play, len(rows))
	for n, r := range rows {
		plays[n] = Play{r.SpuID, r.StartedAt, r.LastAt, int(r.Position), int(r.Seconds), r.Label}
	}
	return plays, nil
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
