package page_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/exchange"
	"videomall/mall/money"
	"videomall/web/page"
)

// offer lets viewers choose a currency at that rate, whose prices may be any.
func offer(t *testing.T, x *exchange.Exchange, code, rate string) {
	t.Helper()
	save(t, x, code, true)
	if err := x.AddRate(t.Context(), exchange.NewRate{
		Currency:  code,
		Rate:      rate,
		Confirmed: true,
	}); err != nil {
		t.Fatal(err)
	}
}

func save(t *testing.T, x *exchange.Exchange, code string, offered bool) {
	t.Helper()
	if err := x.SaveCurrency(t.Context(), 1, exchange.Currency{
		Code:    code,
		Step:    1,
		Offered: offered,
	}); err != nil {
		t.Fatal(err)
	}
}

func TestPreferences_currency_kept(t *testing.T) {
	t.Parallel()
	m := open(t, "http://mall.example")
	offer(t, m.exchange, "USD", "0.14")
	offer(t, m.exchange, "JPY", "21.5")
	v := m.visitor(t)
	wants := func(why, price string) {
		t.Helper()
		if got := v.get("/price").Body; got != price {
			t.Errorf("%s: %s, want %s", why, got, price)
		}
	}
	wants("at first", " 1000 CNY")
	a := v.ask("POST", "/preferences", "currency=USD&next=%2Fvideos")
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/videos" ||
		!strings.HasPrefix(a.Header.Get("Set-Cookie"), "currency=USD; Path=/; Max-Age=31536000;") {
		t.Errorf("%d to %q, %q", a.Status, a.Header.Get("Location"), a.Header["Set-Cookie"])
	}
	wants("after the choice", "USD 140 USD")
	for _, bad := range []string{
		"currency=GBP", "currency=usd", "currency=USD%22%3E", "currency=%00", "currency=EUR&lang=zh-CN&theme=mall-dark",
		"currency=JPY&lang=xx", "currency=JPY&theme=neon",
	} {
		a := v.ask("POST", "/preferences", bad)
		if a.Status != http.StatusUnprocessableEntity || len(a.Header["Set-Cookie"]) > 0 {
			t.Errorf("%s: %d, %q", bad, a.Status, a.Header["Set-Cookie"])
		}
	}
	wants("after what was refused", "USD 140 USD")
	if got := v.get("/api/price").Body; got != " 1000 CNY" {
		t.Errorf("the API looks at a browser's choice: %s", got)
	}
	save(t, m.exchange, "USD", false)
	wants("withdrawn", " 1000 CNY")
	save(t, m.exchange, "USD", true)
	wants("offered again", "USD 140 USD")
	v.ask("POST", "/preferences", "currency=")
	wants("given up", " 1000 CNY")
}

func TestPreferences_currency_follows_account(t *testing.T) {
	t.Parallel()
	m := open(t, "http://mall.example")
	offer(t, m.exchange, "USD", "0.14")
	offer(t, m.exchange, "KWD", "0.0428")
	u := m.register(t, "ann@example.test")
	home, work := m.visitor(t), m.visitor(t)
	home.enter(u)
	home.ask("POST", "/preferences", "currency=KWD")
	work.enter(u)
	if got := work.get("/price").Body; got != "KWD 428 KWD" {
		t.Errorf("another browser: %s", got)
	}
	if got := m.visitor(t).get("/price").Body; got != " 1000 CNY" {
		t.Errorf("a guest: %s", got)
	}
	work.ask("POST", "/preferences", "currency=USD")
	if got := home.get("/price").Body; got != "KWD 428 KWD" {
		t.Errorf("the first browser forgot its own choice: %s", got)
	}
	if got := work.get("/price").Body; got != "USD 140 USD" {
		t.Errorf("the last choice: %s", got)
	}
	save(t, m.exchange, "KWD", false)
	if got := home.get("/price").Body; got != " 1000 CNY" {
		t.Errorf("withdrawn: %s", got)
	}
}

// showPrice answers with the viewer's currency and with a price of 10 yuan as they see it.
func showPrice(c *page.Ctx) error {
	return c.String(http.StatusOK, c.Currency()+" "+c.Price(money.Of(1000, "CNY")).String())
}

// TestSite_Cached_currency holds that guests get cached pages in their own currency, by the rates that hold now.
func TestSite_Cached_currency(t *testing.T) {
	k := openKeeper(t)
	offer(t, k.exchange, "USD", "0.14")
	offer(t, k.exchange, "JPY", "21.5")
	wants := func(cookie, price string) {
		t.Helper()
		for _, coding := range []string{"identity", "gzip"} {
			_, body := k.ask("GET", "/price/sea", "Accept-Encoding", coding, "Cookie", cookie)
			if !strings.Contains(body, "<p>costs "+price+".</p>") {
				t.Errorf("%q is not shown %s: %s", cookie, price, main.FindString(body))
			}
		}
	}
	all := func() {
		t.Helper()
		wants("lang=en", "1000 CNY in ")
		wants("lang=en; currency=USD", "140 USD in USD")
		wants("currency=JPY; lang=en", "215 JPY in JPY")
		wants("lang=en; currency=XXX", "1000 CNY in ")
		wants("lang=en; currency=usd", "1000 CNY in ")
	}
	k.draws(3, "one page a currency", func() { all(); all() })
	k.draws(1, "a new rate", func() {
		offer(t, k.exchange, "USD", "0.15")
		wants("lang=en; currency=USD", "150 USD in USD")
		wants("lang=en", "1000 CNY in ")
	})
	k.draws(1, "other endings of prices", func() {
		if err := k.exchange.SaveCurrency(t.Context(), 1, exchange.Currency{
			Code:    "USD",
			Step:    100,
			Less:    1,
			Offered: true,
		}); err != nil {
			t.Fatal(err)
		}
		wants("lang=en; currency=USD", "199 USD in USD")
	})
	save(t, k.exchange, "USD", false)
	wants("lang=en; currency=USD", "1000 CNY in ")
	wants("lang=en; currency=JPY", "215 JPY in JPY")
}

func TestCtx_Price_without_rates(t *testing.T) {
	t.Parallel()
	m := (&mall{}).open(t, "http://mall.example", nil)
	if a := m.visitor(t).get("/price", "Cookie", "currency=USD"); a.Body != " 1000 CNY" {
		t.Errorf("a site without rates: %s", a.Body)
	}
	a := m.visitor(t).ask("POST", "/preferences", "currency=USD")
	if a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a site without rates takes a currency: %d", a.Status)
	}
}

func TestCtx_Price_rates_that_cannot_be_read(t *testing.T) {
	t.Parallel()
	m := open(t, "http://mall.example")
	offer(t, m.exchange, "USD", "0.14")
	m.failing.Store(true)
	if a := m.visitor(t).get("/price", "Cookie", "currency=USD"); a.Status != http.StatusOK || a.Body != " 1000 CNY" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// rates are those of the mall's exchange, or an error.
func (m *mall) rates(ctx context.Context) (exchange.Table, error) {
	if m.failing.Load() {
		return exchange.Table{}, context.DeadlineExceeded
	}
	return m.exchange.Table(ctx)
}

// newExchange opens the exchange of a shop that prices in CNY.
func newExchange(pool *pgxpool.Pool) *exchange.Exchange {
	return exchange.New(exchange.Deps{
		Pool: pool,
		Now:  time.Now,
		Base: "CNY",
	})
}
