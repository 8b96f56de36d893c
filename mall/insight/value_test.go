package insight_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"videomall/mall/exchange"
	"videomall/mall/insight"
	"videomall/mall/malltest"
)

// march is the range that these tests report.
var march = insight.Range{
	From: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
	To:   time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC),
}

// sold writes what creator 1 sold on a day: a video, orders, a currency, gross and refunded sums.
func sold(m *malltest.Mall, day string, spu, orders int64, currency string, gross, refunded int64) {
	m.T.Helper()
	_, err := m.Pool.Exec(m.Ctx, `insert into insight_day (day, creator_id, spu_id, currency, orders, units, gross,
			refunds, refunded)
		values ($1::text::date, 1, $2, $3, $4, $4, $5, sign($6::bigint), $6)`, day, spu, currency, orders, gross,
		refunded)
	m.OK(err)
}

// rated gives a currency a rate to the yuan that began on a day.
func rated(m *malltest.Mall, currency, rate, day string) {
	m.T.Helper()
	m.OK(m.Exchange.SaveCurrency(m.Ctx, 1, exchange.Currency{
		Code:    currency,
		Step:    1,
		Offered: true,
	}))
	_, err := m.Pool.Exec(m.Ctx, `insert into exchange_rate (currency, base, rate, source, valid_from, created_by,
			created_at)
		values ($1, 'CNY', $2::text::numeric, 'test', $3::text::timestamptz, 1, $3::text::timestamptz)`, currency, rate,
		day)
	m.OK(err)
}

// converted books a share of creator 1 that was converted on a day.
func converted(m *malltest.Mall, day string, share int64, currency string, settled int64, into, rate string) {
	m.T.Helper()
	_, err := m.Pool.Exec(m.Ctx, `with p as (
			insert into ledger_posting (kind, reference, at) values ('sale', gen_random_uuid()::text, $1::text::timestamptz) returning id
		) insert into ledger_earning (source, posting_id, creator_id, subject, title_zh, title_en, quantity, amount, fee, currency,
			fee_rate, at, clears_at, cleared_at, settled_currency, settled, settled_rate)
		select gen_random_uuid()::text, p.id, 1, 7, '', '', 1, $2, 0, $3, 0, $1::text::timestamptz, $1::text::timestamptz,
			$1::text::timestamptz, $4, $5, $6::text::numeric from p`, day, share, currency, into, settled, rate)
	m.OK(err)
}

// ranking lists the videos with their value and what they sold.
func ranking(m *malltest.Mall, most int) (list []string) {
	m.T.Helper()
	got, err := m.Insight.Videos(m.Ctx, 1, march, most)
	m.OK(err)
	for _, v := range got {
		words := fmt.Sprintf("%d: %s %d-%d", v.SPUID, v.Value.Currency, v.Value.Gross, v.Value.Refunded)
		if v.Partial {
			words += " in part"
		}
		for _, s := range v.Sold {
			words += fmt.Sprintf(", %s %d-%d", s.Currency, s.Gross, s.Refunded)
		}
		list = append(list, words)
	}
	return list
}

func ranks(m *malltest.Mall, why string, want ...string) {
	m.T.Helper()
	for most := range len(want) + 2 {
		if got := ranking(m, most); !slices.Equal(got, want[:min(most, len(want))]) {
			m.T.Errorf("%s, the first %d:\n%q, want\n%q", why, most, got, want)
		}
	}
}

// A video has one place however many currencies it sold in, by the value of all of them.
func TestInsight_Videos_one_place_for_all_currencies(t *testing.T) {
	m := open(t)
	rated(m, "USD", "0.14", "2026-01-01")
	sold(m, "2026-03-01", 7, 5, "CNY", 1000, 0)
	sold(m, "2026-03-02", 8, 1, "USD", 100, 100) // 714.29 fen
	sold(m, "2026-03-03", 8, 1, "CNY", 300, 0)
	ranks(m, "two currencies", "8: CNY 1014-714, CNY 300-0, USD 100-100", "7: CNY 1000-0, CNY 1000-0")

	rated(m, "JPY", "21.5", "2026-01-01")
	sold(m, "2026-03-04", 7, 1, "JPY", 4, 0)   // yen have no minor units: 18.60 fen
	sold(m, "2026-03-05", 9, 9, "JPY", 218, 0) // 1013.95 fen, and 714.29 + 300 are more
	m.Advance(10 * time.Second)                // until processes have read the rates again
	ranks(m, "three currencies", "7: CNY 1019-0, CNY 1000-0, JPY 4-0", "8: CNY 1014-714, CNY 300-0, USD 100-100",
		"9: CNY 1014-0, JPY 218-0")
}

