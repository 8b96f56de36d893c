package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"videomall/mall/account"
)

// TestFreePreview_guest_watches_and_buyer_jumps_by_chapter watches the free minutes of a video to their end, twice, and
// then the whole video as its buyer.
func TestFreePreview_guest_watches_and_buyer_jumps_by_chapter(t *testing.T) {
	t.Parallel()
	const slug = "snow-in-the-pines"
	p := newPerson(t, look{
		lang:  "en",
		width: 1280,
		theme: "light",
	})
	p.visit("/v/" + slug)
	p.click(`a[href="/try/` + slug + `"]`)
	p.at("/try/" + slug)
	p.until(videoElement + `?.readyState >= 2`)
	p.until(videoElement + `?.currentTime > 1`)
	if d := eval[float64](p, videoElement+`.duration`); d > 8.5 {
		p.fail("the preview is longer than the free part")
	}
	eval[float64](p, videoElement+`.currentTime = 7`)
	p.has(`.player-end form[action="/cart/items"] button`)
	p.click(`.player-end [data-again]`)
	p.until(`!document.querySelector('.player-end') && ` + videoElement + `.currentTime < 5`)

	buyer := p.mall.account(t, "Robin", account.RoleShopper)
	p.mall.bought(t, buyer.ID, p.mall.sku(t, slug, "own", "HD"))
	p.enter(buyer)
	p.visit("/try/" + slug)
	p.at("/watch/" + slug)
	p.press()
	p.until(`document.querySelectorAll('.player-chapters media-chrome-menu-item').length === 2`)
	p.until(`document.querySelector('media-time-range').mediaChaptersCues?.length === 2`)
	p.do(chromedp.SendKeys(chromedp.CSS(`#player-chapters-button`), "\r", chromedp.NodeVisible))
	p.until(`!document.querySelector('.player-chapters').hidden`)
	p.click(`.player-chapters media-chrome-menu-item:last-of-type`)
	p.until(videoElement + `.currentTime >= 8 && document.querySelector('.player-chapter-name').textContent.length > 3`)
}

// TestCheckout_free_video presses the button once, after which the video plays. A guest signs in on the way.
func TestCheckout_free_video(t *testing.T) {
	t.Parallel()
	const (
		button      = `form[action$="/free"] button`
		freeVideo   = "koi-pond"
		episode     = "snow-in-the-pines"
		nextEpisode = "shape-of-dunes"
	)
	plays := func(p *person, slug string) {
		p.t.Helper()
		p.at("/watch/" + slug)
		p.until(videoElement + `?.currentTime > 0.5 && !` + videoElement + `.paused`)
		if eval[bool](p, `!!document.querySelector('.player-notice')`) {
			p.fail("the video plays behind a notice")
		}
	}
	t.Run("guest_signs_in_on_the_way", func(t *testing.T) {
		t.Parallel()
		p := newPerson(t, look{lang: "en", width: 390})
		u := p.mall.account(t, "Robin", account.RoleShopper)
		p.visit("/v/" + freeVideo)
		p.click(button)
		p.at("/sign-in?next=")
		p.fill(`#email`, u.Email)
		p.fill(`#password`, password)
		p.click(`form[action="/sign-in"] button[type=submit]`)
		plays(p, freeVideo)
	})
	t.Run("signed_in", func(t *testing.T) {
		t.Parallel()
		p := newPerson(t, look{lang: "zh-CN", width: 1280})
		p.enter(p.mall.account(t, "Robin", account.RoleShopper))
		p.visit("/v/" + freeVideo)
		p.click(button)
		plays(p, freeVideo)
	})
	t.Run("next_episode", func(t *testing.T) {
		t.Parallel()
		p := newPerson(t, look{lang: "en", width: 1280})
		u := p.mall.account(t, "Robin", account.RoleShopper)
		for _, slug := range []string{episode, nextEpisode} {
			p.mall.bought(t, u.ID, p.mall.sku(t, slug, "own", "HD"))
		}
		p.enter(u)
		p.visit("/watch/" + episode)
		p.press()
		eval[float64](p, videoElement+`.currentTime = `+videoElement+`.duration - 0.4`)
		eval[bool](p, videoElement+`.muted = true; `+videoElement+`.play(); true`)
		p.click(`.player-end a[href="/watch/` + nextEpisode + `"]`)
		plays(p, nextEpisode)
	})
}
