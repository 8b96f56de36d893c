package ui_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"videomall/mall/money"
	"videomall/views/text"
	"videomall/views/ui"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func draw(t *testing.T, lang text.Lang, c templ.Component) string {
	t.Helper()
	ctx := ui.With(text.With(context.Background(), text.For(lang)), ui.Request{
		Nonce: "n0nce",
		CSRF:  "t0ken",
		Path:  "/videos?sort=newest",
	})
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func inside(c templ.Component, children string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return c.Render(templ.WithChildren(ctx, templ.Raw(children)), w)
	})
}

var card = ui.Card{
	Href:        "/videos/lighthouse",
	Title:       "Lighthouse <Keepers>",
	Creator:     "Ada",
	CreatorHref: "/creators/ada",
	Seconds:     3723,
	Cover:       ui.Image{URL: "/covers/7-{w}.webp", Eager: true},
	Price: ui.Price{
		Now:  money.Of(990, "CNY"),
		Was:  money.Of(1990, "CNY"),
		From: true,
	},
	Rating:  4.25,
	Reviews: 1280,
	Badge:   "4K",
	Percent: 40,
}

// Every part once, in the state that has the most to get wrong.
var parts = map[string]templ.Component{
	"card": ui.VideoCard(card),
	"card_plain": ui.VideoCard(ui.Card{
		Href:    "/v",
		Title:   "Free",
		Owned:   true,
		NoPrice: true,
		Note:    "expires tomorrow",
	}),
	"price_large": ui.PriceTag(ui.Price{
		Now:   money.Of(14900, "USD"),
		Was:   money.Of(19900, "USD"),
		Large: true,
	}),
	"price_free": ui.PriceTag(ui.Price{Now: money.Of(0, "CNY")}),
	"stars_none": ui.Stars(0, 0),
	"input": ui.Input(ui.Field{
		Name:         "email",
		Label:        "Email",
		Type:         "email",
		Value:        `a"b@`,
		Hint:         "For receipts",
		Error:        "Not an address",
		Required:     true,
		Autocomplete: "email",
	}),
	"password": ui.Password(ui.Field{
		Name:         "password",
		Label:        "Password",
		Value:        "must not come back",
		Autocomplete: "new-password",
	}),
	"choices": ui.Choices(ui.Field{
		Name:  "sku",
		Label: "Edition",
		Value: "2",
	}, []ui.Option{{Value: "1", Label: "Rent"}, {
		Value: "2",
		Label: "Own",
		Hint:  "$9",
	}}),
	"star_input": ui.StarInput(ui.Field{
		Name:     "stars",
		Label:    "Rating",
		Value:    "4",
		Required: true,
	}),
	"confirm": ui.ConfirmForm(ui.Confirm{
		ID:     "cancel",
		Action: "/orders/1/cancel",
		Title:  "Cancel?",
		Body:   "It cannot be taken back.",
		Do:     "Cancel it",
		Danger: true,
		Label:  "Cancel…",
	}),
	"pagination": ui.Pagination("", "/videos?cursor=b",
		templ.Attributes{"hx-target": "#results", "hx-select": "#results"}),
	"breadcrumbs": ui.Breadcrumbs([]ui.Link{{Label: "Home", Href: "/"}, {Label: "Here"}}),
	"steps":       ui.Steps([]string{"Cart", "Pay", "Watch"}, 1),
	"switches":    templ.Join(ui.LanguageSwitch(), ui.ThemeSwitch(ui.ThemeDark)),
	"alert":       inside(ui.Alert(ui.Error, "The price moved"), "It is ¥12 now."),
	"player": ui.Player(ui.Video{
		Title:     "Film",
		AuthURL:   "/play/1",
		Resume:    61,
		Watermark: "u-1",
		Captions: []ui.Captions{{
			Lang:  "zh-CN",
			Label: "中文",
			Src:   "/zh.vtt",
		}},
	}),
	"trailer": templ.Join(ui.Trailer(ui.TrailerClip{
		Title: "T",
		Src:   "/t/index.m3u8",
	}), ui.Trailer(ui.TrailerClip{Title: "T", Src: "/t.mp4?v=1"})),
	"moment": templ.Join(ui.Day(day), ui.Moment(day), ui.Ago(day, day.Add(time.Hour))),
	"toast":  ui.Toast(ui.Success, "In your cart"),
}

var day = time.Date(2025, 11, 22, 18, 30, 0, 0, time.UTC)

// hashed is the name of a script, which changes with what is in it.
var hashed = regexp.MustCompile(`(/static/[a-z]+)\.[0-9a-f]{12}\.`)

func TestComponents_golden(t *testing.T) {
	t.Parallel()
	for name, part := range parts {
		for _, lang := range []text.Lang{text.En, text.ZhCN} {
			path := filepath.Join("testdata", name+"."+string(lang)+".html")
			got := strings.ReplaceAll(draw(t, lang, part), "><", ">\n<") + "\n"
			got = hashed.ReplaceAllString(got, "$1.HASH.")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s changed (go test ./views/ui -update accepts it):\n%s", path, got)
			}
		}
	}
}

// The mall's policy drops inline styles and handlers without a word; the parts must have none.
func TestComponents_content_security_policy(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`(?i)\s(style|on[a-z]+)=|<style|<script|javascript:|hx-on|hx-vals="js:`)
	for name, part := range parts {
		if found := forbidden.FindString(draw(t, text.En, part)); found != "" {
			t.Errorf("%s has %q", name, found)
		}
	}
}

func TestInput_escapes_value_and_drops_password(t *testing.T) {
	t.Parallel()
	if got := draw(t, text.En, parts["input"]); !strings.Contains(got, `value="a&#34;b@"`) ||
		!strings.Contains(got, `aria-describedby="email-hint email-error"`) ||
		!strings.Contains(got, `aria-invalid="true"`) {
		t.Errorf("input: %s", got)
	}
	if got := draw(t, text.En, parts["password"]); strings.Contains(got, "must not come back") {
		t.Errorf("password: %s", got)
	}
	if got := draw(t, text.En, parts["card"]); strings.Contains(got, "<Keepers>") {
		t.Errorf("card: %s", got)
	}
}

func TestPriceTag_strikes_out_higher_price(t *testing.T) {
	t.Parallel()
	now := money.Of(1000, "CNY")
	for name, was := range map[string]money.Money{
		"nothing":          {},
		"lower":            money.Of(900, "CNY"),
		"equal":            now,
		"another currency": money.Of(5000, "USD"),
	} {
		if got := draw(t, text.En, ui.PriceTag(ui.Price{
			Now:   now,
			Was:   was,
			Large: true,
		})); strings.Contains(got, "<s") && strings.Contains(got, "</s>") {
			t.Errorf("was %s: %s", name, got)
		}
	}
	if got := draw(t, text.En, ui.PriceTag(ui.Price{
		Now:   now,
		Was:   money.Of(1999, "CNY"),
		Large: true,
	})); !strings.Contains(got, "49% off") {
		t.Errorf("a fall of 49.97 %% must not be overstated: %s", got)
	}
}

func TestTheme_known_names_only(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]ui.Theme{
		"mall": ui.ThemeLight, "mall-dark": ui.ThemeDark, "": ui.ThemeAuto,
		`"><script>`: ui.ThemeAuto,
	} {
		if got := ui.ParseTheme(in); got != want {
			t.Errorf("ParseTheme(%q) = %q", in, got)
		}
	}
}
