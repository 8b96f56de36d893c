package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// pressFirst makes the browser refuse to play anything before a press on the page.
const pressFirst = `const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
	return navigator.userActivation.hasBeenActive ? play.call(this) : Promise.reject(new DOMException('press first', 'NotAllowedError'));
};`

// saveData makes the browser ask for as little data as possible.
const saveData = `Object.defineProperty(navigator, 'connection', {value: {saveData: true}});`

const playsInFront = videoElement + `?.currentTime > 0.5 && !` + videoElement +
	`.paused && !document.querySelector('.player-notice, .player[data-busy]')`

// press plays the video by a press, which browsers require on a page that was opened by its address, and pauses it once
// it has begun.
func (p *person) press() {
	p.t.Helper()
	p.click(`[data-player] [data-start]`)
	p.until(videoElement + `?.readyState >= 2 && ` + videoElement + `.currentTime > 0`)
	eval[bool](p, videoElement+`.pause(); true`)
	p.until(videoElement + `.paused`)
}

// TestWatch_press_before_player_is_ready checks that the player loads nothing until somebody presses, and then plays
// and takes the keyboard focus.
func TestWatch_press_before_player_is_ready(t *testing.T) {
	t.Parallel()
	for name, press := range map[string]func(p *person){
		"by_mouse": func(p *person) { p.click(`[data-player] [data-start]`) },
		"by_key_k": func(p *person) {
			p.do(chromedp.SendKeys(chromedp.CSS(`[data-player] [data-start]`), "k", chromedp.NodeVisible))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, videos := watching(t, look{lang: "en", width: 390})
			p.beforePages(pressFirst)
			p.visit("/watch/" + videos[0])
			p.has(`[data-player] [data-start][aria-label^="Play: "]:not([hidden])`)
			// The script is fetched ahead of the press.
			p.until(`performance.getEntriesByType('resource').some(r => r.name.includes('/static/player.'))`)
			p.quiet()
			if eval[bool](p, `!!globalThis.MallPlayer`) {
				t.Error("the player runs before the press")
			}
			if p.asked("/play/auth/") {
				t.Error("the page takes the account's stream before the press")
			}
			press(p)
			p.until(playsInFront)
			p.until(`document.activeElement.matches('[data-player] media-controller')`)
			p.do(chromedp.SendKeys(chromedp.CSS(`[data-player] media-controller`), "k", chromedp.NodeVisible))
			p.until(videoElement + `.paused`)
		})
	}
}

// TestWatch_press_while_offline presses while the script can't be loaded, and again once it can.
func TestWatch_press_while_offline(t *testing.T) {
	t.Parallel()
	p, videos := watching(t, look{lang: "en", width: 390})
	p.expect(`ERR_INTERNET_DISCONNECTED`)
	p.beforePages(pressFirst + saveData)
	p.visit("/watch/" + videos[0])
	p.has(`[data-player] [data-start]:not([hidden])`)
	p.quiet()
	if p.asked("/static/player.") {
		t.Error("the player is fetched ahead although the browser saves data")
	}
	p.offline(true)
	p.click(`[data-player] [data-start]`)
	p.has(`[data-toast=error]`)
	p.until(`document.querySelector('.player:not([data-busy]) [data-start]:not([aria-busy])')`)
	p.offline(false)
	p.click(`[data-player] [data-start]`)
	p.until(playsInFront)
}

// TestWatch_refused_late uses a browser that refuses to play after the video has loaded: a large button appears instead
// of an error.
func TestWatch_refused_late(t *testing.T) {
	t.Parallel()
	p, videos := watching(t, look{lang: "en", width: 390})
	p.beforePages(`const play = HTMLMediaElement.prototype.play;
		HTMLMediaElement.prototype.play = function () {
			if (navigator.userActivation.hasBeenActive) return play.call(this);
			return this.isConnected ? Promise.reject(new DOMException('press first', 'NotAllowedError')) : new Promise(() => {});
		};`)
	p.visit("/watch/" + videos[0])
	p.has(`[data-player] .player-big`)
	p.until(videoElement + `?.readyState >= 2`)
	if !eval[bool](p, videoElement+`.paused && !document.querySelector('.player-notice, .player[data-busy]')`) {
		t.Error("the player shows a notice or is busy, want only the large button")
	}
	p.click(`[data-player] .player-big`)
	p.until(videoElement + `.currentTime > 0.5 && !document.querySelector('[data-player] .player-big').checkVisibility()`)
}
