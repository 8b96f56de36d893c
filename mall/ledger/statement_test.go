package ledger_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"videomall/mall/calendar"
	"videomall/mall/ledger"
)

func TestLedger_Statement_agrees_with_the_accounts(t *testing.T) {
	h := open(t) // March 20
	h.terms(func(t *ledger.Terms) { t.Clearing = 24 * time.Hour })
	second := part("A/2", 3000)
	second.Subject, second.Title.En = 2, "Other"
	h.sells(part("A/1", 991), second)
	h.sells(part("A/3", 991))
	h.refunds("R1", "A/3", 500)
	h.advance(48 * time.Hour)
	h.clears()
	p := h.pays(2000)
	h.advance(12 * 24 * time.Hour) // April 3
	h.sells(part("B/1", 777))
	h.fails("R1")
	h.ok(h.books.MarkFailed(h.ctx, olga, p.ID, 2, "sent back"))
	h.ok(h.books.Adjust(h.ctx, olga, cara, cny(-50), "a fee of the bank", "k"))
	h.ok(h.books.Adjust(h.ctx, olga, cara, cny(-50), "a fee of the bank", "k"))

	march, err := h.books.Statement(h.ctx, cara, calendar.UTC, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	h.ok(err)
	b := march.Books[0]
	if march.Open || b.Opening != 0 || len(b.Videos) != 2 || b.Videos[1].Subject != 1 || b.Videos[1].Units != 2 ||
		b.Videos[1].Sales != 1982 ||
		b.Videos[1].Fee != 298 || b.Videos[1].Refunds != 500 || b.Paid() != 2000 || b.Adjusted() != 0 {
		t.Errorf("March %+v", march)
	}
	april, err := h.books.Statement(h.ctx, cara, calendar.UTC, calendar.UTC.MonthOf(h.now()))
	h.ok(err)
	a := april.Books[0]
	if !april.Open || a.Opening != b.Closing || a.Paid() != -2000 || a.Adjusted() != -50 || a.Total().Refunds != -500 ||
		a.Closing != h.account(cara).Owed() {
		t.Errorf("April %+v after %d, owed %d", april, b.Closing, h.account(cara).Owed())
	}
	for name, m := range map[string]time.Time{
		"before the first": time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
		"to come":          time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC),
	} {
		if _, err := h.books.Statement(h.ctx, cara, calendar.UTC, m); !errors.Is(err, ledger.ErrNoStatement) {
			t.Errorf("a month %s: %v", name, err)
		}
	}
	if _, err := h.books.Statement(h.ctx, dan, calendar.UTC,
		calendar.UTC.MonthOf(h.now())); !errors.Is(err, ledger.ErrNoStatement) {
		t.Errorf("a creator without earnings: %v", err)
	}
	months, err := h.books.Months(h.ctx, cara, calendar.UTC)
	if err != nil || len(months) != 2 {
		t.Errorf("%v, %v", months, err)
	}
	if err := h.books.Adjust(h.ctx, cara, cara, cny(-5000), "a gift", "g"); !errors.Is(err, ledger.ErrOwnPayout) {
		t.Errorf("one's own adjustment: %v", err)
	}
	h.zero()
}

// TestLedger_Statement_in_several_zones checks that in every zone each month opens with the closing balance of the
// month before, and that the months add up to what is owed.
func TestLedger_Statement_in_several_zones(t *testing.T) {
	h := open(t) // March 20
	h.terms(func(t *ledger.Terms) { t.Clearing = 24 * time.Hour })
	to := func(at time.Time) { h.at.Store(at.UnixMicro()) }
	h.sells(part("A/1", 3000))
	to(time.Date(2026, 3, 31, 18, 45, 0, 0, time.UTC)) // April in Kolkata and further east
	h.sells(part("A/2", 2000))
	to(time.Date(2026, 3, 31, 23, 30, 0, 0, time.UTC)) // April in Berlin too
	h.sells(part("A/3", 4000))
	h.refunds("R1", "A/1", 300)
	to(time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)) // still March in New York
	h.clears()
	p := h.pays(1000)
	to(time.Date(2026, 4, 30, 20, 0, 0, 0, time.UTC))
	h.ok(h.books.MarkFailed(h.ctx, olga, p.ID, 2, "sent back"))
	h.ok(h.books.Adjust(h.ctx, olga, cara, cny(-50), "a fee of the bank", "k"))
	to(time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC))
	owed := h.account(cara).Owed()
	for name, march := range map[string]int64{
		"UTC": 9000, "Asia/Shanghai": 3000, "Asia/Kolkata": 3000,
		"Europe/Berlin": 5000, "America/New_York": 9000,
		"Pacific/Kiritimati": 3000,
	} {
		z, _ := calendar.Find(name)
		months, err := h.books.Months(h.ctx, cara, z)
		h.ok(err)
		if len(months) != 3 {
			t.Errorf("%s has the months %v", name, months)
		}
		slices.Reverse(months)
		var closing, net int64
		for n, m := range months {
			s, err := h.books.Statement(h.ctx, cara, z, m)
			h.ok(err)
			b := s.Books[0]
			if b.Opening != closing || s.Zone != z || s.Open != (n == len(months)-1) {
				t.Errorf("%s of %s begins with %d after %d: %+v", m.Format("2006-01"), name, b.Opening, closing, s)
			}
			if n == 0 && b.Total().Sales != march {
				t.Errorf("March of %s has sold %d, want %d", name, b.Total().Sales, march)
			}
			closing, net = b.Closing, net+b.Total().Net()-b.Paid()+b.Adjusted()
		}
		if closing != owed || net != owed {
			t.Errorf("the months of %s end with %d and add up to %d, want %d", name, closing, net, owed)
		}
		for _, none := range []time.Time{months[0].AddDate(0, -1, 0), months[2].AddDate(0, 1, 0)} {
			if _, err := h.books.Statement(h.ctx, cara, z, none); !errors.Is(err, ledger.ErrNoStatement) {
				t.Errorf("%s of %s: %v", none.Format("2006-01"), name, err)
			}
		}
		days, err := h.books.DaysOf(h.ctx, cara, z, 45)
		h.ok(err)
		var sold int64
		for _, d := range days {
			if sold += d.Amount; d.Day.Month() == time.March {
				march -= d.Amount
			}
		}
		if sold != 9000 || march != 0 {
			t.Errorf("the days of %s add up to %d, and %d of March are missing", name, sold, march)
		}
	}
}
