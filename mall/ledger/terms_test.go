package ledger_test

import (
	"testing"
	"time"

	"videomall/mall/ledger"
)

func TestTerms_WaitHours_rounds_up(t *testing.T) {
	t.Parallel()
	for length, want := range map[time.Duration]struct{ hours, days int }{
		0:                     {0, 0},
		time.Minute:           {1, 1},
		time.Hour:             {1, 1},
		25 * time.Hour:        {25, 2},
		day + 11*time.Hour:    {35, 2},
		7 * day:               {168, 7},
		7*day + time.Second:   {169, 8},
		14*day - 1:            {336, 14},
		30*day + 23*time.Hour: {743, 31},
	} {
		terms := ledger.Terms{Clearing: length, PayoutWait: length}
		if hours, days := terms.WaitHours(), terms.ClearingDays(); hours != want.hours || days != want.days {
			t.Errorf("%s: %d hours and %d days, not %+v", length, hours, days, want)
		}
	}
}
