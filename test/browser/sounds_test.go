package browser_test

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"videomall/mall/account"
	"videomall/mall/catalog"
)

// TestPlayer_audio_tracks plays the trailer with sound, chooses another audio track of the video by the keyboard, and
// checks that the choice is kept.
func TestPlayer_audio_tracks(t *testing.T) {
	t.Parallel()
	const slug = "mooncake-moon"
	p := newPerson(t, look{lang: "en", width: 390})
	asset, err := p.mall.Media.Assets.Pack(t.Context(), os.DirFS(twoSounds(t)), "two-sounds", 2)
	p.ok(err)
	p.mall.exec(t, `update video_product_spu set asset_id = $1 where slug = $2`, asset.ID, slug)

	product, err := p.mall.Catalog.ProductBySlug(t.Context(), slug)
	p.ok(err)
	p.mall.Catalog.Forget(t.Context(), []catalog.Change{{SPUID: product.SPUID}})

	p.visit("/v/" + slug)
	p.do(chromedp.SendKeys(chromedp.CSS(`[data-trailer] [data-start]`), "\r", chromedp.NodeVisible))
	p.until(trailer + `?.currentTime > 0.5`)
	if !p.asked("/sound_s00000.m4s") {
		t.Error("the trailer plays without its audio track")
	}

	robin := p.mall.account(t, "Robin", account.RoleShopper)
	p.mall.bought(t, robin.ID, p.mall.sku(t, slug, "own", "HD"))
	p.enter(robin)
	p.visit("/watch/" + slug)
	p.press()
	p.until(videoElement + `?.readyState >= 2 && ` + videoElement + `.audioTracks.length === 2`)
	const chosen = `[...` + videoElement + `.audioTracks].filter(t => t.enabled).map(t => t.label).join()`
	p.until(chosen + ` === 'English'`)
	if p.asked("/sound-2/s") {
		t.Error("both audio tracks are fetched, want only the chosen one")
	}
	p.do(chromedp.SendKeys(chromedp.CSS(`media-settings-menu-button`), "\r", chromedp.NodeVisible))
	p.click(`media-settings-menu-item:has(media-audio-track-menu)`)
	const items = `[...document.querySelector('media-audio-track-menu').shadowRoot.querySelectorAll('media-chrome-menu-item')]`
	p.until(items + `.map(i => i.innerText.trim()).join() === 'English,中文 (audio description)'`)
	if out := eval[string](p, sticksOut); out != "" {
		t.Error("the menu of audio tracks is wider than a phone: ", out)
	}
	eval[bool](p, items+`.at(-1).click(); true`)
	p.until(chosen + ` === '中文'`)
	p.until(`performance.getEntriesByType('resource').some(r => r.name.includes('/sound-2/s'))`)
	if eval[bool](p, videoElement+`.paused`) {
		p.click(`[data-player] media-play-button`)
	}
	p.until(videoElement + `.currentTime > 1`)

	p.visit("/watch/" + slug)
	p.press()
	p.until(videoElement + `?.readyState >= 2 && ` + chosen + ` === '中文'`)
}

// twoSounds makes an unencrypted video of 20 s, ready to be packaged, with an English audio track and a Chinese audio
// description.
func twoSounds(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	draw(t, "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-f", "lavfi", "-i", "sine=f=300", "-f", "lavfi", "-i",
		"sine=f=1200",
		"-map", "1", "-map", "2", "-map", "0", "-t", "20", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt",
		"yuv420p", "-g", "50",
		"-keyint_min", "50", "-sc_threshold", "0", "-c:a", "aac", "-f", "hls", "-hls_time", "4", "-hls_playlist_type",
		"vod", "-hls_list_size", "0",
		"-hls_flags", "independent_segments", "-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4",
		"-hls_segment_filename", dir+"/%v/s%05d.m4s", "-master_pl_name", "master.m3u8",
		"-var_stream_map",
		"a:0,agroup:sound,default:yes,name:sound-1 a:1,agroup:sound,name:sound-2 v:0,agroup:sound,name:180p",
		dir+"/%v/index.m3u8")
	const master = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="English",LANGUAGE="en",DEFAULT=YES,URI="sound-1/index.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="中文",LANGUAGE="zh",CHARACTERISTICS="public.accessibility.describes-video",URI="sound-2/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=500000,RESOLUTION=320x180,CODECS="avc1.64000d,mp4a.40.2",AUDIO="sound"
180p/index.m3u8
`
	if err := os.WriteFile(dir+"/master.m3u8", []byte(master), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
