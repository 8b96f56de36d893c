package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/catalog/listing"
	"videomall/mall/ledger"
	"videomall/mall/locale"
	"videomall/mall/malltest"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/mall/webhook"
)

// everything fills a mall with one of each kind of thing that the search finds.
func everything(h *house) (ann account.User, things map[string]string) {
	ann = h.person("ann", account.RoleCreator)
	sam := h.person("sam", account.RoleShopper)
	sku := h.Sells(990, -1)
	sold := h.Place(sam.ID, h.Sells(0, -1))
	h.OK(h.Orders.Deliver(h.Ctx, sold.OrderNo))
	anns := promotion.Actor{UserID: ann.ID}
	_, err := h.Promotions.Create(h.Ctx, promotion.Actor{UserID: ann.ID, Operator: true}, promotion.Draft{
		Name:     locale.Text{Zh: "抢购", En: "Midnight sale"},
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
	draft, err := h.Listings.Create(h.Ctx, ann.ID, listing.NewDraft{
		Title:      locale.Text{En: "Unborn film"},
		CategoryID: malltest.Query[int64](h.Mall, `select min(id) from catalog_category`)[0],
	})
	h.OK(err)
	malltest.Query[int64](h.Mall, `insert into payment_capture (provider, channel_txn_no, reference, amount, currency,
		state, captured_at)
		values ('sandbox', 'TXN-77_88', $1, 990, 'CNY', 'consumed', now()) returning id`, sold.OrderNo)
	return ann, map[string]string{"order": sold.OrderNo, "draft": fmt.Sprint(draft)}
}

func TestConsole_Search_finds_every_kind(t *testing.T) {
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
			t.Errorf("search %q: got %d to %q, want 200", q, a.status, a.header.Get("Location"))
		}
		for _, w := range want {
			if !strings.Contains(a.body, w) {
				t.Errorf("search %q does not find %q", q, w)
			}
		}
	}
	for q, to := range map[string]string{
		things["order"]:                  "/admin/orders/" + things["order"],
		strings.ToLower(things["order"]): "/admin/orders/" + things["order"],
		"ANN@example.test":               person, " ann@example.test ": person,
	} {
		if a := desk.get("/admin/search?q=" + url.QueryEscape(q)); a.status != http.StatusSeeOther ||
			a.header.Get("Location") != to {
			t.Errorf("search %q: got %d to %q, want 303 to %s", q, a.status, a.header.Get("Location"), to)
		}
	}
	desk.shows("/admin/search?q=%E6%8A%A2", 200, `value="抢"`) // the field keeps what was typed
	month := h.Now().UTC().Format("2006-01")
	desk.shows(person, 200, "Unborn film", "https://hooks.shop.com/in", "CN¥30.00", "CN¥20.00",
		person+"/statements/"+month)
	desk.shows(person+"/statements/"+month, 200, "a gift", person+"/statements/"+month+"/csv")
	if a := desk.shows(person+"/statements/"+month+"/csv", 200,
		"a gift"); !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") {
		t.Errorf("CSV of the statement: got headers %v, want type text/csv", a.header)
	}
	if a := desk.shows(person+"/statements/"+month+"/pdf", 200, "%PDF-"); a.header.Get("Content-Disposition") == "" {
		t.Errorf("PDF of the statement: got headers %v, want Content-Disposition", a.header)
	}
	for _, none := range []string{
		person + "/statements/1999-01", person + "/statements/x/csv",
		fmt.Sprintf("/admin/people/%d/statements/%s", olga.ID, month),
	} {
		if a := desk.get(none); a.status != 404 {
			t.Errorf("%s: got %d, want 404", none, a.status)
		}
	}
}

// TestConsole_Search_uses_indexes checks that a search scans no large table sequentially. PostgreSQL is told to avoid
// sequential scans wherever it can, and counts those that remain.
func TestConsole_Search_uses_indexes(t *testing.T) {
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
		h.Pool.Reset() // connections report their counts when they end
		counts := map[string]int64{}
		for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); time.Sleep(
			300 * time.Millisecond) {
			rows, err := h.Pool.Query(h.Ctx,
				`select relname, seq_scan from pg_stat_user_tables where relname = any($1)`,
				[]string{
					"video_order", "video_payment",
					"payment_capture", "payment_refund", "account_user", "video_product_spu", "catalog_revision",
					"media_video", "promotion_campaign",
					"promotion_coupon", "webhook_endpoint", "ledger_payout", "review_case", "outbox_delivery",
					"outbox_event", "river_job", "risk_entry", "audit_entry",
				})
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
	for _, q := range []string{
		things["order"][:12], "TXN-77", things["order"], "ann", "ann@example.test", "film",
		"wedding", "1", "summer", "hooks.shop.com", "nothing at all",
	} {
		if a := desk.get("/admin/search?q=" + url.QueryEscape(q)); a.status != 200 && a.status != 303 {
			t.Errorf("search %q: got %d, want 200 or 303", q, a.status)
		}
	}
	for _, path := range []string{
		"/admin/people?q=an", "/admin/people?q=ann%40", "/admin/people?role=creator",
		"/admin/people?suspended=on", "/admin/people/1",
	} {
		desk.shows(path, 200)
	}
	after := scans()
	if len(after) != 18 {
		t.Fatalf("counts of sequential scans: got %v, want those of 18 tables", after)
	}
	for table, n := range after {
		if n != before[table] {
			t.Errorf("sequential scans of %s: got %d, want 0", table, n-before[table])
		}
	}
}
