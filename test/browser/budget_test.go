package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const (
	homeBudget  = 150_000 // bytes over the wire, headers included, before anybody scrolls
	shiftBudget = 0.02    // cumulative layout shift; 0.1 is what the web calls good
)

// TestHomeIsLight measures what a first visit with an empty cache costs.
func TestHomeIsLight(t *testing.T) {
	t.Parallel()
	p := newPerson(t, look{lang: "en", width: 1280})
	p.visit("/")
	p.quiet()
	p.mu.Lock()
	came, asked := p.bytes, p.requests
	p.mu.Unlock()
	covers := 0
	for _, r := range asked {
		if strings.Contains(r, "/media/covers/") {
			covers++
		}
	}
	shown := eval[int](p, `document.querySelectorAll('main img').length`)
	t.Logf("home: %.1f KB over the wire in %d requests, %d of %d pictures", came/1000, len(asked), covers, shown)
	if came > homeBudget {
		t.Errorf("the home page costs %.0f bytes, more than %d:\n%s", came, homeBudget, strings.Join(asked, "\n"))
	}
	if covers >= shown {
		t.Errorf("all %d pictures were loaded at once", shown)
	}
	p.do(chromedp.EmulateViewport(1280, 12000))
	p.until(`[...document.querySelectorAll('main img')].every(i => i.complete && i.naturalWidth > 0)`)
}

// TestNothingJumps sums the layout shifts of the pages where people aim at something.
func TestNothingJumps(t *testing.T) {
	t.Parallel()
	h, _ := require(t)
	mei := h.account(t, "Mei", "shopper")
	waiting := h.place(t, mei.ID, h.sku(t, "shape-of-sound", "own", "HD"))
	ready := h.bought(t, mei.ID, h.sku(t, "shape-of-dunes", "own", "HD"))
	for _, l := range []look{{lang: "en", width: 1280}, {lang: "zh-CN", width: 390}} {
		p := newPerson(t, l)
		p.enter(mei)
		for _, path := range []string{"/", "/videos", "/v/aurora-nights", "/orders/" + waiting.OrderNo, "/orders/" + ready.OrderNo} {
			p.visit(path)
			p.until(`document.fonts.status === 'loaded'`)
			if strings.HasPrefix(path, "/v/") {
				p.has(`[data-trailer] media-play-button`)
			}
			if strings.HasSuffix(path, waiting.OrderNo) { // a page that asks each second must not jump either
				left := eval[string](p, `document.getElementById('time-left').textContent`)
				p.until(`document.getElementById('time-left').textContent !== ` + quoted(left))
			}
			p.until(`[...document.images].every(i => i.complete || i.loading === 'lazy')`)
			p.painted()
			shift := eval[float64](p, `window.shifted`)
			t.Logf("%s at %d px: layout shift %.4f", path, l.width, shift)
			if shift >= shiftBudget {
				t.Errorf("%s at %d px jumps by %.4f: %v", path, l.width, shift, eval[[]string](p, `window.shifts`))
			}
		}
	}
}
