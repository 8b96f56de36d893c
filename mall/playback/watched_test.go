package playback_test

import (
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
	plays, err := f.Plays(t.Context(), ann, []int64{video}, 10)
	f.must(err)
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
