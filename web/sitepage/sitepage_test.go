package sitepage_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	mallpages "videomall/mall/sitepage"
	"videomall/web/admin/sitepages"
	"videomall/web/sitepage"
	"videomall/web/webtest"
)

func open(t *testing.T) *webtest.Mall {
	t.Helper()
	t.Parallel()
	return webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		pages := mallpages.New(mallpages.Deps{Pool: m.Pool, Now: m.Now})
		sitepage.Routes(g, sitepage.Deps{Site: m.Site, Pages: pages})
		sitepages.Routes(g, sitepages.Deps{
			Site:     m.Site,
			Pages:    pages,
			Accounts: m.Accounts,
		})
	}})
}

func TestSitePage_show(t *testing.T) {
	m := open(t)
	guest, olga := m.Browser(0), m.Browser(m.Person("olga", "operator").ID)
	for path, title := range map[string]string{
		"/terms": "Terms of use", "/privacy": "Privacy policy",
		"/refunds": "Refund policy", "/contact": "Contact",
	} {
		a := guest.Get(path).Wants(200).Shows(title, "This is a sample text", "Replace what stands in square brackets")
		if !a.Has(`<meta name="robots" content="noindex"`) || !a.Has("<h2>") || strings.Count(a.Body, "<h1") != 1 {
			t.Errorf("%s: page of the sample text lacks noindex or its headings: %s", path, a.Body)
		}
	}
	chinese := m.Browser(0)
	chinese.Lang = "zh-CN"
	chinese.Get("/terms").Wants(200).Shows("使用条款", "这是示例文本", "您购买的内容")

	olga.Post("/admin/pages/terms", url.Values{"version": {"0"}, "body_zh": {"## 账户\n\n请保管好密码。"}}).Wants(303)
	chinese.Get("/terms").Wants(200).Shows("账户", "请保管好密码。", "第 1 版").Hides("示例", "英文版")
	a := guest.Get("/terms").Wants(200).Shows("账户", "This page is available in Chinese only.", "Version 1").
		Hides("sample")
	if !a.Has(`class="prose-page" lang="zh-CN"`) || a.Has("noindex") {
		t.Errorf("page with a text in the other language: want lang and no noindex, got %s", a.Body)
	}
	guest.Get("/imprint").Wants(404)
}

// TestSitePages_Save_harmless saves a text with HTML and scripts, which must reach readers as plain text or not at all.
func TestSitePages_Save_harmless(t *testing.T) {
	m := open(t)
	olga := m.Browser(m.Person("olga", "operator").ID)
	text := "Before <script>document.title='changed'</script> <b onclick=\"document.title=1\">bold</b> " +
		"![p](https://a.example/p.png) " +
		"[press](javascript:document.title) [out](https://a.example/) after"
	form := url.Values{"version": {"0"}, "body_en": {text}}
	preview := olga.Post("/admin/pages/contact/preview", form).Wants(200).Shows("Not saved yet", "Before", "after")
	olga.Post("/admin/pages/contact", form).Wants(303)
	page := m.Browser(0).Get("/contact").Wants(200).Shows("Before", "after")
	for where, a := range map[string]webtest.Answer{"the preview": preview, "the page": page} {
		_, article, _ := strings.Cut(a.Body, `class="prose-page"`)
		article, _, _ = strings.Cut(article, "</article>")
		for _, bad := range []string{"<script", "onclick", "<img", "javascript:"} {
			if article == "" || strings.Contains(article, bad) {
				t.Errorf("%s contains %q: %s", where, bad, article)
			}
		}
		if !strings.Contains(article, `<a href="https://a.example/" rel="nofollow noreferrer">out</a>`) {
			t.Errorf("%s lacks the external link with rel=\"nofollow noreferrer\": %s", where, article)
		}
	}
	if !olga.Get("/admin/pages/contact").Wants(200).Has("&lt;script&gt;document.title=") {
		t.Error("the form lacks the saved text")
	}
}

func TestSitePages_Edit(t *testing.T) {
	m := open(t)
	olga := m.Browser(m.Person("olga", "operator").ID)
	oscar := m.Browser(m.Person("oscar", "operator").ID)
	olga.Get("/admin/pages").Wants(200).Shows("Terms of use", "Not adapted yet").Hides("In force")
	first, second := olga.Get("/admin/pages/refunds").Wants(200), oscar.Get("/admin/pages/refunds").Wants(200)
	if !first.Has("When you get your money back") || !first.Has(`enctype="multipart/form-data"`) {
		t.Error("the form of a page without a saved text lacks the sample")
	}
	form := first.Form("/admin/pages/refunds")
	if form.Get("version") != "0" {
		t.Errorf("form: got %v, want version 0", form)
	}
	form.Set("body_en", "Within [14] days.")
	form.Set("body_zh", "")
	olga.Post("/admin/pages/refunds", form).Wants(303)
	olga.Get("/admin/pages/refunds").Wants(200).
		Shows("Saved. The page shows the new text.", "1 place to fill in", "Version 1", "olga")

	// The second tab keeps what was typed there, sees the other text, and may then replace it.
	form = second.Form("/admin/pages/refunds")
	form.Set("body_en", "Never <b>ever</b>.")
	lost := oscar.Post("/admin/pages/refunds", form).Wants(409).
		Shows("olga saved this page meanwhile", "Within [14] days.")
	if !lost.Has("Never &lt;b&gt;ever&lt;/b&gt;.") {
		t.Errorf("conflict page lost the typed text: %s", lost.Body)
	}
	m.Browser(0).Get("/refunds").Shows("Within [14] days.").Hides("Never")
	form.Set("version", lost.Form("/admin/pages/refunds").Get("version"))
	oscar.Post("/admin/pages/refunds", form).Wants(303)
	m.Browser(0).Get("/refunds").Shows("Never", "Version 2").Hides("Within")

	// An earlier text fills the form again, but is not published.
	again := olga.Get("/admin/pages/refunds?from=1").Wants(200).Shows("The form holds an earlier text: Version 1")
	if !again.Has("Within [14] days.") || again.Form("/admin/pages/refunds").Get("version") != "2" {
		t.Errorf("form with an earlier text: want its body and version 2, got %s", again.Body)
	}
	olga.Get("/admin/pages/refunds?from=0").Wants(200).Shows("Sample text")
	olga.Get("/admin/pages/refunds?from=9").Wants(200).Hides("earlier text")
	m.Browser(0).Get("/refunds").Shows("Version 2")

	empty := olga.Post("/admin/pages/refunds", url.Values{"version": {"2"}, "body_zh": {" "}}).Wants(422)
	empty.Shows("Not saved", "Write the text in at least one language.")
	long := strings.Repeat("x", mallpages.MaxBody+1)
	if a := olga.Post("/admin/pages/refunds", url.Values{
		"version": {"2"},
		"body_en": {long},
	}).Wants(422).Shows("At most 40,000 characters."); !a.Has(long) {
		t.Error("the form lost a text that is too long")
	}
	olga.Post("/admin/pages/refunds", url.Values{"version": {"two"}, "body_en": {"x"}}).Wants(409)
	olga.Get("/admin/pages/imprint").Wants(404)
	olga.Post("/admin/pages/imprint", url.Values{"version": {"0"}, "body_en": {"x"}}).Wants(404)
	olga.Get("/admin/pages").Wants(200).Shows("In force", "Not adapted yet", "oscar", "English")
}
