package earnings_test

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"testing"
	"time"

	"videomall/mall/calendar"
	"videomall/mall/ledger"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/views/text"
	"videomall/web/studio/earnings"
)

// TestStatement_CSV_matches_ledger checks that the sums of the CSV are those of the ledger. Page, CSV and PDF are made
// from the same rows.
func TestStatement_CSV_matches_ledger(t *testing.T) {
	s := open(t)
	s.sold(t, 2000, 991, 33)
	st, err := s.books.Statement(t.Context(), s.carl.ID, calendar.UTC, calendar.UTC.MonthOf(s.Now()))
	if err != nil {
		t.Fatal(err)
	}
	month := s.Now().UTC().Format("2006-01")
	body := s.creator.Get("/studio/earnings/statements/" + month + "/csv").Wants(200).Body
	if !bytes.HasPrefix([]byte(body), []byte("\ufeff")) || !strings.Contains(string(body), "\r\n") {
		t.Error("CSV lacks the byte order mark or CRLF line ends")
	}
	records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(body), "\ufeff"))).ReadAll()
	if err != nil || len(records) != 1+5 {
		t.Fatalf("CSV: got %q, %v, want 6 records", records, err)
	}
	var sum, closing int64
	for n, r := range records[1:] {
		amount, err := strconv.ParseInt(strings.Replace(r[8], ".", "", 1), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if n == len(records)-2 {
			closing = amount
		} else {
			sum += amount
		}
	}
	accounts, err := s.books.AccountsOf(t.Context(), s.carl.ID)
	if err != nil || sum != closing || closing != st.Books[0].Closing || closing != accounts[0].Owed() {
		t.Errorf("sums differ: rows %d, closing %d, ledger %+v, %v", sum, closing, accounts, err)
	}
	s.creator.Get("/studio/earnings/statements/" + month).Wants(200).
		Shows(text.For(text.En).Money(money.Of(closing, "CNY")))
}

// TestStatement_CSV_zone checks that the days of a statement are those of its zone.
func TestStatement_CSV_zone(t *testing.T) {
	t.Parallel()
	late := time.Date(2026, 3, 31, 23, 30, 0, 0, time.UTC)
	for name, want := range map[string]string{"UTC": "2026-03-31", "Asia/Shanghai": "2026-04-01"} {
		z, _ := calendar.Find(name)
		body, err := earnings.CSV(text.For(text.En), ledger.Statement{
			Zone:  z,
			Month: z.MonthOf(late),
			Books: []ledger.Book{{
				Currency: "CNY",
				Payouts: []ledger.PaidLine{{
					PayoutID: 1,
					At:       late,
					Amount:   100,
				}},
				Adjustments: []ledger.AdjustedLine{{
					At:     late,
					Reason: "a fee",
					Amount: -5,
				}},
			}},
		})
		if err != nil || strings.Count(string(body), ","+want+",") != 2 ||
			!strings.Contains(string(body), "Day ("+name+")") {
			t.Errorf("CSV in %s: got %q, %v, want day %s", name, body, err, want)
		}
	}
}

func TestStatement_CSV_no_formula(t *testing.T) {
	t.Parallel()
	s := ledger.Statement{Month: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Books: []ledger.Book{{Currency: "CNY"}}}
	for _, title := range []string{`=HYPERLINK("x")`, "+1", "-1", "@x", "\tx", "＝1"} {
		s.Books[0].Videos = append(s.Books[0].Videos, ledger.VideoLine{Title: locale.Text{En: title, Zh: title}})
	}
	for _, l := range []text.Lang{text.En, text.ZhCN} {
		body, err := earnings.CSV(text.For(l), s)
		if err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff")))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records[2 : len(records)-1] {
			if !strings.HasPrefix(r[2], "'") {
				t.Errorf("title %q is a formula, want it quoted", r[2])
			}
		}
	}
}
