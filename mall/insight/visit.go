package insight

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"videomall/mall/calendar"
)

// mostWaiting bounds the visits and the signs that wait in memory for the next flush; more are dropped and counted.
const mostWaiting = 20_000

// Visit says that a browser shows the page of a video or, if SPUID is 0, any page to a person who is signed in.
type Visit struct {
	SPUID   int64
	Visitor string // the id of the browser, which See does not store
	UserID  int64  // 0 for a guest
	Source  string // the result of SourceOf

	at     time.Time
	people [3]int64 // the visitor's numbers on the UTC day before, on that day and on the day after
}

// person returns the visitor's number on a day of some zone. No zone differs from UTC by a whole day or more.
func (v Visit) person(day time.Time) int64 {
	return v.people[1+int(day.Sub(calendar.UTC.DayOf(v.at))/(24*time.Hour))]
}

// See records a visit in memory; Flush writes it to the database.
func (s *Insight) See(v Visit) {
	v.at = s.deps.Now()
	for n := range v.people {
		v.people[n] = s.person(calendar.UTC.DayOf(v.at).AddDate(0, 0, n-1), "visitor", v.Visitor)
	}
	v.Visitor = ""
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.visits) >= mostWaiting {
		s.dropped++
		return
	}
	s.visits = append(s.visits, v)
}

// person returns the number that stands for a person on one day. Nobody without the key can tell whose it is, and it
// is different on every day.
func (s *Insight) person(day time.Time, kind, name string) int64 {
	h := hmac.New(sha256.New, s.deps.Key)
	h.Write([]byte(day.Format(time.DateOnly) + " " + kind + " " + name))
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}
