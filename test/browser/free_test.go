package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"videomall/mall/account"
)

// TestAGuestTriesAFilmAndABuyerJumpsByAChapter watches what is free of a film to its end and again, and then the film as who has bought it.
func TestAGuestTriesAFilmAndABuyerJumpsByAChapter(t *testing.T) {
	t.Parallel()
	const slug = "snow-in-the-pines"
	p := newPerson(t, look{lang: "en", width: 1280, theme: "light"})
	p.visit("/v/" + slug)
	p.click(`a[href="/try/` + slug + `"]`)
	p.at("/try/" + slug)
	p.until(film + `?.readyState >= 2`)
	if eval[bool](p, film+`.paused`) {
		p.click(`[data-player] media-play-button`)
	}
	p.until(film + `?.currentTime > 1`)
	if d := eval[float64](p, film+`.duration`); d > 8.5 {
		p.fail("more than the free part is there")
	}
	eval[float64](p, film+`.currentTime = 7`)
	if eval[bool](p, film+`.paused`) {
		p.click(`[data-player] media-play-button`)
	}
	p.has(`.player-end form[action="/cart/items"] button`)
	p.click(`.player-end [data-again]`)
	p.until(`!document.querySelector('.player-end') && ` + film + `.currentTime < 5`)

	buyer := p.mall.account(t, "Robin", account.RoleShopper)
	p.mall.bought(t, buyer.ID, p.mall.sku(t, slug, "own", "HD"))
	p.enter(buyer)
	p.visit("/try/" + slug)
	p.at("/watch/" + slug)
	p.until(film + `?.readyState >= 2`)
	p.until(`document.querySelectorAll('.player-chapters media-chrome-menu-item').length === 2`)
	p.until(`document.querySelector('media-time-range').mediaChaptersCues?.length === 2`)
	p.do(chromedp.SendKeys(chromedp.CSS(`#player-chapters-button`), "\r", chromedp.NodeVisible))
	p.until(`!document.querySelector('.player-chapters').hidden`)
	p.click(`.player-chapters media-chrome-menu-item:last-of-type`)
	p.until(film + `.currentTime >= 8 && document.querySelector('.player-chapter-name').textContent.length > 3`)
}
