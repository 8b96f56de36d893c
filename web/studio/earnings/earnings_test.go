package earnings_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/calendar"
	"videomall/mall/exchange"
	"videomall/mall/insight"
	"videomall/mall/ledger"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/views"
	"videomall/views/text"
	"videomall/web/admin/finance"
	"videomall/web/page"
	"videomall/web/studio/earnings"
	"videomall/web/webtest"
)

// studio is a mall with a creator who sells videos, another creator, and an operator.
type studio struct {
	*webtest.Mall
	books             *ledger.Ledger
	rates             *exchange.Exchange
	sums              *insight.Insight // only for the time zones of creators
	carl, dora, olga  account.User
	creator, operator *webtest.Browser
}

func open(t *testing.T, adjust ...func(*ledger.Terms)) *studio {
	t.Helper()
	t.Parallel()
	s := &studio{}
	s.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		key := sha256.Sum256([]byte("key"))
		terms := ledger.UsualTerms
		terms.PayoutWait = 0 // except in the test of the wait
		for _, a := range adjust {
			a(&terms)
		}
		s.rates = exchange.New(exchange.Deps{
			Pool: m.Pool,
			Now:  m.Now,
			Base: "CNY",
		})
		s.books = ledger.New(ledger.Deps{
			Pool:     m.Pool,
			Now:      m.Now,
			Terms:    terms,
			Key:      key[:],
			Exchange: s.rates,
		})
		s.sums = insight.New(insight.Deps{
			Pool:  m.Pool,
			Now:   m.Now,
			Since: func(context.Context, pgx.Tx) (*time.Time, error) { return nil, nil },
		})
		earnings.Routes(g, earnings.Deps{
			Site:   m.Site,
			Ledger: s.books,
			Zone:   s.sums.Zone,
		})
		finance.Routes(g, finance.Deps{
			Site:     m.Site,
			Ledger:   s.books,
			Payments: m.Payments,
			Accounts: m.Accounts,
			Taxes:    m.Taxes,
		})
	}, Notice: func(*webtest.Mall) func(context.Context, *page.Ctx) (*views.Notice, error) {
		return func(ctx context.Context, c *page.Ctx) (*views.Notice, error) { return earnings.Notice(s.books)(ctx, c) }
	}})
	s.carl = s.Person("carl", account.RoleCreator)
	s.dora = s.Person("dora", account.RoleCreator)
	s.olga = s.Person("olga", account.RoleOperator)
	if s.carl.ID != 1 {
		t.Fatalf("account of the creator: got %d, want 1", s.carl.ID)
	}
	s.creator, s.operator = s.Browser(s.carl.ID), s.Browser(s.olga.ID)
	return s
}

// sold sells a new video at each price, in fen.
func (s *studio) sold(t *testing.T, prices ...int64) {
	t.Helper()
	mia := s.Person("mia", account.RoleShopper)
	for _, p := range prices {
		s.Bought(mia.ID, s.Video(p, -1))
	}
}

