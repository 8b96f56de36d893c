package playback_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// lasts sets how long a video is.
func (f *fixture) lasts(spu int64, seconds int) {
	f.t.Helper()
	_, err := f.pool.Exec(f.t.Context(), "update media_asset set duration_seconds = $1 where id = $2", seconds,
		f.assets[spu])
	f.must(err)
}

func TestPlayback_Watched(t *testing.T) {
	for _, k := range []struct {
		name string
		at   []float64 // positions, 15 s apart
		want int
	}{
		{"nothing yet", []float64{0}, 0},
		{"the first minute of ten", []float64{15, 30, 45, 60}, 11},
		{"the first minute, and back to the begin", []float64{15, 30, 45, 60, 2}, 11},
		{"the same minute twice", []float64{15, 30, 45, 60, 15, 30, 45, 60}, 11},
		{"a jump near the end", []float64{15, 585}, 6},
		{"at twice the speed", []float64{15, 45, 75, 105}, 18},
		{"beyond the end", []float64{595, 700}, 4},
	} {
		t.Run(k.name, func(t *testing.T) {
			f := open(t)
			f.lasts(video, 600)
			f.give(ann, video, "order/1", "HD", 0)
			s := f.authorized(ann, video, f.phone)
			for _, position := range k.at {
				f.clock.advance(15 * time.Second)
				next, err := f.beat(s, position)
				f.must(err)
				s = next
			}
			got, err := f.Watched(t.Context(), ann, []int64{video})
			if err != nil || got[video] != k.want {
				t.Errorf("%v, %v, want %d percent", got, err, k.want)
			}
		})
	}
}

// The play log says when, for how long and on which browser, and forgets after a while.
func TestPlayback_Plays(t *testing.T) {
	f := open(t)
	f.lasts(video, 600)
	f.give(ann, video, "order/1", "HD", 0)
	begin := f.clock.now()
	s := f.authorized(ann, video, f.phone)
	for _, position := range []float64{15, 30, 45} {
		f.clock.advance(15 * time.Second)
		next, err := f.beat(s, position)
		f.must(err)
		s = next
	}
	logs, err := f.Plays(t.Context(), ann, []int64{video}, begin, 10, 10)
	f.must(err)
	plays := logs[video].Plays
	if len(plays) != 1 || plays[0].Seconds != 45 || plays[0].Position != 45 ||
		plays[0].StartedAt.Sub(begin).Abs() > time.Second || !strings.Contains(plays[0].Device, "Browser") {
		t.Errorf("%+v", plays)
	}
	if n, err := f.ForgetPlays(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("forgot %d, %v", n, err)
	}
	f.clock.advance(551 * 24 * time.Hour)
	if n, err := f.ForgetPlays(t.Context(), 10); n != 1 || err != nil {
		t.Errorf("forgot %d after a long time, %v", n, err)
	}
}

// A viewer who has played other videos and this one many times, also before the payment: the first plays since then and
// the last ones are listed, and all are counted.
func TestPlayback_Plays_first_and_last(t *testing.T) {
	f := open(t)
	paid := f.clock.now()
	_, err := f.pool.Exec(t.Context(), `insert into playback_play
		(session, user_id, spu_id, device_hash, started_at, last_at, position, seconds)
		select v.spu || '/' || n, $1, v.spu, '\x00', $2::timestamptz + n * interval '1 hour',
			$2::timestamptz + n * interval '1 hour' + interval '1 second', n + 600, 60
		from (values ($3::bigint), ($4::bigint)) v (spu), generate_series(-600, 999) n`, ann, paid, video, video+1)
	f.must(err)
	logs, err := f.Plays(t.Context(), ann, []int64{video}, paid, 3, 4)
	f.must(err)
	log := logs[video]
	if len(logs) != 1 || log.Total != 1000 || log.Seconds != 60_000 || log.First != 3 || log.Left != 993 {
		t.Errorf("%d videos, %+v", len(logs), log)
	}
	var at []int
	for _, p := range log.Plays {
		at = append(at, p.Position)
	}
	if want := []int{600, 601, 602, 1596, 1597, 1598, 1599}; !slices.Equal(at, want) {
		t.Errorf("listed are the plays %v, want %v", at, want)
	}
	for _, c := range []struct{ since, listed, left int }{{997, 3, 0}, {993, 7, 0}, {992, 7, 1}, {1001, 0, 0}} {
		logs, err := f.Plays(t.Context(), ann, []int64{video}, paid.Add(time.Duration(c.since)*time.Hour), 3, 4)
		f.must(err)
		if log := logs[video]; len(log.Plays) != c.listed || log.Left != c.left {
			t.Errorf("since the play %d: %d listed, %d left, want %+v", c.since, len(log.Plays), log.Left, c)
		}
	}
}
