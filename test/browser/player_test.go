package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"videomall/mall/account"
)

// TestTrailer_first_press checks that the player loads when somebody presses play, and not before.
func TestTrailer_first_press(t *testing.T) {
	t.Parallel()
	p := newPerson(t, look{
		lang:  "en",
		width: 390,
		theme: "light",
	})
	p.visit("/v/aurora-nights")
	p.has(`[data-trailer] [data-start]:not([hidden])`)
	p.quiet()
	if p.asked("/static/player.") {
		t.Error("the player was loaded before anybody pressed play")
	}
	p.do(chromedp.SendKeys(chromedp.CSS(`[data-trailer] [data-start]`), "\r", chromedp.NodeVisible))
	p.until(trailer + `?.currentTime > 0.5`)
	if !p.asked("/static/player.") {
		t.Error("the trailer plays without the player")
	}
	p.until(`document.activeElement.closest('[data-trailer]')`)
}

// TestTrailer_without_scripts checks that the browser's own player is used.
func TestTrailer_without_scripts(t *testing.T) {
	t.Parallel()
	p := newPerson(t, look{lang: "en", width: 1280})
	p.scripts(false)
	p.visit("/v/aurora-nights")
	p.has(`[data-trailer] video[controls][src$=".m3u8"]`)
	p.has(`[data-trailer] [data-start][hidden]`)
}

// TestPlayer_remembers_settings chooses speed, quality, captions and volume in one video and finds them in the next.
func TestPlayer_remembers_settings(t *testing.T) {
	t.Parallel()
	p, videos := watching(t, look{lang: "zh-CN", width: 1280})
	p.visit("/watch/" + videos[0])
	p.press()
	p.until(shownCaptions + ` === 'zh'`) // the reader's language, before anything is chosen

	request := func(name, detail string) {
		eval[bool](p,
			`document.querySelector('media-controller').dispatchEvent(new CustomEvent('`+name+`', {detail: `+detail+
				`, bubbles: true, composed: true})); true`)
	}
	request("mediaplaybackraterequest", "1.5")
	request("mediavolumerequest", "0.4")
	request("mediashowsubtitlesrequest", `{language: 'en', label: 'English', kind: 'captions'}`)
	request("mediadisablesubtitlesrequest", `[{language: 'zh', label: '中文', kind: 'captions'}]`)
	p.until(videoElement + `.videoRenditions.length > 1`)
	lowest := `Math.min(...[...` + videoElement + `.videoRenditions].map(r => r.height))`
	request("mediarenditionrequest", `[...`+videoElement+`.videoRenditions].find(r => r.height === `+lowest+`).id`)
	p.until(
		`(k => k && k.rate === 1.5 && k.volume === 0.4 && k.captions === 'en' && k.height > 0)(JSON.parse(localStorage.getItem('player')))`)

	p.visit("/watch/" + videos[1])
	p.press()
	p.until(videoElement + `?.readyState >= 2 && ` + videoElement + `.videoRenditions.length > 1`)
	p.until(videoElement + `.playbackRate === 1.5 && ` + videoElement + `.volume === 0.4`)
	p.until(shownCaptions + ` === 'en'`)
	p.until(videoElement + `.videoRenditions[` + videoElement + `.videoRenditions.selectedIndex]?.height === ` + lowest)

	request("mediatogglesubtitlesrequest", "false")
	p.until(`JSON.parse(localStorage.getItem('player')).captions === 'off'`)
	p.visit("/watch/" + videos[0])
	p.press()
	p.until(shownCaptions + ` === ''`)
}

// TestPlayer_storage_denied plays in a browser that refuses to store anything, as private windows may.
func TestPlayer_storage_denied(t *testing.T) {
	t.Parallel()
	p, videos := watching(t, look{lang: "en", width: 1280})
	p.beforePages(
		`Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('closed', 'SecurityError'); } });`)
	p.visit("/watch/" + videos[0])
	p.press()
	p.until(shownCaptions + ` === 'en'`)
	p.click(`media-captions-button`)
	p.until(shownCaptions + ` === ''`)
	p.click(`media-captions-button`)
	p.until(shownCaptions + ` === 'en'`)
}

