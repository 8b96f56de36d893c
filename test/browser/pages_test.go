package browser_test

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"videomall/mall/account"
)

//go:embed testdata/axe.min.js
var axe string

// violation is a finding of axe-core, with what is needed to fix it.
type violation struct {
	ID, Impact, Help string
	Nodes            []string
}

// The rules that axe-core checks. allRules are those of WCAG 2.2 A and AA, including targets of at least 24 pixels
// (2.5.8), and axe's best practices. colourRules are those that depend on the theme, which changes only colours.
const (
	allRules    = `rules: {'target-size': {enabled: true}}`
	colourRules = `runOnly: ['color-contrast', 'link-in-text-block']`
)

const runAxe = `axe.run(%s, {resultTypes: ['violations'], preload: false, %s}).then(r => r.violations
	.map(v => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.slice(0, 5).map(n => n.target.join(' ') + '  ' + n.html.slice(0, 200) + '  ' + n.failureSummary.replace(/\s+/g, ' ').slice(0, 300))})))`

// axeViolations runs axe-core on the page as it is. It ends animations first, because colours that are still fading in
// lack contrast.
func (p *person) axeViolations(part, rules string) []violation {
	p.t.Helper()
	eval[bool](p, `document.getAnimations().forEach(a => { try { a.finish(); } catch { a.cancel(); } }); true`)
	if !eval[bool](p, `typeof axe === 'object'`) {
		eval[bool](p, axe+`;true`)
	}
	root := "document"
	if part != "" {
		root = quoted(part)
	}
	found, err := chromedp.Run(p.ctx,
		chromedp.Evaluate[[]violation](fmt.Sprintf(runAxe, root, rules), chromedp.EvalAwaitPromise))
	p.ok(err)
	return found
}

// sticksOut is an expression for the elements that exceed the right edge of the screen, or an empty string if none does.
const sticksOut = `(() => {
	const room = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth <= room) return '';
	const out = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > room + 1 && !e.closest('.rail')).slice(-3);
	return document.documentElement.scrollWidth + ' px: ' + out.map(e => e.outerHTML.slice(0, 160)).join('\n');
})()`

func TestPages_phone_dark(t *testing.T) {
	t.Parallel()
	inspect(t, look{
		lang:  "zh-CN",
		width: 390,
		theme: "dark",
	})
}

func TestPages_desktop_light(t *testing.T) {
	t.Parallel()
	inspect(t, look{
		lang:  "en",
		width: 1280,
		theme: "light",
	})
}

// tour walks through all pages, as each of the people in turn.
func tour(t *testing.T, l look, seen func(*person, stop)) {
	t.Helper()
	h, _ := require(t)
	walk(t, l, places(h.populate(t)), seen)
}

func walk(t *testing.T, l look, stops []stop, seen func(*person, stop)) {
	t.Helper()
	var p *person
	var who *account.User
	for i, s := range stops {
		if i == 0 || s.who != who {
			p, who = newPerson(t, l), s.who
			if who != nil {
				p.enter(*who)
			}
		}
		p.mu.Lock()
		p.expected = nil
		p.mu.Unlock()
		if s.wrong != "" {
			p.expect(`Failed to load resource: the server responded with a status of ` + s.wrong)
		}
		p.visit(s.path)
		if s.act != nil {
			s.act(p)
		}
		if s.ready != "" {
			p.until(s.ready)
		}
		p.until(`document.readyState === 'complete'`)
		seen(p, s)
	}
}

// inspect checks that each page is accessible, fits a phone, and names its language.
func inspect(t *testing.T, l look) { tour(t, l, judge) }

// judge checks one page: by all rules in the theme of its look, and by the rules about colours in the other theme. The
// two tours have different themes, so every page is checked by all rules in both.
func judge(p *person, s stop) {
	t, l := p.t, p.look
	t.Helper()
	for _, theme := range []string{"light", "dark"} {
		shown := eval[string](p,
			`(html => { const was = html.dataset.theme; html.dataset.theme = `+quoted(themes[theme])+
				`; return was; })(document.documentElement)`)
		rules := colourRules
		if theme == l.theme {
			rules = allRules
		}
		for _, v := range p.axeViolations(s.part, rules) {
			t.Errorf("%s (%s, %d px, %s): %s %s: %s", s.name, l.lang, l.width, theme, v.Impact, v.ID, v.Help)
			for _, n := range v.Nodes {
				t.Log("    " + n)
			}
		}
		eval[string](p, `document.documentElement.dataset.theme = `+quoted(shown))
	}
	if eval[bool](p, `!window.htmx && document.querySelector('[hx-get], [hx-post]') !== null`) {
		t.Errorf("%s has htmx attributes but does not load htmx", s.name)
	}
	if n := eval[int](p, `document.querySelectorAll('[type=search]').length`); strings.HasPrefix(s.path, "/admin") &&
		n != 1 {
		t.Errorf("%s: search fields: got %d, want 1", s.name, n)
	}
	if lang := eval[string](p, `document.documentElement.lang`); lang != l.lang {
		t.Errorf("%s: language: got %q, want %q", s.name, lang, l.lang)
	}
	if theme := eval[string](p, `document.documentElement.dataset.theme ?? ''`); theme != themes[l.theme] {
		t.Errorf("%s: theme: got %q, want %q", s.name, theme, themes[l.theme])
	}
	if y := eval[float64](p, `scrollY`); s.act == nil && y != 0 {
		t.Errorf("%s (%d px): scroll position on opening: got %g, want 0", s.name, l.width, y)
	}
	p.fitsPhone(s.name)
}

// fitsPhone checks that nothing exceeds a narrow screen.
func (p *person) fitsPhone(name string) {
	p.t.Helper()
	const phone = 390
	if p.look.width != phone {
		p.do(chromedp.EmulateViewport(phone, height(phone)))
		defer p.do(chromedp.EmulateViewport(p.look.width, height(p.look.width)))
	}
	if out := eval[string](p, sticksOut); out != "" {
		p.t.Errorf("%s (%s) is wider than a phone: %s", name, p.look.lang, out)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