// The value is in the currency in which the creator settles: at the average of what was converted in these days, or
// else at the rate at their end.
func TestInsight_Videos_value_by_booked_and_dated_rates(t *testing.T) {
	m := open(t)
	rated(m, "USD", "0.14", "2026-01-01")
	rated(m, "USD", "0.20", "2026-03-20")
	rated(m, "USD", "0.50", "2026-04-02") // after these days
	rated(m, "JPY", "20", "2026-01-01")
	sold(m, "2026-03-01", 7, 1, "CNY", 1000, 0)
	sold(m, "2026-03-02", 8, 1, "USD", 100, 0)
	sold(m, "2026-03-02", 9, 1, "JPY", 120, 20)
	ranks(m, "in yuan", "7: CNY 1000-0, CNY 1000-0", "9: CNY 600-100, JPY 120-20", "8: CNY 500-0, USD 100-0")
	m.OK(m.Ledger.SetSettlement(m.Ctx, 1, "JPY"))
	ranks(m, "in yen", "7: JPY 200-0, CNY 1000-0", "9: JPY 120-20, JPY 120-20", "8: JPY 100-0, USD 100-0")
	converted(m, "2026-03-10", 100, "USD", 150, "JPY", "150")
	converted(m, "2026-03-11", 300, "USD", 570, "JPY", "190")
	converted(m, "2026-04-11", 300, "USD", 3000, "JPY", "1000") // after these days
	converted(m, "2026-03-12", 300, "USD", 9000, "CNY", "30")   // into another currency
	ranks(m, "at what was booked", "7: JPY 200-0, CNY 1000-0", "8: JPY 180-0, USD 100-0", "9: JPY 120-20, JPY 120-20")
}

// A creator who settles in a currency that had no rate yet is shown values in the shop's own. Sums of other currencies
// without a rate are left out, and the video says so.
func TestInsight_Videos_without_a_rate(t *testing.T) {
	m := open(t)
	rated(m, "USD", "0.14", "2026-01-01")
	rated(m, "JPY", "20", "2026-04-02") // after these days
	m.OK(m.Ledger.SetSettlement(m.Ctx, 1, "JPY"))
	sold(m, "2026-03-01", 7, 1, "CNY", 1000, 0)
	sold(m, "2026-03-02", 8, 1, "USD", 100, 0)
	sold(m, "2026-03-02", 9, 1, "CNY", 300, 0)
	sold(m, "2026-03-02", 9, 1, "JPY", 120, 20)
	sold(m, "2026-03-03", 7, 1, "JPY", 0, 0) // nothing is left out
	ranks(m, "before the rate of the yen", "7: CNY 1000-0, CNY 1000-0, JPY 0-0", "8: CNY 714-0, USD 100-0",
		"9: CNY 300-0 in part, CNY 300-0, JPY 120-20")
	list, err := m.Insight.BestSellers(m.Ctx, march, 3)
	m.OK(err)
	var got []string
	for _, f := range list {
		got = append(got, fmt.Sprint(f.SPUID, " ", f.Value.Gross, " ", f.Partial))
	}
	if want := []string{"7 1000 false", "8 714 false", "9 300 true"}; !slices.Equal(got, want) {
		t.Errorf("best sellers: %q, want %q", got, want)
	}
}

// The mall's best sellers have one place each too, with the value of each day.
func TestInsight_BestSellers_one_place_for_all_currencies(t *testing.T) {
	m := open(t)
	rated(m, "USD", "0.14", "2026-01-01")
	rated(m, "JPY", "21.5", "2026-01-01")
	sold(m, "2026-02-20", 8, 1, "USD", 14, 0)
	sold(m, "2026-03-01", 7, 9, "CNY", 1000, 0)
	sold(m, "2026-03-02", 8, 1, "USD", 100, 7)
	sold(m, "2026-03-02", 8, 1, "CNY", 300, 0)
	sold(m, "2026-03-03", 8, 2, "USD", 14, 0)
	sold(m, "2026-03-03", 9, 9, "JPY", 214, 0)
	for most, want := range []int{0, 1, 2, 3, 3} {
		list, err := m.Insight.BestSellers(m.Ctx, march, most)
		m.OK(err)
		if len(list) != want {
			t.Fatalf("%d of %d best sellers", len(list), most)
		}
		var got []string
		for _, f := range list {
			got = append(got, fmt.Sprint(f.SPUID, " ", f.Value, f.Sold, " before ", f.Before, " on 2 March ",
				f.Days[march.From.AddDate(0, 0, 1)]))
		}
		if all := []string{
			"8 {CNY {4 4 1114 1 50}} [{CNY {1 1 300 0 0}} {USD {3 3 114 1 7}}] before 100 on 2 March 1014",
			"7 {CNY {9 9 1000 0 0}} [{CNY {9 9 1000 0 0}}] before 0 on 2 March 0",
			"9 {CNY {9 9 995 0 0}} [{JPY {9 9 214 0 0}}] before 0 on 2 March 0",
		}; fmt.Sprintf("%q", got) != fmt.Sprintf("%q", all[:len(got)]) {
			t.Errorf("best sellers:\n%q, want\n%q", got, all[:len(got)])
		}
	}
}
