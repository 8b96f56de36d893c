package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/exchange"
	"videomall/mall/ledger"
	"videomall/mall/malltest"
	"videomall/mall/money"
)

// TestSite_RequireRecent checks that every request that moves money or changes a role requires a password that was
// typed within the last 15 minutes.
func TestSite_RequireRecent(t *testing.T) {
	h := openHouse(t, nil)
	olga, carl, ann := h.person("olga", account.RoleOperator), h.person("carl", account.RoleCreator), h.person("ann",
		account.RoleShopper)
	h.Credit(carl.ID, 9000)
	h.OK(h.Exchange.SaveCurrency(h.Ctx, olga.ID, exchange.Currency{Code: "USD", Step: 1}))
	h.OK(h.Exchange.AddRate(h.Ctx, exchange.NewRate{
		Currency:  "USD",
		Rate:      "0.14",
		Confirmed: true,
	}))
	h.OK(h.Ledger.SetDestination(h.Ctx, carl.ID, ledger.Destination{Name: "Carl", Account: "6222 0000 1111"}))
	ids := make([]int64, 5)
	for n := range ids {
		p, err := h.Ledger.RequestPayout(h.Ctx, carl.ID, money.Of(1000, "CNY"), fmt.Sprint("k", n))
		h.OK(err)
		ids[n] = p.ID
	}
	h.Advance(h.Ledger.Terms().PayoutWait)
	payout := func(n int, do string) string { return fmt.Sprintf("/admin/payouts/%d/%s", ids[n], do) }
	for _, n := range []int{2, 3, 4} {
		h.OK(h.Ledger.ApprovePayout(h.Ctx, olga.ID, ids[n], 0, ""))
	}
	reason := url.Values{"version": {"0"}, "reason": {"a <good> reason"}}
	for _, c := range []struct {
		who    account.User
		path   string
		form   url.Values
		status int
	}{
		{carl, "/studio/earnings/destination", url.Values{"name": {"Carl Chen"}, "account": {"DE89 3704 0044"}}, 303},
		{carl, "/studio/earnings/settlement", url.Values{"settlement": {"USD"}}, 303},
		{olga, "/admin/books/exchange", url.Values{
			"sold":            {"100"},
			"sold_currency":   {"CNY"},
			"bought":          {"14"},
			"bought_currency": {"USD"},
			"reference":       {"FX 1"},
			"day":             {h.Now().Format(time.DateOnly)},
			"key":             {"k"},
		}, 303},
		{olga, payout(0, "approve"), reason, 303},
		{olga, payout(1, "refuse"), reason, 303},
		{olga, payout(2, "reveal"), url.Values{}, 200},
		{olga, payout(3, "pay"), url.Values{"version": {"1"}, "bank_reference": {"TX 1"}}, 303},
		{olga, payout(4, "fail"), url.Values{"version": {"1"}, "reason": {"closed"}}, 303},
		{olga, fmt.Sprintf("/admin/books/creators/%d/adjust", carl.ID), url.Values{
			"amount":   {"-5"},
			"currency": {"CNY"},
			"reason":   {"a fee"},
			"key":      {"k"},
		}, 303},
		{olga, "/admin/reconciliation/run", url.Values{
			"provider": {"sandbox"},
			"day":      {"2026-01-01"},
			"key":      {"k"},
		}, 303},
		{olga, "/admin/tax/rates", url.Values{
			"country": {"DE"},
			"name":    {"VAT"},
			"rate":    {"19"},
			"from":    {h.Now().AddDate(0, 1, 0).Format(time.DateOnly)},
		}, 303},
		{olga, "/admin/tax/rates/1/end", url.Values{"on": {h.Now().Format(time.DateOnly)}}, 303},
		{olga, "/admin/currencies", url.Values{
			"known":   {"USD"},
			"code":    {"USD"},
			"step":    {"1"},
			"less":    {"0.01"},
			"offered": {"on"},
		}, 303},
		{olga, "/admin/currencies/rates", url.Values{
			"currency": {"USD"},
			"rate":     {"0.14"},
			"source":   {"<ECB>"},
			"from":     {h.Now().UTC().AddDate(0, 0, 7).Format("2006-01-02T15:04")},
		}, 303},
		{olga, "/admin/currencies/rates/2/remove", url.Values{}, 303},
		{olga, "/admin/currencies/lines", url.Values{"lines": {"USD,0.14"}, "source": {"ECB"}}, 303},
		{olga, fmt.Sprintf("/admin/people/%d/roles", ann.ID), url.Values{
			"from":   {""},
			"role":   {"creator"},
			"reason": {"makes videos"},
		}, 303},
	} {
		t.Run(c.path, func(t *testing.T) {
			b := h.at("192.0.2.1")
			b.signIn(c.who)
			h.Advance(15 * time.Minute)
			before := actions(h)
			referer := []string{"Referer", h.url + "/some/form?x=1"}
			first := b.ask("POST", c.path, c.form.Encode(), referer...)
			if first.status != 403 || !strings.Contains(first.body, "Confirm your password") ||
				!strings.Contains(first.body, `action="`+c.path+`"`) {
				t.Fatalf("request without a recent password: got %d, want 403 with a form: %s", first.status,
					first.body)
			}
			for name, values := range c.form {
				if field := fmt.Sprintf(`name="%s" value="%s"`, name,
					strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(values[0])); !strings.Contains(first.body,
					field) {
					t.Errorf("confirmation form lacks %s: %s", field, first.body)
				}
			}
			if !strings.Contains(first.body, `href="/some/form?x=1"`) {
				t.Error("confirmation page lacks a link back to the form")
			}
			if a := b.ask("POST", c.path, c.form.Encode(), "Accept", "application/json"); a.status != 403 ||
				!strings.Contains(a.body, `"code":"password_required"`) {
				t.Errorf("request of a program: got %d, want 403 password_required: %s", a.status, a.body)
			}
			again := url.Values{"confirm_back": {"/some/form?x=1"}, "confirm_password": {"not it"}}
			for name, values := range c.form {
				again[name] = values
			}
			if a := b.post(c.path, again); a.status != 403 ||
				!strings.Contains(a.body, "This is not your current password.") || strings.Contains(a.body, "not it") ||
				!strings.Contains(a.body, `href="/some/form?x=1"`) {
				t.Errorf("wrong password: got %d, want 403: %s", a.status, a.body)
			}
			if now := actions(h); now != before {
				t.Errorf("action without a password: state is %s, before %s", now, before)
			}
			again.Set("confirm_password", password)
			if a := b.post(c.path, again); a.status != c.status {
				t.Errorf("right password: got %d, want %d: %s", a.status, c.status, a.body)
			}
			if actions(h) == before {
				t.Error("right password: state is unchanged")
			}
			if a := b.post(c.path, c.form); strings.Contains(a.body, "Confirm your password") {
				t.Error("password is required again at once")
			}
		})
	}
}