// clears waits until the earnings have cleared. Meanwhile sessions expire, so creator and operator sign in again.
func (s *studio) clears(t *testing.T) {
	t.Helper()
	s.Advance(s.books.Terms().Clearing)
	s.creator, s.operator = s.Browser(s.carl.ID), s.Browser(s.olga.ID)
	if _, err := s.books.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestEarnings_payout(t *testing.T) {
	s := open(t)
	s.creator.Get("/studio/earnings").Wants(200).Shows("Nothing earned yet", "15%", "7 days")
	s.sold(t, 2000, 990)
	s.creator.Get("/studio/earnings").Wants(200).
		Shows("CN¥25.41", "What clears when", "Sales of the last 30 days", "To have money paid out, first say below")
	s.clears(t)
	where := s.creator.Get("/studio/earnings").Form("/studio/earnings/destination")
	where.Set("name", "Carl Chen")
	where.Set("account", "1")
	s.creator.Post("/studio/earnings/destination", where).Wants(422).Shows("Write bank and number").
		Form("/studio/earnings/destination")
	where.Set("account", "Bank of Test 6222 9876")
	s.creator.Post("/studio/earnings/destination", where).Wants(303)
	page := s.creator.Get("/studio/earnings").Wants(200).Shows("••••9876", "CN¥25.41").Hides("6222 9876")
	form := page.Form("/studio/earnings/payouts")
	for sum, word := range map[string]string{
		"25.42": "more than is available", "9.99": "below the least sum",
		"much": "below the least sum",
	} {
		form.Set("amount", sum)
		a := s.creator.Post("/studio/earnings/payouts", form).Wants(422).Shows(word)
		if got := a.Form("/studio/earnings/payouts").Get("amount"); got != sum {
			t.Errorf("amount in the form: got %q, want %q as typed", got, sum)
		}
	}
	form.Set("amount", "20")
	for range 2 { // the second click is the same request
		s.creator.Post("/studio/earnings/payouts", form).Wants(303)
	}
	s.creator.Get("/studio/earnings").Wants(200).Shows("Requested", "CN¥20.00 more are on their way", "CN¥5.41")
	if n := webtest.Query[int64](s.Mall, "select count(*) from ledger_payout")[0]; n != 1 {
		t.Fatalf("payouts: got %d, want 1", n)
	}

	// The operator sees the account number only after asking for it.
	s.operator.Get("/admin/payouts").Wants(200).Shows("carl", "CN¥20.00")
	at := "/admin/payouts/1"
	s.operator.Post(at+"/refuse", s.operator.Get(at).Wants(200).Hides("6222 9876").Form(at+"/refuse")).Wants(422).
		Shows("Say why")
	s.operator.Post(at+"/approve", s.operator.Get(at).Form(at+"/approve")).Wants(303)
	s.operator.Post(at+"/reveal", s.operator.Get(at).Form(at+"/reveal")).Wants(200).Shows("Bank of Test 6222 9876")
	pay := s.operator.Get(at).Hides("6222 9876").Form(at + "/pay")
	pay.Set("bank_reference", "TX-55")
	s.operator.Post(at+"/pay", pay).Wants(303)
	s.operator.Post(at+"/pay", pay).Wants(303) // the payout has moved on
	s.creator.Get("/studio/earnings").Wants(200).Shows("Paid", "Reference TX-55")
	s.operator.Get("/admin/books").Wants(200).Shows("The books are whole", "creator_available", "Agree").
		Hides("Differ", "broken")
	s.operator.Get("/admin/books/creators/1").Wants(200).Shows("carl", "CN¥5.41")
}

func TestEarnings_debt(t *testing.T) {
	s := open(t)
	s.sold(t, 2000)
	s.clears(t)
	form := s.operator.Get("/admin/books/creators/1").Form("/admin/books/creators/1/adjust")
	form.Set("currency", "CNY") // the only choice
	form.Set("amount", "-20.00")
	s.operator.Post("/admin/books/creators/1/adjust", form).Wants(422).Shows("Say why")
	form.Set("reason", "a chargeback")
	for range 2 {
		s.operator.Post("/admin/books/creators/1/adjust", form).Wants(303)
	}
	s.creator.Get("/studio/earnings").Wants(200).Shows("CN¥3.00 more than was left", "your next earnings fill the gap")
	s.creator.Lang = "zh-CN"
	s.creator.Get("/studio/earnings").Wants(200).Shows("透支")
}

func TestEarnings_destination_changed(t *testing.T) {
	s := open(t, func(t *ledger.Terms) { t.PayoutWait = 72 * time.Hour })
	s.sold(t, 2000)
	s.clears(t)
	const told = "The account for your payouts was set or changed on"
	where := s.creator.Get("/studio/earnings").Wants(200).Hides(told).Shows("payouts wait 72 hours").
		Form("/studio/earnings/destination")
	where.Set("name", "Mallory")
	where.Set("account", "Bank of Mallory 1")
	s.creator.Post("/studio/earnings/destination", where).Wants(303)
	ask := s.creator.Get("/studio/earnings").Form("/studio/earnings/payouts")
	ask.Set("amount", "10")
	s.creator.Post("/studio/earnings/payouts", ask).Wants(303)

	// The owner is told on the next page in every browser; others are not.
	owner := s.Browser(s.carl.ID)
	owner.Get("/studio/earnings").Wants(200).Shows(told, "Change password", "Can be approved from")
	owner.Get("/studio/earnings/statements/" + s.Now().UTC().Format("2006-01")).Wants(200).Shows(told)
	s.Browser(s.dora.ID).Get("/studio/earnings").Wants(200).Hides(told)
	owner.Lang = "zh-CN"
	owner.Get("/studio/earnings").Wants(200).Shows("您的收款账户于")

	page := s.operator.Get("/admin/payouts/1").Wants(200).Shows("This payout can be approved from").Hides(told)
	if page.Has(`action="/admin/payouts/1/approve"`) {
		t.Error("payout after a change of the account can be approved at once")
	}
	s.operator.Post("/admin/payouts/1/approve", url.Values{"version": {"0"}}).Wants(303)
	s.operator.Get("/admin/payouts/1").Wants(200).Shows("can’t be approved yet", "Requested")
	s.Advance(72 * time.Hour)
	s.Browser(s.carl.ID).Get("/studio/earnings").Wants(200).Hides(told, "Can be approved from")
	s.operator = s.Browser(s.olga.ID)
	s.operator.Post("/admin/payouts/1/approve", s.operator.Get("/admin/payouts/1").Form("/admin/payouts/1/approve")).
		Wants(303)
	s.operator.Get("/admin/payouts/1").Wants(200).Shows("Approved")
}

func TestBooks_credit_needs_two_people(t *testing.T) {
	s := open(t, func(t *ledger.Terms) { t.TwoAbove = 1500 })
	s.sold(t, 9000)
	s.clears(t)
	otto := s.Browser(s.Person("otto", account.RoleOperator).ID)
	form := s.operator.Get("/admin/books/creators/1").Form("/admin/books/creators/1/adjust")
	form.Set("currency", "CNY")
	form.Set("amount", "12.34")
	form.Set("reason", "a prize")
	for range 2 { // the second click is the same proposal
		s.operator.Post("/admin/books/creators/1/adjust", form).Wants(303)
	}
	s.operator.Get("/admin/books/creators/1").Wants(200).
		Shows("The credit is proposed", "a prize", "You proposed this one", "CN¥76.50")
	s.operator.Post("/admin/books/credits/1/confirm", url.Values{}).Wants(403).Shows("Another operator confirms it.")
	s.creator.Post("/admin/books/credits/1/confirm", url.Values{}).Wants(404)
	confirm := otto.Get("/admin/books").Wants(200).Shows("Credits that wait", "CN¥12.34", "Proposed by olga").
		Form("/admin/books/credits/1/confirm")
	otto.Post("/admin/books/credits/1/confirm", confirm).Wants(303)
	otto.Get("/admin/books").Wants(200).Shows("The credit is booked.").Hides("Credits that wait")
	otto.Post("/admin/books/credits/1/refuse", confirm).Wants(303)
	otto.Get("/admin/books/creators/1").Wants(200).Shows("Somebody has decided", "CN¥88.84")

	if err := s.books.SetDestination(t.Context(), s.carl.ID, ledger.Destination{
		Name:    "Carl",
		Account: "12345678",
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.books.RequestPayout(t.Context(), s.carl.ID, money.Of(1501, "CNY"), "k"); err != nil {
		t.Fatal(err)
	}
	at := "/admin/payouts/1"
	s.operator.Post(at+"/approve", s.operator.Get(at).Form(at+"/approve")).Wants(303)
	if a := s.operator.Get(at).Wants(200).Shows("A second person transfers this payout"); a.Has(at+"/pay") ||
		a.Has(at+"/reveal") {
		t.Error("page offers to pay to the operator who approved the payout")
	}
	s.operator.Post(at+"/pay", url.Values{
		"version":        {"1"},
		"bank_reference": {"TX"},
	}).Wants(403).Shows("another operator transfers it")
	s.operator.Post(at+"/reveal", url.Values{}).Wants(403)
	pay := otto.Get(at).Wants(200).Form(at + "/pay")
	pay.Set("bank_reference", "TX")
	otto.Post(at+"/pay", pay).Wants(303)
	otto.Get(at).Wants(200).Shows("Paid")
}

func TestEarnings_access(t *testing.T) {
	s := open(t)
	s.sold(t, 2000)
	s.clears(t)
	month := s.Now().UTC().Format("2006-01")
	dora, mia := s.Browser(s.dora.ID), s.Browser(s.Person("max", account.RoleShopper).ID)
	if err := s.books.SetDestination(t.Context(), s.carl.ID, ledger.Destination{
		Name:    "Carl",
		Account: "12345678",
	}); err != nil {
		t.Fatal(err)
	}
	p, err := s.books.RequestPayout(t.Context(), s.carl.ID, money.Of(1000, "CNY"), "k")
	if err != nil {
		t.Fatal(err)
	}
	id := strconv.FormatInt(p.ID, 10)
	dora.Post("/studio/earnings/payouts/"+id+"/cancel", url.Values{"version": {"0"}}).Wants(404)
	for _, what := range []string{"", "/csv", "/pdf"} {
		s.creator.Get("/studio/earnings/statements/" + month + what).Wants(200)
		dora.Get("/studio/earnings/statements/" + month + what).Wants(404)
		mia.Get("/studio/earnings/statements/" + month + what).Wants(404)
		s.creator.Get("/studio/earnings/statements/1999-01" + what).Wants(404)
		s.creator.Get("/studio/earnings/statements/x" + what).Wants(404)
	}
	mia.Get("/studio/earnings").Wants(404)
	for _, path := range []string{"/admin/payouts", "/admin/payouts/" + id, "/admin/books", "/admin/books/creators/1"} {
		s.creator.Get(path).Wants(404)
		s.operator.Get(path).Wants(200)
	}
	for _, do := range []string{"approve", "refuse", "pay", "fail", "reveal"} {
		s.creator.Post("/admin/payouts/"+id+"/"+do, url.Values{"version": {"0"}, "reason": {"r"}}).Wants(404)
		s.operator.Post("/admin/payouts/999/"+do, url.Values{
			"version":        {"0"},
			"reason":         {"r"},
			"bank_reference": {"b"},
		}).Wants(404)
	}
	s.creator.Post("/admin/books/creators/1/adjust", url.Values{
		"amount":   {"5"},
		"reason":   {"r"},
		"key":      {"k"},
		"currency": {"CNY"},
	}).Wants(404)
	s.creator.Post("/studio/earnings/payouts/"+id+"/cancel", url.Values{"version": {"0"}}).Wants(303)
}

func TestEarnings_zone(t *testing.T) {
	s := open(t)
	s.sold(t, 2000)
	// This zone is always 14 hours ahead.
	if err := s.sums.SetZone(t.Context(), s.carl.ID, "Pacific/Kiritimati"); err != nil {
		t.Fatal(err)
	}
	z, _ := calendar.Find("Pacific/Kiritimati")
	at := "/studio/earnings/statements/" + z.MonthOf(s.Now()).Format("2006-01")
	for lang, named := range map[string]string{
		"en":    "Pacific/Kiritimati (UTC+14)",
		"zh-CN": "Pacific/Kiritimati（UTC+14）",
	} {
		s.creator.Lang = lang
		page := s.creator.Get("/studio/earnings").Wants(200).Shows(named)
		if n := strings.Count(page.Text(), named); n != 3 || !page.Has(`href="/studio/time-zone"`) {
			t.Errorf("page names the zone %d times, want 3, with a link to change it", n)
		}
		s.creator.Get(at).Wants(200).Shows(named)
		head, _, _ := strings.Cut(s.creator.Get(at+"/csv").Wants(200).Body, "\r\n")
		if !strings.Contains(head, "Pacific/Kiritimati") {
			t.Errorf("header of the CSV: got %q, want the zone in it", head)
		}
		s.creator.Get(at + "/pdf").Wants(200)
	}
}

func TestStatement_PDF_both_languages(t *testing.T) {
	t.Parallel()
	s := ledger.Statement{
		Month: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		Open:  true,
		Books: []ledger.Book{{
			Currency:    "CNY",
			Opening:     -5,
			Adjustments: []ledger.AdjustedLine{{Reason: "银行手续费", Amount: -50}},
		}},
	}
	for n := range 80 { // more than a page
		s.Books[0].Videos = append(s.Books[0].Videos, ledger.VideoLine{
			Subject: int64(n),
			Title:   locale.Text{Zh: strings.Repeat("很长的片名", 9), En: strings.Repeat("A long title ", 9)},
			Units:   n,
			Sales:   100,
			Fee:     15,
		})
	}
	for _, l := range []text.Lang{text.En, text.ZhCN} {
		body, err := earnings.PDF(text.For(l), s, "陈 Carl", time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(body, []byte("%PDF-")) || len(body) > 400_000 ||
			bytes.Count(body, []byte("/Type /Page\n")) < 2 {
			t.Errorf("PDF in %s: %d bytes: not a PDF, too large or only one page", l, len(body))
		}
	}
}
