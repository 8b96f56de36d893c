package views_test

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"videomall/views"
	"videomall/views/text"
	"videomall/views/ui"
)

func layout(t *testing.T, p views.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := views.Layout(p).
		Render(templ.WithChildren(context.Background(), templ.Raw("<p>the body</p>")), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var full = views.Page{
	Title:     "Bread <slowly>",
	Path:      "/videos?q=bread&sort=newest",
	Text:      text.For(text.ZhCN),
	Theme:     ui.ThemeDark,
	Nonce:     "n0nce",
	CSRF:      "t0ken",
	CartCount: 3,
	Query:     `"><script>alert(1)</script>`,
	Categories: []ui.Link{{
		Label:   "纪录片",
		Href:    "/c/documentary",
		Current: true,
	}},
	Viewer: views.Viewer{
		ID:       "7",
		Name:     "<b>Lin</b>",
		Email:    "lin@example.test",
		Creator:  true,
		Operator: true,
	},
	Flash:       &views.Flash{Tone: ui.Success, Message: "Welcome <back>"},
	Canonical:   "https://mall.test/videos",
	Description: "x",
}

func TestLayout_content_security_policy(t *testing.T) {
	t.Parallel()
	html := layout(t, full)
	if found := regexp.MustCompile(`(?i)\s(style|on[a-z]+)="|<style|javascript:`).FindString(html); found != "" {
		t.Errorf("the layout has %q", found)
	}
	scripts := regexp.MustCompile(`<script[^>]*>`).FindAllString(html, -1)
	if len(scripts) != 2 {
		t.Errorf("scripts: %v", scripts)
	}
	for _, s := range scripts {
		if !strings.Contains(s, `nonce="n0nce"`) || !strings.Contains(s, " defer") ||
			!strings.Contains(s, `src="/static/`) {
			t.Errorf("%s must carry the nonce, wait for the page, and come from here", s)
		}
	}
	for _, hostile := range []string{"<slowly>", "<b>Lin", "<back>", "<script>alert"} {
		if strings.Contains(html, hostile) {
			t.Errorf("%q came through unescaped", hostile)
		}
	}
	if strings.Contains(html, "://") &&
		regexp.MustCompile(`(src|href)="(https?:)?//`).MatchString(strings.ReplaceAll(html, full.Canonical, "")) {
		t.Error("the layout asks a third party")
	}
}

func TestLayout_language_and_theme(t *testing.T) {
	t.Parallel()
	html := layout(t, full)
	for _, want := range []string{
		`<html lang="zh-CN" data-theme="mall-dark">`, `<title>Bread &lt;slowly&gt; · 影集</title>`, `href="#main"`,
		`<main id="main"`,
		`购物车，3 个视频`, `aria-current="page"`, `action="/sign-out"`, `name="_csrf" value="t0ken"`,
		`name="next" value="/videos?q=bread&amp;sort=newest"`,
		`href="/studio"`, `href="/admin"`, `<p>the body</p>`, `"allowEval":false`[1:],
	} {
		if !strings.Contains(html, want) && !strings.Contains(html, templ.EscapeString(want)) {
			t.Errorf("missing %s", want)
		}
	}
	guest := layout(t, views.Page{Path: "/videos/7?x=1"})
	for _, want := range []string{
		`<html lang="en">`, `<title>Videomall</title>`, `/sign-in?next=%2Fvideos%2F7%3Fx%3D1`,
		`Cart, 0 videos`,
	} {
		if !strings.Contains(guest, want) {
			t.Errorf("a guest's page misses %s", want)
		}
	}
	for _, none := range []string{"/sign-out", "/studio", "player.", "_csrf"} {
		if strings.Contains(guest, none) {
			t.Errorf("a guest's page has %s", none)
		}
	}
	if bare := layout(t, views.Page{Bare: true}); strings.Contains(bare, "<header") ||
		strings.Contains(bare, "<footer") {
		t.Error("a bare page has the mall's header or footer")
	}
}
