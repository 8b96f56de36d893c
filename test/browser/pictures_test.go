package browser_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

var pictures = flag.String("pictures", "", "a folder that TestPictures_sizes writes PNGs of all pages to")

// TestPictures_sizes takes screenshots of all pages, those in the README among them:
//
//	go test ./test/browser -run TestPictures_sizes -pictures DIR
func TestPictures_sizes(t *testing.T) {
	if *pictures == "" {
		t.Skip("no -pictures DIR")
	}
	for _, l := range looks {
		tour(t, l, picture)
		h, _ := require(t)
		walk(t, l, h.workshop(t).places(), picture)
	}
}

// looks are the four set-ups in which screenshots are taken.
var looks = []look{
	{
		lang:  "en",
		width: 1280,
		theme: "light",
	},
	{
		lang:  "zh-CN",
		width: 390,
		theme: "light",
	},
	{
		lang:  "zh-CN",
		width: 1280,
		theme: "dark",
	},
	{
		lang:  "en",
		width: 390,
		theme: "dark",
	},
}

// picture writes a screenshot of the whole page to the folder that -pictures names.
func picture(p *person, s stop) {
	p.t.Helper()
	p.ok(os.MkdirAll(*pictures, 0o755))
	eval[bool](p, `document.querySelectorAll('img').forEach(i => { i.loading = 'eager'; }); true`)
	eval[bool](p,
		`document.querySelectorAll('.video-card').forEach(c => { c.style.contentVisibility = 'visible'; }); true`)
	p.until(`[...document.images].every(i => i.complete)`)
	p.painted()
	png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	p.ok(err)
	name := fmt.Sprintf("%s-%d-%s-%s.png", s.name, p.look.width, p.look.lang, p.look.theme)
	p.ok(os.WriteFile(filepath.Join(*pictures, name), png, 0o644))
}