// TestPlayer_connection_lost cuts the network while a video plays, and gives it back.
func TestPlayer_connection_lost(t *testing.T) {
	t.Parallel()
	p, videos := watching(t, look{lang: "en", width: 390})
	p.expect(`ERR_INTERNET_DISCONNECTED`)
	p.visit("/watch/" + videos[0])
	p.press()
	eval[float64](p, videoElement+`.currentTime = 3`)
	p.offline(true)
	p.has(`.player-lost button`)
	p.click(`.player-lost button`) // still without a line: it goes on saying so
	p.until(`document.querySelector('.player-lost button:enabled')`)
	eval[float64](p, videoElement+`.currentTime = `+videoElement+`.duration - 2`)
	p.offline(false)
	p.until(`!document.querySelector('.player-lost') && ` + videoElement + `.readyState >= 2`)
	p.until(videoElement + `.currentTime >= ` + videoElement + `.duration - 2.5`)
}

// TestPlayer_connection_lost_after_loading gives the network back when nothing is left to load, first reported by the
// browser, then unreported.
func TestPlayer_connection_lost_after_loading(t *testing.T) {
	t.Parallel()
	p, videos := watching(t, look{lang: "en", width: 390})
	p.expect(`ERR_INTERNET_DISCONNECTED`)
	p.visit("/watch/" + videos[0])
	p.press()
	p.until(`(b => b.length && b.end(b.length - 1) > ` + videoElement + `.duration - 0.5)(` + videoElement + `.buffered)`)
	eval[bool](p, videoElement+`.pause(); true`)
	p.offline(true)
	p.has(`.player-lost button`)
	p.offline(false)
	p.until(`!document.querySelector('.player-lost')`)
	eval[bool](p, `dispatchEvent(new Event('offline'))`)
	p.has(`.player-lost button`)
	p.until(`!document.querySelector('.player-lost')`)
}

// offline takes the network away, or gives it back.
func (p *person) offline(is bool) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{
			Offline:            is,
			DownloadThroughput: -1,
			UploadThroughput:   -1,
		}},
	})
	p.ok(err)
	_, err = chromedp.Call(p.ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{
		Offline:            is,
		DownloadThroughput: -1,
		UploadThroughput:   -1,
	})
	p.ok(err)
}

// TestPlayer_end checks what is offered after the end of a rented video, with the keyboard.
func TestPlayer_end(t *testing.T) {
	t.Parallel()
	const slug = "jellyfish-drift"
	p := newPerson(t, look{lang: "en", width: 390})
	mei := p.mall.account(t, "Mei", account.RoleShopper)
	p.mall.bought(t, mei.ID, p.mall.sku(t, slug, "rent", "HD"))
	p.enter(mei)
	p.visit("/watch/" + slug + "?start=1")
	p.press()
	eval[float64](p, videoElement+`.currentTime = `+videoElement+`.duration - 0.4`)
	eval[bool](p, videoElement+`.muted = true; `+videoElement+`.play(); true`)
	p.has(`.player-end .player-more a`)
	p.until(`document.activeElement.matches('.player-end')`)
	for _, part := range []string{
		`form[action="/cart/items"] button`, `a[href="/v/jellyfish-drift#reviews"]`,
		`[data-again]`,
	} {
		p.has(`.player-end ` + part)
	}
	if out := eval[string](p, sticksOut); out != "" {
		t.Error("the end of a video is wider than a phone: ", out)
	}
	p.do(chromedp.SendKeys(chromedp.CSS(`.player-end [data-again]`), "\r", chromedp.NodeVisible))
	p.until(`!document.querySelector('.player-end') && ` + videoElement + `.currentTime < 3`)
}

// shownCaptions is the language of the captions over the video; empty for none.
const shownCaptions = `([...` + videoElement +
	`.textTracks].find(t => t.kind === 'captions' && t.mode === 'showing')?.language ?? '')`

// watching is somebody who owns two videos.
func watching(t *testing.T, l look) (p *person, slugs []string) {
	t.Helper()
	p = newPerson(t, l)
	u := p.mall.account(t, "Robin", account.RoleShopper)
	slugs = strings.Fields("snow-in-the-pines ink-mountains")
	for _, slug := range slugs {
		p.mall.bought(t, u.ID, p.mall.sku(t, slug, "own", "HD"))
	}
	p.enter(u)
	return p, slugs
}
