package browser_test

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"videomall/mall/account"
)

// TestTimes_in_reader_zone reads pages in Kathmandu, 5 hours and 45 minutes ahead of UTC. On a page that all guests
// share, the browser writes the times; on a page for one account, the server does.
func TestTimes_in_reader_zone(t *testing.T) {
	t.Parallel()
	p := newPerson(t, look{
		lang:  "en",
		width: 1280,
		theme: "light",
	})
	_, err := chromedp.Call(p.ctx, emulation.SetTimezoneOverride,
		emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Kathmandu"})
	p.ok(err)
	kathmandu, err := time.LoadLocation("Asia/Kathmandu")
	p.ok(err)
	const shown = `document.querySelector('main time[data-time="day"]')`
	p.visit("/v/snow-in-the-pines")
	at, err := time.Parse(time.RFC3339, eval[string](p, shown+`.dateTime`))
	p.ok(err)
	p.until(shown + `.textContent === ` + quoted(at.In(kathmandu).Format("Jan 2, 2006")))

	buyer := p.mall.account(t, "Asha", account.RoleShopper)
	order := p.mall.bought(t, buyer.ID, p.mall.sku(t, "snow-in-the-pines", "own", "HD"))
	p.enter(buyer)
	p.scripts(false)
	p.visit("/orders/" + order.OrderNo)
	const moment = `document.querySelector('main time[data-time="moment"]')`
	at, err = time.Parse(time.RFC3339, eval[string](p, moment+`.dateTime`))
	p.ok(err)
	if got, want := eval[string](p, moment+`.textContent`), at.In(kathmandu).Format("Jan 2, 2006, 15:04"); got != want {
		t.Errorf("time on the order page: got %q, want %q", got, want)
	}
}
