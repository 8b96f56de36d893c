package insight

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"
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
	person int64
}

// See hears of a visit. It costs no more than memory; Flush writes it down.
func (s *Insight) See(v Visit) {
	v.at = s.Now()
	v.person = s.person(v.at, "visitor", v.Visitor)
	v.Visitor = ""
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.visits) >= mostWaiting {
		s.dropped++
		return
	}
	s.visits = append(s.visits, v)
}

// person is the number that stands for somebody on one day: nobody without the key can tell whose it is, and tomorrow's is another.
func (s *Insight) person(at time.Time, kind, name string) int64 {
	h := hmac.New(sha256.New, s.Key)
	h.Write([]byte(DayOf(at).Format(time.DateOnly) + " " + kind + " " + name))
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}
