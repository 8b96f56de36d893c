package browser_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"videomall/mall/account"
)

const (
	homeBudget  = 150_000 // bytes over the wire, headers included, before anybody scrolls
	shiftBudget = 0.02    // cumulative layout shift; Core Web Vitals call up to 0.1 good
)

// TestHome_budget measures what a first visit with an empty cache costs, without the pictures below the fold. A browser
// may fetch some of those in advance; the others must wait until somebody scrolls.
func TestHome_budget(t *testing.T) {
	t.Parallel()
	p := newPerson(t, look{lang: "en", width: 1280})
	p.visit("/")
	p.quiet()
	above := eval[[]string](p,
		`[...document.images].filter(i => i.getBoundingClientRect().top < innerHeight).map(i => i.currentSrc)`)
	waiting := eval[int](p, `[...document.images].filter(i => !i.complete || !i.currentSrc).length`)
	var first, all float64
	var lines []string
	p.mu.Lock()
	for address, bytes := range p.bytes {
		all += bytes
		if !strings.Contains(address, "/media/") || slices.Contains(above, address) {
			first += bytes
			lines = append(lines, fmt.Sprintf("%8.0f  %s", bytes, strings.TrimPrefix(address, p.mall.url)))
		}
	}
	p.mu.Unlock()
	slices.Sort(lines)
	t.Logf("home: %.1f KB, with the pictures fetched in advance %.1f KB; %d pictures wait\n%s", first/1000, all/1000,
		waiting, strings.Join(lines, "\n"))
	if first > homeBudget {
		t.Errorf("home page: got %.0f bytes, want at most %d", first, homeBudget)
	}
	if waiting == 0 {
		t.Error("home page loads all pictures at once, want some to wait for scrolling")
	}
	p.do(chromedp.EmulateViewport(1280, 12000))
	p.until(`[...document.images].every(i => i.complete && i.naturalWidth > 0)`)
}

// phoneBudgets limit the cost of the shop's pages on a phone, in bytes over the wire, including the pictures that are
// fetched in advance.
var phoneBudgets = map[string]float64{
	"/":                    150_000,
	"/videos":              180_000,
	"/v/aurora-nights":     120_000,
	"/watch/ink-mountains": 110_000, // before the press that loads the player
}

// TestPages_budget_on_phone sums everything that the shop's pages cost on a first visit with an empty cache, before
// anybody scrolls, on Lighthouse's standard phone, including the pictures that a browser fetches in advance.
func TestPages_budget_on_phone(t *testing.T) {
	t.Parallel()
	for path, budget := range phoneBudgets {
		p := newPerson(t, look{lang: "en", width: 412})
		p.do(chromedp.EmulateViewport(412, 823, chromedp.EmulateScale(1.75), chromedp.EmulateMobile))
		if slug, is := strings.CutPrefix(path, "/watch/"); is {
			robin := p.mall.account(t, "Robin", account.RoleShopper)
			p.mall.bought(t, robin.ID, p.mall.sku(t, slug, "own", "HD"))
			p.enter(robin)
			p.beforePages(pressFirst + saveData)
		}
		p.visit(path)
		p.quiet()
		var all float64
		var lines []string
		p.mu.Lock()
		for address, bytes := range p.bytes {
			all += bytes
			lines = append(lines, fmt.Sprintf("%8.0f  %s", bytes, strings.TrimPrefix(address, p.mall.url)))
		}
		p.mu.Unlock()
		slices.Sort(lines)
		t.Logf("%s: %.1f KB\n%s", path, all/1000, strings.Join(lines, "\n"))
		if all > budget {
			t.Errorf("%s: got %.0f bytes, want at most %.0f", path, all, budget)
		}
	}
}

// TestPages_no_layout_shift sums the layout shifts of the pages where people aim at something.
func TestPages_no_layout_shift(t *testing.T) {
	t.Parallel()
	h, _ := require(t)
	mei := h.account(t, "Mei", "shopper")
	waiting := h.place(t, mei.ID, h.sku(t, "shape-of-sound", "own", "HD"))
	ready := h.bought(t, mei.ID, h.sku(t, "shape-of-dunes", "own", "HD"))
	for _, l := range []look{{lang: "en", width: 1280}, {lang: "zh-CN", width: 390}} {
		p := newPerson(t, l)
		p.enter(mei)
		for _, path := range []string{
			"/", "/videos", "/v/aurora-nights", "/orders/" + waiting.OrderNo,
			"/orders/" + ready.OrderNo,
		} {
			p.visit(path)
			p.until(`document.fonts.status === 'loaded'`)
			if strings.HasPrefix(path, "/v/") {
				p.has(`[data-trailer] [data-start]:not([hidden])`)
			}
			if strings.HasSuffix(path, waiting.OrderNo) { // a page that polls each second must not shift either
				left := eval[string](p, `document.getElementById('time-left').textContent`)
				p.until(`document.getElementById('time-left').textContent !== ` + quoted(left))
			}
			p.until(`[...document.images].every(i => i.complete || i.loading === 'lazy')`)
			p.painted()
			shift := eval[float64](p, `window.shifted`)
			t.Logf("%s at %d px: layout shift %.4f", path, l.width, shift)
			if shift >= shiftBudget {
				t.Errorf("%s at %d px: layout shift %.4f is too large: %v", path, l.width, shift,
					eval[[]string](p, `window.shifts`))
			}
		}
	}
}
