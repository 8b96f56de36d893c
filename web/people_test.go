package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/ledger"
	"videomall/mall/malltest"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/mall/risk"
	"videomall/mall/webhook"
	"videomall/web/play"
)

func (c *client) post(path string, form url.Values) reply {
	c.h.T.Helper()
	return c.ask("POST", path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

// shows fails unless the answer has that status and its source every word.
func (c *client) shows(path string, status int, words ...string) reply {
	c.h.T.Helper()
	a := c.get(path)
	if a.status != status {
		c.h.T.Fatalf("%s: %d %s", path, a.status, a.header.Get("Location"))
	}
	for _, w := range words {
		if !strings.Contains(a.body, w) {
			c.h.T.Errorf("%s does not say %q", path, w)
		}
	}
	return a
}

func TestARoleThatIsTakenIsGoneAtTheVeryNextRequest(t *testing.T) {
	h := openHouse(t, nil)
	olga, oscar := h.person("olga", account.RoleOperator), h.person("oscar", account.RoleOperator)
	desk, his := h.at("192.0.2.1"), h.at("192.0.2.2")
	desk.signIn(olga)
	his.signIn(oscar)
	his.shows("/admin", 200)
	at := fmt.Sprintf("/admin/people/%d", oscar.ID)
	desk.shows(at, 200, "oscar@example.test", "Take the role: operator", at+"/suspend")
	ask := desk.shows(at+"/role?to=shopper", 200, "Take the role from oscar", "at their very next click",
		`name="from" value="operator"`)
	if his.get("/admin").status != 200 || strings.Contains(ask.body, "is changed") {
		t.Fatal("asking does it")
	}
	form := url.Values{"from": {"operator"}, "to": {"shopper"}, "reason": {" "}}
	if a := desk.post(at+"/role", form); a.status != 422 || !strings.Contains(a.body, "Say why") {
		t.Fatalf("no reason: %d", a.status)
	}
	form.Set("reason", "has left <b>the house</b>")
	if a := desk.post(at+"/role", form); a.status != 303 || a.header.Get("Location") != at {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := his.get("/admin"); a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), "/sign-in") {
		t.Errorf("the console answers him with %d", a.status)
	}
	his.signIn(oscar)
	if a := his.get("/admin"); a.status != 404 {
		t.Errorf("signed in anew: %d", a.status)
	}
	desk.shows(at, 200, "The role is changed", "Changed a role", "has left &lt;b&gt;the house", "Make an operator")
	if a := desk.post(at+"/role", form); a.status != 303 { // the same form again: he is no operator any more
		t.Errorf("twice: %d", a.status)
	}
	desk.shows(at, 200, "has changed since you looked")
	own := fmt.Sprintf("/admin/people/%d", olga.ID)
	desk.shows(own, 200, "This is you")
	for _, do := range []string{"role?to=shopper", "suspend", "sign-out"} {
		if a := desk.get(own + "/" + do); a.status != 403 {
			t.Errorf("her own %s: %d", do, a.status)
		}
	}
	if a := desk.post(own+"/role", url.Values{
		"from":   {"operator"},
		"to":     {"shopper"},
		"reason": {"r"},
	}); a.status != 403 {
		t.Errorf("her own role: %d", a.status)
	}
	for path, status := range map[string]int{at + "/role?to=king": 422, at + "/role": 422, "/admin/people/4711": 404,
		"/admin/people/x": 404, "/admin/people/4711/suspend": 404} {
		if a := desk.get(path); a.status != status {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if n := malltest.Query[int64](h.Mall, `select count(*) from audit_entry`)[0]; n != 1 {
		t.Errorf("%d actions", n)
	}
}

func TestACreatorsRoleThatIsTakenStaysAway(t *testing.T) {
	h := openHouse(t, nil)
	olga, carl := h.person("olga", account.RoleOperator), h.person("carl", account.RoleShopper)
	desk, his := h.at("192.0.2.1"), h.at("192.0.2.2")
	desk.signIn(olga)
	his.signIn(carl)
	form := url.Values{"slug": {"carl-films"}, "name_zh": {"卡尔"}, "name_en": {"Carl"}}
	if a := his.post("/account/creator", form); a.status != 303 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	at := fmt.Sprintf("/admin/people/%d", carl.ID)
	if a := desk.post(at+"/role", url.Values{
		"from":   {"creator"},
		"to":     {"shopper"},
		"reason": {"sells what is not his"},
	}); a.status != 303 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	his.signIn(carl)
	if a := his.shows("/account", 200); strings.Contains(a.body, "/account/creator") {
		t.Error("the form is offered")
	}
	form.Set("name_en", "Carl again")
	if a := his.post("/account/creator", form); a.status != 403 ||
		!strings.Contains(a.body, "An operator has decided your role") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if k, err := h.Catalog.CreatorOf(h.Ctx, carl.ID); err != nil || k.NameEn != "Carl" {
		t.Errorf("his profile is changed: %+v, %v", k, err)
	}
	if a := desk.post(at+"/role", url.Values{
		"from":   {"shopper"},
		"to":     {"creator"},
		"reason": {"a mistake"},
	}); a.status != 303 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	his.signIn(carl)
	his.shows("/account", 200, "/account/creator")
}

func TestWhoIsSuspendedCanNeitherSignInNorBuy(t *testing.T) {
	h := openHouse(t, nil)
	olga, mia := h.person("olga", account.RoleOperator), h.person("mia", account.RoleShopper)
	sku := h.Sells(0, -1)
	desk, hers := h.at("192.0.2.1"), h.at("192.0.2.2")
	desk.signIn(olga)
	hers.signIn(mia)
	program := h.at("192.0.2.3")
	token, err := h.Accounts.IssueToken(h.Ctx, account.TokenRequest{
		Email:    mia.Email,
		Password: password,
		Addr:     "192.0.2.3",
	})
	h.OK(err)
	program.token = token.Value
	at := fmt.Sprintf("/admin/people/%d", mia.ID)
	desk.shows(at+"/suspend", 200, "find the mall closed", "15 minutes", "One week")
	if a := desk.post(at+"/suspend", url.Values{
		"reason": {"resells"},
		"for":    {"9h"},
	}); a.status != 422 || !strings.Contains(a.body, "resells") {
		t.Fatalf("a length that is none: %d", a.status)
	}
	if a := desk.post(at+"/suspend", url.Values{"reason": {"resells"}, "for": {"24h"}}); a.status != 303 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := hers.get("/library"); a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), "/sign-in") {
		t.Errorf("her session: %d", a.status)
	}
	order := fmt.Sprintf(`{"items":[{"skuId":"%d","quantity":1}]}`, sku)
	if a := program.ask("POST", "/api/v1/mall/orders", order, "Content-Type", "application/json", "Idempotency-Key",
		"k"); a.status != 401 {
		t.Errorf("her token orders: %d %s", a.status, a.body)
	}
	form := url.Values{"email": {mia.Email}, "password": {password}}
	if a := hers.post("/sign-in", form); a.status != 403 || !strings.Contains(a.body, "suspended") {
		t.Errorf("she signs in: %d", a.status)
	}
	if a := hers.post("/sign-in", url.Values{
		"email":    {mia.Email},
		"password": {"something else"},
	}); a.status != 401 || strings.Contains(a.body, "suspended") {
		t.Errorf("a stranger learns of it: %d", a.status)
	}
	if a := program.ask("POST", "/api/v1/mall/auth/token",
		fmt.Sprintf(`{"email":%q,"password":%q}`, mia.Email, password), "Content-Type", "application/json",
		"Authorization", ""); a.status != 403 || !strings.Contains(a.body, "account_suspended") {
		t.Errorf("a token: %d %s", a.status, a.body)
	}
	desk.shows(at, 200, "They are suspended", "resells", "Suspended an account", "Deny")
	desk.shows("/admin/people?suspended=on", 200, "mia@example.test")
	if a := desk.shows("/admin/people?suspended=on&role=operator", 200,
		"Nobody like that"); strings.Contains(a.body, "mia@example.test") {
		t.Error("the filters are not joined")
	}
	desk.shows("/admin/lists", 200, "mia@example.test")
	if a := desk.post(at+"/lift", url.Values{"reason": {"said sorry"}}); a.status != 303 {
		t.Fatalf("%d", a.status)
	}
	hers.signIn(mia)
	hers.shows("/library", 200)
	if a := desk.post(at+"/sign-out", url.Values{"reason": {"lost her phone"}}); a.status != 303 {
		t.Fatalf("%d", a.status)
	}
	if a := hers.get("/library"); a.status != 303 {
		t.Errorf("she is still signed in: %d", a.status)
	}
	hers.signIn(mia)
}

// The lists know an account that only they keep out; the heartbeat's token names nobody to the gate.
func TestWhoTheListsKeepOutHasNoHeartbeat(t *testing.T) {
	h := openHouse(t, nil)
	olga, mia := h.person("olga", account.RoleOperator), h.person("mia", account.RoleShopper)
	hers := h.at("192.0.2.2")
	hers.signIn(mia)
	beat := func() reply {
		return hers.ask("POST", play.HeartbeatURL, `{"position": 1}`, "Content-Type", "application/json",
			"Authorization", "Bearer none")
	}
	if a := beat(); a.status != 403 || !strings.Contains(a.body, "bad_token") {
		t.Fatalf("%d %s", a.status, a.body)
	}
	h.OK(h.Lists.Add(h.Ctx, risk.NewEntry{
		Effect:  risk.Deny,
		Kind:    risk.User,
		Subject: fmt.Sprint(mia.ID),
		Reason:  "r",
		By:      risk.Subject{UserID: olga.ID},
	}))
	if a := beat(); a.status != 401 || !strings.Contains(a.body, "signed_out") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// everything is a mall with one of each kind that the search finds.
func everything(h *house) (ann account.User, things map[string]string) {
	ann = h.person("ann", account.RoleCreator)
	sam := h.person("sam", account.RoleShopper)
	sku := h.Sells(990, -1)
	sold := h.Place(sam.ID, h.Sells(0, -1))
	h.OK(h.Orders.Deliver(h.Ctx, sold.OrderNo))
	anns := promotion.Actor{UserID: ann.ID}
	_, err := h.Promotions.Create(h.Ctx, promotion.Actor{UserID: ann.ID, Operator: true}, promotion.Draft{
		NameZh:   "抢购",
		NameEn:   "Midnight sale",
		StartsAt: h.Now().Add(time.Hour),
		EndsAt:   h.Now().Add(2 * time.Hour),
		Items: []promotion.Item{{
			SKUID:   sku,
			Amount:  money.Of(490, "CNY"),
			Units:   5,
			PerUser: 1,
		}},
	})
	h.OK(err)
	_, err = h.Promotions.CreateCoupon(h.Ctx, anns, "SUMMER-26", promotion.Terms{
		Currency:   "CNY",
		PercentOff: 10,
		ValidFrom:  h.Now(),
		ValidUntil: h.Now().Add(time.Hour),
		TotalLimit: 5,
		PerUser:    1,
	})
	h.OK(err)
	_, _, err = h.Webhooks.Add(h.Ctx, ann.ID, webhook.Draft{URL: "https://hooks.shop.com/in", Types: webhook.Types()})
	h.OK(err)
	malltest.Query[int64](h.Mall, `insert into media_video (owner_id, name, original, size, fingerprint, created_at,
		updated_at)
		values (1, 'Wedding cut.mp4', 'originals/x', 100, 'f1ngerpr1nt', now(), now()) returning id`)
	h.Credit(ann.ID, 5000)
	h.OK(h.Ledger.SetDestination(h.Ctx, ann.ID, ledger.Destination{Name: "Ann", Account: "6222 0000 1111 2222"}))
	_, err = h.Ledger.RequestPayout(h.Ctx, ann.ID, money.Of(2000, "CNY"), "k")
	h.OK(err)
	draft, err := h.Catalog.CreateListing(h.Ctx, ann.ID, catalog.NewListing{
		Title:      "Unborn film",
		CategoryID: malltest.Query[int64](h.Mall, `select min(id) from catalog_category`)[0],
	})
	h.OK(err)
	malltest.Query[int64](h.Mall, `insert into payment_capture (provider, channel_txn_no, reference, amount, currency,
		state, captured_at)
		values ('sandbox', 'TXN-77_88', $1, 990, 'CNY', 'consumed', now()) returning id`, sold.OrderNo)
	return ann, map[string]string{"order": sold.OrderNo, "draft": fmt.Sprint(draft)}
}

func TestOneSearchFindsEverything(t *testing.T) {
	h := openHouse(t, nil)
	ann, things := everything(h)
	olga := h.person("olga", account.RoleOperator)
	desk := h.at("192.0.2.1")
	desk.signIn(olga)
	person := fmt.Sprintf("/admin/people/%d", ann.ID)
	for q, want := range map[string][]string{
		things["order"][:20]:                             {"Orders", "/admin/orders/" + things["order"]},
		"order:" + strings.ToLower(things["order"][:20]): {"/admin/orders/" + things["order"]},
		"TXN-77":                    {"Payments and refunds", "TXN-77_88", "/admin/orders/" + things["order"]},
		"txn-77":                    {"Nothing begins with"},
		"ann":                       {"People", "ann@example.test", person},
		"Ann@example":               {"ann@example.test"},
		"film 1":                    {"Listings", "/admin/products/"},
		"unborn":                    {"Listings", "Unborn film", "draft", "/admin/products/" + things["draft"]},
		"spu:" + things["draft"]:    {"Unborn film"},
		"wedding":                   {"Uploads", "Wedding cut.mp4", "/admin/people/1"},
		"f1ngerpr1nt":               {"Wedding cut.mp4"},
		"payout:1":                  {"Payouts", "/admin/payouts/1"},
		"midnight":                  {"Flash sales", "/admin/sales/1"},
		"抢":                         {"Midnight sale"},
		"summer":                    {"Coupons", "SUMMER-26", person},
		"hooks.shop":                {"Webhooks", "https://hooks.shop.com/in", person},
		"https://hooks.shop.com/in": {"Webhooks"},
		"%":                         {"Nothing begins with"},
		"_":                         {"Nothing begins with"},
		"nonsense:1":                {"Nothing begins with"},
		"":                          {"What are you looking for?"},
		strings.Repeat("x", 300):    {"That is too long"},
		"<script>":                  {"&lt;script&gt;"},
	} {
		a := desk.get("/admin/search?q=" + url.QueryEscape(q))
		if a.status != 200 {
			t.Errorf("%q: %d %s", q, a.status, a.header.Get("Location"))
		}
		for _, w := range want {
			if !strings.Contains(a.body, w) {
				t.Errorf("%q does not find %q", q, w)
			}
		}
	}
	for q, to := range map[string]string{things["order"]: "/admin/orders/" + things["order"],
		strings.ToLower(things["order"]): "/admin/orders/" + things["order"],
		"ANN@example.test":               person, " ann@example.test ": person} {
		if a := desk.get("/admin/search?q=" + url.QueryEscape(q)); a.status != http.StatusSeeOther ||
			a.header.Get("Location") != to {
			t.Errorf("%q leads to %d %s", q, a.status, a.header.Get("Location"))
		}
	}
	desk.shows("/admin/search?q=%E6%8A%A2", 200, `value="抢"`) // the box keeps what was typed
	month := h.Now().UTC().Format("2006-01")
	desk.shows(person, 200, "Unborn film", "https://hooks.shop.com/in", "CN¥30.00", "CN¥20.00",
		person+"/statements/"+month)
	desk.shows(person+"/statements/"+month, 200, "a gift", person+"/statements/"+month+"/csv")
	if a := desk.shows(person+"/statements/"+month+"/csv", 200,
		"a gift"); !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") {
		t.Errorf("%v", a.header)
	}
	if a := desk.shows(person+"/statements/"+month+"/pdf", 200, "%PDF-"); a.header.Get("Content-Disposition") == "" {
		t.Errorf("%v", a.header)
	}
	for _, none := range []string{person + "/statements/1999-01", person + "/statements/x/csv",
		fmt.Sprintf("/admin/people/%d/statements/%s", olga.ID, month)} {
		if a := desk.get(none); a.status != 404 {
			t.Errorf("%s: %d", none, a.status)
		}
	}
}

// A search reads no large table from its beginning to its end. PostgreSQL is told to avoid that wherever there is
// another way, and counts where there was none.
func TestNoSearchReadsAWholeTable(t *testing.T) {
	h := openHouse(t, nil)
	_, things := everything(h)
	olga := h.person("olga", account.RoleOperator)
	desk := h.at("192.0.2.1")
	desk.signIn(olga)
	_, err := h.Pool.Exec(h.Ctx,
		fmt.Sprintf(
			`do $$ begin execute format('alter database %%I set enable_seqscan = off', current_database()); end $$`))
	h.OK(err)
	scans := func() map[string]int64 {
		h.Pool.Reset() // connections say what they counted when they end
		counts := map[string]int64{}
		for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); time.Sleep(
			300 * time.Millisecond) {
			rows, err := h.Pool.Query(h.Ctx,
				`select relname, seq_scan from pg_stat_user_tables where relname = any($1)`,
				[]string{"video_order", "video_payment",
					"payment_capture", "payment_refund", "account_user", "video_product_spu", "catalog_revision",
					"media_video", "promotion_campaign",
					"promotion_coupon", "webhook_endpoint", "ledger_payout", "review_case", "outbox_delivery",
					"outbox_event", "river_job", "risk_entry", "audit_entry"})
			h.OK(err)
			for rows.Next() {
				var table string
				var n int64
				h.OK(rows.Scan(&table, &n))
				counts[table] = n
			}
			h.OK(rows.Err())
		}
		return counts
	}
	before := scans()
	for _, q := range []string{things["order"][:12], "TXN-77", things["order"], "ann", "ann@example.test", "film",
		"wedding", "1", "summer", "hooks.shop.com", "nothing at all"} {
		if a := desk.get("/admin/search?q=" + url.QueryEscape(q)); a.status != 200 && a.status != 303 {
			t.Errorf("%q: %d", q, a.status)
		}
	}
	for _, path := range []string{"/admin/people?q=an", "/admin/people?q=ann%40", "/admin/people?role=creator",
		"/admin/people?suspended=on", "/admin/people/1"} {
		desk.shows(path, 200)
	}
	after := scans()
	if len(after) != 18 {
		t.Fatalf("%v", after)
	}
	for table, n := range after {
		if n != before[table] {
			t.Errorf("%s was read as a whole %d times", table, n-before[table])
		}
	}
}
