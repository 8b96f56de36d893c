package admin_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/playback"
	"videomall/web/admin"
)

// The evidence says how many plays there are, and where in the list those stand that it leaves out.
func TestEvidence_play_log(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC)
	play := func(day int) playback.Play {
		return playback.Play{StartedAt: at.AddDate(0, 0, day), Seconds: 90, Position: 125, Device: "Firefox on Linux"}
	}
	line := func(day string) [2]string {
		return [2]string{day + " 20:00:00", "1:30 played, up to 2:05, Firefox on Linux"}
	}
	removed := play(0)
	removed.Device = ""
	for name, c := range map[string]struct {
		log  playback.PlayLog
		want [][2]string
	}{
		"none": {playback.PlayLog{}, [][2]string{{"", "not played"}}},
		"one, on a device that is gone": {
			playback.PlayLog{Plays: []playback.Play{removed}, First: 1, Total: 1, Seconds: 90},
			[][2]string{
				{"Played in all", "1 play, 1:30"},
				{"2026-03-01 20:00:00", "1:30 played, up to 2:05, a device that was removed"},
			},
		},
		"all listed": {
			playback.PlayLog{Plays: []playback.Play{play(0), play(1)}, First: 1, Total: 2, Seconds: 180},
			[][2]string{{"Played in all", "2 plays, 3:00"}, line("2026-03-01"), line("2026-03-02")},
		},
		"some left out": {
			playback.PlayLog{
				Plays:   []playback.Play{play(0), play(30)},
				First:   1,
				Left:    1232,
				Total:   1234,
				Seconds: 3600,
			},
			[][2]string{
				{"Played in all", "1,234 plays, 1:00:00"},
				line("2026-03-01"),
				{"", "1,232 plays between these are not listed"},
				line("2026-03-31"),
			},
		},
	} {
		if diff := cmp.Diff(c.want, admin.PlayFacts(c.log)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
