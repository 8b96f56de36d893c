package insight

import (
	"math"
	"time"

	"videomall/mall/insight/internal/dbsqlc"
)

// buckets is the number of parts of a video in a retention curve: hundredths.
const buckets = 100

const (
	// lead is how much of a video counts as shown before the first sign, since players send one every 15 s.
	lead = 15 * time.Second
	// longestGap is the longest time between two signs that counts as watched: that of the stream's lease.
	longestGap = 45 * time.Second
	// fastest is the greatest speed of playing; a position that moved on faster was skipped to. slack allows for a sign
	// that was late.
	fastest = 2.5
	slack   = 5.0 // seconds
)

// Sign is a message of a player that a video is playing.
type Sign struct {
	Session       string // one play
	UserID, SPUID int64
	Position      float64 // seconds from the video's start
	Duration      int     // of the video, in seconds

	at time.Time
}

// Played records in memory that a video is playing; Flush writes it to the database.
func (s *Insight) Played(g Sign) {
	if math.IsNaN(g.Position) || g.Position < 1 || g.Duration <= 0 || g.Session == "" { // not begun yet
		return
	}
	g.Position = min(g.Position, float64(g.Duration))
	g.at = s.deps.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.signs) >= mostWaiting {
		s.dropped++
		return
	}
	s.signs = append(s.signs, g)
}

// hear updates a play with a sign. It returns for how many seconds the video ran since the sign before, and which
// hundredths were shown for the first time in this play.
func hear(p *dbsqlc.InsightPlay, g Sign, first bool) (watched float64, fresh []int) {
	gap, moved := g.at.Sub(p.At), g.Position-p.Position
	from := g.Position
	switch {
	case first:
		from = max(0, g.Position-lead.Seconds())
	case gap <= 0: // another process has counted a later sign
		return 0, show(p, from, g)
	case moved > 0 && moved <= fastest*gap.Seconds()+slack:
		from = p.Position
		watched = min(moved, gap.Seconds(), longestGap.Seconds())
	}
	p.Position, p.At = g.Position, g.at
	return watched, show(p, from, g)
}

// show marks the hundredths from a position to that of the sign as shown, and returns those that were not before.
func show(p *dbsqlc.InsightPlay, from float64, g Sign) (fresh []int) {
	for n := bucket(from, g.Duration); n <= bucket(g.Position, g.Duration); n++ {
		if !p.Reached[n] {
			p.Reached[n] = true
			fresh = append(fresh, n)
		}
	}
	return fresh
}

func bucket(position float64, duration int) int {
	return min(buckets-1, int(position*buckets/float64(duration)))
}
