package browser_test

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/calendar"
	"videomall/mall/exchange"
	"videomall/mall/ledger"
	"videomall/mall/locale"
	"videomall/mall/money"
)

// TestExchange_pages judges the pages that creators and operators have only with exchange rates. It does not run beside
// other tests, since the rates hold for the whole mall.
func TestExchange_pages(t *testing.T) {
	h, _ := require(t)
	ctx := t.Context()
	creator := h.account(t, "Lumière 光影", account.RoleCreator)
	operator := h.account(t, "Olga", account.RoleOperator)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for code, rate := range map[string]string{"USD": "0.1398", "KWD": "0.0428", "JPY": "21.5"} {
		ok(h.Exchange.SaveCurrency(ctx, operator.ID, exchange.Currency{Code: code, Step: 1}))
		ok(h.Exchange.AddRate(ctx, exchange.NewRate{
			Currency:  code,
			Rate:      rate,
			Confirmed: true,
		}))
	}
	defer func() {
		h.exec(t, "delete from exchange_rate")
		h.exec(t, "delete from exchange_currency")
	}()
	ok(h.Ledger.SetSettlement(ctx, creator.ID, "USD"))
	ok(h.Ledger.SetDestination(ctx, creator.ID, ledger.Destination{Name: "Lumière SA", Account: "FR7630006000011234567890189"}))
	source := rand.Text()
	sale := ledger.Sale{
		Reference: "exchange/" + source,
		Channel:   "exchange",
		Amount:    money.Of(99000, "CNY"),
		Parts: []ledger.Part{{
			Source:    source,
			CreatorID: creator.ID,
			Subject:   1,
			Title:     locale.Text{Zh: "水墨群山", En: "Ink Mountains"},
			Quantity:  1,
			Amount:    money.Of(99000, "CNY"),
		}},
	}
	ok(db.InTx(ctx, h.program.Pools.Primary, func(tx pgx.Tx) error { return h.Ledger.SaleTx(ctx, tx, sale) }))
	h.exec(t, "update ledger_earning set clears_at = at where creator_id = $1", creator.ID)
	_, err := h.Ledger.Clear(ctx)
	ok(err)
	ok(db.InTx(ctx, h.program.Pools.Primary, func(tx pgx.Tx) error {
		return h.Ledger.RefundTx(ctx, tx, ledger.Refund{
			Reference: "exchange-" + source,
			Amount:    money.Of(9900, "CNY"),
			Parts:     []ledger.RefundPart{{Source: source, Amount: money.Of(9900, "CNY")}},
		})
	}))
	payout, err := h.Ledger.RequestPayout(ctx, creator.ID, money.Of(5000, "USD"), rand.Text())
	ok(err)
	ok(h.Ledger.RecordExchange(ctx, calendar.UTC, ledger.BankExchange{
		Sold:      money.Of(70000, "CNY"),
		Bought:    money.Of(9700, "USD"),
		Reference: "FX-2026-1130",
		Day:       calendar.UTC.DayOf(time.Now()),
		ActorID:   operator.ID,
	}, rand.Text()))
	stops := []stop{
		{
			name: "exchange-earnings",
			who:  &creator,
			path: "/studio/earnings",
		},
		{
			name: "exchange-statement",
			who:  &creator,
			path: "/studio/earnings/statements/" + time.Now().UTC().Format("2006-01"),
		},
		{
			name: "exchange-payout",
			who:  &operator,
			path: fmt.Sprint("/admin/payouts/", payout.ID),
		},
		{
			name: "exchange-desk",
			who:  &operator,
			path: "/admin/books/exchange",
		},
		{
			name:  "exchange-desk-wrong",
			who:   &operator,
			path:  "/admin/books/exchange",
			act:   func(p *person) { p.click(`form[action="/admin/books/exchange"] button.btn-primary`) },
			ready: `document.querySelector('main [id$="-error"]')`,
			wrong: `422`,
		},
	}
	for _, l := range []look{
		{
			lang:  "zh-CN",
			width: 390,
			theme: "dark",
		},
		{
			lang:  "en",
			width: 1280,
			theme: "light",
		},
	} {
		walk(t, l, stops, func(p *person, s stop) {
			judge(p, s)
			if *pictures != "" {
				picture(p, s)
			}
		})
	}
}
