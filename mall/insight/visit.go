package insight

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"videomall/mall/calendar"
)

// mostWaiting bounds what is held in memory of each kind until it is flushed; what comes beyond is dropped and counted.
const mostWaiting = 20_000

// Visit is a browser that shows a video's page, or with SPUID 0 any page of somebody who is signed in.
type Visit struct {
	SPUID   int64
	Visitor string // the browser's name for itself; forgotten before See returns
	UserID  int64  // 0 for a guest
	Source  string // what led it here, by SourceOf

	at     time.Time
	people [3]int64 // the visitor's numbers on the day of UTC before, on that day and on the one after
}

// person is the visitor's number on a day of some zone. No zone is a whole day away from UTC.
func (v Visit) person(day time.Time) int64 {
	return v.people[1+int(day.Sub(calendar.UTC.DayOf(v.at))/(24*time.Hour))]
}

// See hears of a visit. It costs no more than memory; Flush writes it down.
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

// person is the number that stands for somebody on one day: nobody without the key can tell whose it is, and tomorrow's
// is another.
func (s *Insight) person(day time.Time, kind, name string) int64 {
	h := hmac.New(sha256.New, s.deps.Key)
	h.Write([]byte(day.Format(time.DateOnly) + " " + kind + " " + name))
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}
