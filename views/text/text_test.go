package text_test

import (
	"context"
	"testing"
	"time"

	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/views/text"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cookie, accept string
		want           text.Lang
	}{
		{"", "", text.En},
		{"", "zh-CN,zh;q=0.9,en;q=0.8", text.ZhCN},
		{"", "zh", text.ZhCN},
		{"", "zh-TW", text.ZhCN},
		{"", "en-GB,zh;q=0.5", text.En},
		{"", "fr-FR,zh-CN;q=0.7,en;q=0.3", text.ZhCN},
		{"", "fr", text.En},
		{"", ";;;q=x", text.En},
		{"en", "zh-CN", text.En},
		{"zh-CN", "en", text.ZhCN},
		{"<script>", "zh", text.ZhCN},
	} {
		if got := text.Choose(c.cookie, c.accept); got != c.want {
			t.Errorf("Choose(%q, %q) = %s, want %s", c.cookie, c.accept, got, c.want)
		}
	}
}

func TestPrinter_Foreign(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		reader        text.Lang
		zh, en        string
		want, foreign string
	}{
		{text.En, "夜", "Night", "Night", ""},
		{text.ZhCN, "夜", "Night", "夜", ""},
		{text.En, "夜", "", "夜", "zh-CN"},
		{text.ZhCN, "", "Night", "Night", "en"},
		{text.En, "", "Night", "Night", ""},
		{text.ZhCN, "夜", "", "夜", ""},
		{text.En, "", "", "", ""},
		{text.ZhCN, "", "", "", ""},
	} {
		p := text.For(c.reader)
		written := locale.Text{Zh: c.zh, En: c.en}
		if got, foreign := p.Of(written), p.Foreign(written); got != c.want || foreign != c.foreign {
			t.Errorf("%q and %q to a reader of %s: %q in %q", c.zh, c.en, c.reader, got, foreign)
		}
	}
}

func TestPrinter_T_and_N(t *testing.T) {
	t.Parallel()
	en, zh := text.For(text.En), text.For(text.ZhCN)
	for got, want := range map[string]string{
		en.T("nav.cart"):            "Cart",
		zh.T("nav.cart"):            "购物车",
		en.N("nav.cart_count", 1):   "Cart, 1 video",
		en.N("nav.cart_count", 0):   "Cart, 0 videos",
		en.N("nav.cart_count", -1):  "Cart, -1 video",
		zh.N("no.such.key", 2):      "no.such.key",
		en.N("rating.count", 12345): "12,345 reviews",
		zh.N("rating.count", 12345): "12,345 条评价",
		// escaped where it is drawn, not here
		en.T("price.from", "Price", "<$1> & more"):                   "from <$1> & more",
		en.T("no.such.key"):                                          "no.such.key",
		text.For("xx").T("nav.cart"):                                 "Cart",
		text.From(context.Background()).T("nav.cart"):                "Cart",
		text.From(text.With(context.Background(), zh)).T("nav.cart"): "购物车",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if !en.Has("nav.cart") || !en.Has("rating.count") || en.Has("no.such.key") {
		t.Error("Has is wrong")
	}
}

func TestPrinter_Money(t *testing.T) {
	t.Parallel()
	en, zh := text.For(text.En), text.For(text.ZhCN)
	for _, c := range []struct {
		amount   int64
		currency string
		en, zh   string
	}{
		{990, "CNY", "CN¥9.90", "¥9.90"},
		{5, "CNY", "CN¥0.05", "¥0.05"},
		{0, "USD", "$0.00", "US$0.00"},
		{-123456789, "USD", "-$1,234,567.89", "-US$1,234,567.89"},
		{1500, "JPY", "¥1,500", "JP¥1,500"},
		{1999, "EUR", "€19.99", "€19.99"},
		{-1 << 63, "USD", "-$92,233,720,368,547,758.08", "-US$92,233,720,368,547,758.08"},
		{1234, "KWD", "KWD\u00a01.234", "KWD\u00a01.234"},
		{100, "???", "???\u00a01.00", "???\u00a01.00"},
	} {
		m := money.Of(c.amount, c.currency)
		if got := en.Money(m); got != c.en {
			t.Errorf("en %v = %q, want %q", m, got, c.en)
		}
		if got := zh.Money(m); got != c.zh {
			t.Errorf("zh %v = %q, want %q", m, got, c.zh)
		}
	}
}

func TestPrinter_Sum(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]money.Money{
		"9.90":          money.Of(990, "CNY"),
		"-0.05":         money.Of(-5, "CNY"),
		"-123.45":       money.Of(-12345, "CNY"),
		"1,234,567.89":  money.Of(123456789, "USD"),
		"-1,234,567.89": money.Of(-123456789, "USD"),
		"1,500":         money.Of(1500, "JPY"),
		"1,234.567":     money.Of(1234567, "KWD"),
	} {
		for _, l := range []text.Lang{text.En, text.ZhCN} {
			if got := text.For(l).Sum(m); got != want {
				t.Errorf("%s: %v = %q, want %q", l, m, got, want)
			}
		}
	}
}

func TestPrinter_Provider(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"alipay": "支付宝", "unheard_of": "unheard_of"} {
		if got := text.For(text.ZhCN).Provider(name); got != want {
			t.Errorf("%q = %q, want %q", name, got, want)
		}
	}
}

func TestPrinter_times_and_durations(t *testing.T) {
	t.Parallel()
	en, zh := text.For(text.En), text.For(text.ZhCN)
	now := time.Date(2025, 11, 22, 18, 30, 0, 0, time.UTC)
	for got, want := range map[string]string{
		en.Date(now):     "Nov 22, 2025",
		zh.Date(now):     "2025年11月23日", // already tomorrow in China
		en.DateTime(now): "Nov 22, 2025, 18:30 UTC",
		zh.DateTime(now): "2025年11月23日 02:30（北京时间）",
		en.Relative(now.Add(-20*time.Second), now):  "just now",
		en.Relative(now.Add(-time.Minute), now):     "1 minute ago",
		en.Relative(now.Add(-3*time.Hour), now):     "3 hours ago",
		zh.Relative(now.Add(-50*time.Hour), now):    "2 天前",
		en.Relative(now.Add(47*time.Hour), now):     "in 2 days",
		zh.Relative(now.Add(5*time.Minute), now):    "5 分钟后",
		en.Relative(now.Add(-90*24*time.Hour), now): "Aug 24, 2025",
		en.Duration(0):          "0:00",
		en.Duration(65):         "1:05",
		en.Duration(3723):       "1:02:03",
		en.Duration(-4):         "0:00",
		en.DurationSpoken(3723): "1 hour 2 minutes 3 seconds",
		en.DurationSpoken(60):   "1 minute",
		zh.DurationSpoken(3723): "1 小时 2 分 3 秒",
		en.Bytes(999):           "999 B",
		en.Bytes(1_400_000_000): "1.4 GB",
		en.Percent(25):          "25%",
		en.Number(-1234567):     "-1,234,567",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func BenchmarkPlain(b *testing.B) {
	p := text.For(text.ZhCN)
	for b.Loop() {
		p.T("nav.cart")
	}
}