// actions returns a summary of what operators and creators have done with money and roles.
func actions(h *house) string {
	return malltest.Query[string](h.Mall, `select concat_ws(' ', (select count(*)
		from audit_entry), (select sum(version) from ledger_payee),
		(select sum(version) from ledger_payout), (select count(*) from ledger_adjustment), (select count(*)
		from account_user where id in (select user_id from account_role where role = 'creator')))`)[0]
}

func TestSite_RequireRecent_Tries(t *testing.T) {
	h := openHouse(t, nil)
	carl := h.person("carl", account.RoleCreator)
	b := h.at("192.0.2.1")
	b.signIn(carl)
	h.Advance(15*time.Minute - time.Second)
	where := url.Values{"name": {"Carl Chen"}, "account": {"DE89 3704 0044"}}
	if a := b.post("/studio/earnings/destination", where); a.status != 303 {
		t.Fatalf("one second before the limit: got %d, want 303: %s", a.status, a.body)
	}
	h.Advance(time.Second)
	where.Set("confirm_password", "not it")
	for n := range 11 {
		want := 403
		if n == 10 {
			want = 429
		}
		if a := b.post("/studio/earnings/destination", where); a.status != want {
			t.Fatalf("try %d: got %d, want %d: %s", n, a.status, want, a.body)
		}
	}
	where.Set("confirm_password", password)
	if a := b.post("/studio/earnings/destination", where); a.status != 429 || a.header.Get("Retry-After") == "" {
		t.Errorf("right password after too many tries: got %d, want 429 with Retry-After", a.status)
	}
	// The confirmation counts only for its session; another browser is asked for the password, too.
	h.Advance(15 * time.Minute)
	other := h.at("192.0.2.2")
	other.signIn(carl)
	h.Advance(15 * time.Minute)
	if a := b.post("/studio/earnings/destination", where); a.status != 303 {
		t.Fatalf("right password after the wait: got %d, want 303: %s", a.status, a.body)
	}
	where.Del("confirm_password")
	if a := other.post("/studio/earnings/destination", where); a.status != 403 {
		t.Errorf("another session: got %d, want 403", a.status)
	}
}
