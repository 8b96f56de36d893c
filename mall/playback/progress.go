package playback

import (
	"context"
	"fmt"
	"math"
	"time"

	"videomall/mall/playback/internal/dbsqlc"
)

// Progress is where a viewer left a video.
type Progress struct {
	SPUID                            int64
	PositionSeconds, DurationSeconds int
	UpdatedAt                        time.Time
}

// tail is how much of a video may be left when it counts as watched: a twentieth, at most a minute, for the credits.
func (g Progress) tail() int { return min(60, max(5, g.DurationSeconds/20)) }

// Finished reports whether nothing but the credits is left.
func (g Progress) Finished() bool {
	return g.DurationSeconds > 0 && g.PositionSeconds >= g.DurationSeconds-g.tail()
}

// Percent is how much of the video was watched, 0 to 100.
func (g Progress) Percent() int {
	if g.DurationSeconds <= 0 {
		return 0
	}
	return min(100, g.PositionSeconds*100/g.DurationSeconds)
}

// Resume is where to go on, in seconds. A finished video begins again at 0.
func (g Progress) Resume() int {
	if g.Finished() {
		return 0
	}
	return g.PositionSeconds
}

// save keeps a position and which parts of the video were shown, and writes the play down. A player that has not begun
// reports 0, which must not erase where its viewer left off.
func (p *Playback) save(ctx context.Context, ok pass, device []byte, position float64, duration int) error {
	if math.IsNaN(position) || position < 1 {
		return nil
	}
	user, spu, now := ok.user, ok.entitlement.SPUID, p.now()
	at := int32(min(position, float64(duration)))
	lead := min(int32(p.opt.Heartbeat.Seconds()), at) // what was shown before a play's first sign
	err := p.q.SaveProgress(ctx, p.pool, dbsqlc.SaveProgressParams{
		UserID:          user,
		SpuID:           spu,
		BeginSeconds:    at - lead,
		PositionSeconds: at,
		DurationSeconds: int32(duration),
		UpdatedAt:       now,
	})
	if err != nil {
		return fmt.Errorf("save progress of user %d in SPU %d: %w", user, spu, err)
	}
	if err := p.q.SavePlay(ctx, p.pool, dbsqlc.SavePlayParams{
		Session:    ok.Session,
		UserID:     user,
		SpuID:      spu,
		DeviceHash: device,
		StartedAt:  now.Add(-time.Duration(lead) * time.Second),
		LastAt:     now,
		Position:   at,
		Seconds:    lead,
	}); err != nil {
		return fmt.Errorf("save the play of user %d in SPU %d: %w", user, spu, err)
	}
	return nil
}

// Progress returns where a viewer left each of the videos; those never played are absent.
func (p *Playback) Progress(ctx context.Context, userID int64, spuIDs []int64) (map[int64]Progress, error) {
	rows, err := p.q.Progress(ctx, p.pool, dbsqlc.ProgressParams{UserID: userID, SpuIds: spuIDs})
	if err != nil {
		return nil, fmt.Errorf("progress of user %d: %w", userID, err)
	}
	m := make(map[int64]Progress, len(rows))
	for _, r := range rows {
		m[r.SpuID] = progress(dbsqlc.RecentProgressRow(r))
	}
	return m, nil
}

// Recent returns at most limit of the videos that a viewer played last, the latest first, finished or not.
func (p *Playback) Recent(ctx context.Context, userID int64, limit int) ([]Progress, error) {
	rows, err := p.q.RecentProgress(ctx, p.pool, dbsqlc.RecentProgressParams{UserID: userID, MaxRows: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("recent progress of user %d: %w", userID, err)
	}
	recent := make([]Progress, len(rows))
	for i, r := range rows {
		recent[i] = progress(r)
	}
	return recent, nil
}

func progress(r dbsqlc.RecentProgressRow) Progress {
	return Progress{
		SPUID:           r.SpuID,
		PositionSeconds: int(r.PositionSeconds),
		DurationSeconds: int(r.DurationSeconds),
		UpdatedAt:       r.UpdatedAt,
	}
}
