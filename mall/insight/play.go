package insight

import (
	"math"
	"time"

	"videomall/mall/insight/internal/dbsqlc"
)

// buckets are the hundredths of a video.
const buckets = 100

const (
	// lead is what a first sign of life vouches for: players send one every 15 s.
	lead = 15 * time.Second
	// longestGap is the longest pause between two signs in which a video is taken to have run: that of the stream's
	// lease.
	longestGap = 45 * time.Second
	// fastest is how fast a video may run; what moved on faster was skipped. slack forgives a sign that was late.
	fastest = 2.5
	slack   = 5.0 // seconds
)

// Sign is a player's sign of life.
type Sign struct {
	Session       string // one play
	UserID, SPUID int64
	Position      float64 // seconds from the video's start
	Duration      int     // of the video, in seconds

	at time.Time
}

// Played hears that a video runs. It costs no more than memory; Flush writes it down.
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

// hear takes up a sign and returns for how many seconds the video ran since the one before, and which hundredths it
// showed for the first time in this play.
func hear(p *dbsqlc.InsightPlay, g Sign, first bool) (watched float64, fresh []int) {
	gap, moved := g.at.Sub(p.At), g.Position-p.Position
	from := g.Position
	switch {
	case first:
		from = max(0, g.Position-lead.Seconds())
	case gap <= 0: // another process heard of a later one before
		return 0, show(p, from, g)
	case moved > 0 && moved <= fastest*gap.Seconds()+slack:
		from = p.Position
		watched = min(moved, gap.Seconds(), longestGap.Seconds())
	}
	p.Position, p.At = g.Position, g.at
	return watched, show(p, from, g)
}

// show marks the hundredths from a position to the sign's own.
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
