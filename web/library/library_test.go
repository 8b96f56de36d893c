package library_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/media"
	"videomall/mall/playback"
	"videomall/web/library"
	"videomall/web/play"
	"videomall/web/webtest"
	"videomall/web/webtest/playtest"
)

// house is a mall with packaged videos.
type house struct {
	*webtest.Mall
	t        *testing.T
	media    media.Media
	playback *playback.Playback
	grants   int
}

func open(t *testing.T) *house {
	t.Helper()
	h := &house{t: t}
	device := func(c echo.Context) []byte { return play.CurrentDevice(c, h.playback, false) }
	h.Mall = webtest.Open(t, webtest.Options{Device: device, Routes: func(g *echo.Group, m *webtest.Mall) {
		h.media, h.playback = playtest.Open(t, m, t.TempDir(), nil, playback.Options{})
		library.Routes(g, library.Deps{
			Site:         m.Site,
			Sessions:     m.Sessions,
			Catalog:      m.Catalog,
			Entitlements: m.Entitlements,
			Media:        h.media,
			Playback:     h.playback,
			PlusTax:      true,
		})
		play.Routes(g, play.Deps{
			Site:     m.Site,
			Catalog:  m.Catalog,
			Media:    h.media,
			Playback: h.playback,
		})
		g.GET("/device", func(c echo.Context) error {
			play.EnsureDevice(c, h.playback, false)
			return c.NoContent(http.StatusNoContent)
		})
	}})
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// packaged puts a video of 20 s on sale that can be played.
func (h *house) packaged() catalog.Product {
	h.t.Helper()
	p, err := h.Catalog.ProductOfSKU(h.t.Context(), h.Video(990, -1))
	h.must(err)
	files := fstest.MapFS{
		"master.m3u8": {
			Data: []byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360\n360p/index.m3u8\n"),
		},
		"360p/init.mp4": {Data: []byte("init")},
		"en.vtt":        {Data: []byte("WEBVTT\n")},
	}
	list := "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n"
	for i := range 5 {
		list += fmt.Sprintf("#EXTINF:4.000000,\ns%d.m4s\n", i)
		files[fmt.Sprintf("360p/s%d.m4s", i)] = &fstest.MapFile{Data: []byte("x")}
	}
	files["360p/index.m3u8"] = &fstest.MapFile{Data: []byte(list + "#EXT-X-ENDLIST\n")}
	asset, err := h.media.Assets.Pack(h.t.Context(), files, p.Slug, 2)
	h.must(err)
	h.must(h.Catalog.SetAsset(h.t.Context(), p.SPUID, asset.ID, asset.DurationSeconds))
	return p
}

// give grants the video, for good or as a rental of some hours, and returns the source of the grant.
func (h *house) give(user int64, p catalog.Product, hours int) string {
	h.t.Helper()
	h.grants++
	g := entitlement.Grant{
		UserID:    user,
		SPUID:     p.SPUID,
		SKUID:     1,
		Reference: "order",
		Source:    fmt.Sprint("order/", h.grants),
		Kind:      "own",
		Quality:   "HD",
		RentHours: hours,
	}
	if hours > 0 {
		g.Kind = "rent"
	}
	h.must(db.InTx(h.t.Context(), h.Pool, func(tx pgx.Tx) error {
		_, err := h.Entitlements.GrantTx(h.t.Context(), tx, g)
		return err
	}))
	return g.Source
}

func (h *house) refund(source string) {
	h.t.Helper()
	h.must(db.InTx(h.t.Context(), h.Pool, func(tx pgx.Tx) error {
		_, err := h.Entitlements.RevokeTx(h.t.Context(), tx, source, "refund")
		return err
	}))
}

// plays authorises a browser and reports a position in the video.
func (h *house) plays(b *webtest.Browser, user int64, p catalog.Product, position float64) {
	h.t.Helper()
	device := h.playback.DeviceHash(h.playback.NewDevice())
	s, err := h.playback.Authorize(h.t.Context(), playback.AuthRequest{
		UserID:   user,
		SPUID:    p.SPUID,
		AssetID:  *h.fresh(p).AssetID,
		Device:   device,
		Label:    "Firefox/Linux",
		TakeOver: true,
	})
	h.must(err)
	_, err = h.playback.Heartbeat(h.t.Context(), playback.HeartbeatRequest{
		Token:    s.Token,
		Device:   device,
		UserID:   user,
		Position: position,
	})
	h.must(err)
}

func (h *house) fresh(p catalog.Product) catalog.Product {
	h.t.Helper()
	p, err := h.Catalog.FindAny(h.t.Context(), p.Slug)
	h.must(err)
	return p
}

func TestLibrary_shows_own_videos_and_state(t *testing.T) {
	t.Parallel()
	h := open(t)
	ann, bob := h.Person("ann", "shopper"), h.Person("bob", "shopper")
	b := h.Browser(ann.ID)
	b.Get("/library").Wants(200).Shows("Nothing to watch yet", "Browse videos")

	owned, waiting, running, over, refunded, foreign := h.packaged(), h.packaged(), h.packaged(), h.packaged(), h.packaged(), h.packaged()
	h.give(ann.ID, owned, 0)
	h.give(ann.ID, waiting, 48)
	h.give(ann.ID, running, 48)
	h.give(ann.ID, over, 1)
	h.refund(h.give(ann.ID, refunded, 0))
	h.give(bob.ID, foreign, 0)
	for _, p := range []catalog.Product{running, over} {
		e, err := h.Entitlements.Find(t.Context(), ann.ID, p.SPUID)
		h.must(err)
		_, err = h.Entitlements.Start(t.Context(), e.ID)
		h.must(err)
	}
	h.Advance(2 * time.Hour)
	h.plays(b, ann.ID, owned, 9)
	a := b.Get("/library").Wants(200)
	a.Shows(owned.Title.En, "Yours for good", "48 hours from the first play", "Rental ends in 2 days",
		"The rental is over", "Refunded", "Continue watching", "0:11 left", "No longer in your library")
	a.Hides(foreign.Title.En)
	if a.Header.Get("Cache-Control") != "private, no-store" || !a.Has(`href="/watch/`+owned.Slug+`"`) ||
		a.Has(`href="/watch/`+over.Slug+`"`) || !a.Has(`href="/v/`+over.Slug+`"`) {
		t.Fatalf("library: wrong cache control or links: %v\n%s", a.Header, a.Body)
	}
	b.Lang = "zh-CN"
	b.Get("/library").Wants(200).Shows("我的片库", owned.Title.Zh, "永久拥有", "首次播放后 48 小时内有效", "租期 2 天后结束", "继续观看")

	// A video that was rented and then bought has one card, which shows the better entitlement.
	b.Lang = "en"
	h.give(ann.ID, over, 0)
	if again := b.Get("/library").Wants(200); strings.Count(again.Body, `class="card-link"`) != 6 ||
		strings.Contains(again.Text(), "The rental is over") {
		t.Fatalf("cards: got %d, want 6: %s", strings.Count(again.Body, `class="card-link"`), again.Text())
	}
	if guest := h.Browser(0).Get("/library"); guest.Status != http.StatusSeeOther ||
		!strings.HasPrefix(guest.Location, "/sign-in?next=") {
		t.Fatalf("library as a guest: got %d to %q, want 303 to the sign-in", guest.Status, guest.Location)
	}
}

func TestLibrary_pages(t *testing.T) {
	t.Parallel()
	h := open(t)
	ann := h.Person("ann", "shopper")
	p := h.packaged()
	for range 23 {
		sku, err := h.Catalog.ProductOfSKU(t.Context(), h.Video(1, -1))
		h.must(err)
		h.give(ann.ID, sku, 0)
	}
	h.give(ann.ID, p, 0)
	b := h.Browser(ann.ID)
	b.Get("/library").Wants(200).Hides("Next")
	last := h.packaged()
	h.give(ann.ID, last, 0)
	first := b.Get("/library").Wants(200).Shows("Next")
	_, rest, _ := strings.Cut(first.Body, "/library?cursor=")
	cursor, _, _ := strings.Cut(rest, `"`)
	b.Get("/library?cursor="+cursor).Wants(200).Shows("Film 2", "Previous").Hides(last.Title.En)
	b.Get("/library?cursor=nonsense").Wants(422)
}

func TestWatch_page(t *testing.T) {
	t.Parallel()
	h := open(t)
	ann := h.Person("ann", "shopper")
	b := h.Browser(ann.ID)
	p := h.packaged()
	b.Get("/watch/nothing").Wants(404)
	b.Get("/watch/"+p.Slug).Wants(403).Shows("This video is not in your library yet.", "See rent and buy options")
	source := h.give(ann.ID, p, 0)
	h.plays(b, ann.ID, p, 9)
	a := b.Get("/watch/"+p.Slug).Wants(200).Shows(p.Title.En, "Yours for good")
	for _, want := range []string{
		fmt.Sprintf(`data-auth-url="/api/v1/mall/play/auth/%d"`, p.SPUID), `data-resume="9"`,
		`data-watermark="` + h.playback.Watermark(ann.ID) + `"`,
		`data-buy-url="/v/` + p.Slug + `"`, `data-devices-url="/library/devices"`, "Playing a video needs JavaScript",
		"player.",
		`/v/` + p.Slug + `"><link rel="alternate"`, // the canonical page is the product page
	} {
		if !a.Has(want) {
			t.Errorf("watch page lacks %s", want)
		}
	}
	if csp := a.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "media-src 'self' blob:") {
		t.Errorf("Content-Security-Policy: got %s, want media-src with blob:", csp)
	}
	_, captions, _ := strings.Cut(a.Body, `&#34;src&#34;:&#34;`)
	captions, _, _ = strings.Cut(captions, "&#34;")
	b.Get(captions).Wants(200)
	h.must(h.Catalog.TakeDown(t.Context(), p.SPUID))
	b.Get("/watch/" + p.Slug).Wants(200).Shows(p.Title.En) // buyers keep it
	if a := b.Get("/watch/" + p.Slug); a.Has(`rel="canonical"`) || !a.Has(`content="noindex"`) {
		t.Error("watch page of a product that is off sale has a canonical link or lacks noindex")
	}
	h.refund(source)
	b.Get("/watch/" + p.Slug).Wants(403).Shows("This purchase was refunded")
	h.Browser(h.Person("bob", "shopper").ID).Get("/watch/" + p.Slug).Wants(404)

	bare, err := h.Catalog.ProductOfSKU(t.Context(), h.Video(1, -1))
	h.must(err)
	h.give(ann.ID, bare, 0)
	b.Get("/watch/" + bare.Slug).Wants(200).Shows("still being prepared")
}

func TestWatch_rental_asks_first(t *testing.T) {
	t.Parallel()
	h := open(t)
	ann := h.Person("ann", "shopper")
	b := h.Browser(ann.ID)
	p := h.packaged()
	h.give(ann.ID, p, 48)
	a := b.Get("/watch/"+p.Slug).Wants(200).
		Shows("Your rental lasts 48 hours from the moment you press play.", "Start watching")
	if a.Has("data-player") {
		t.Fatal("page contains the player, which would start the rental")
	}
	h.Advance(2 * time.Minute)
	// A link on another site, and a rental that is older than the press.
	for address, from := range map[string]string{"?start=1": "cross-site", "?start=new": "same-origin"} {
		a = b.Send("GET", "/watch/"+p.Slug+address, http.Header{"Sec-Fetch-Site": {from}}, "").Wants(200)
		if a.Has("data-player") {
			t.Fatalf("%s from %s: page contains the player, which would start the rental", address, from)
		}
	}
	a = b.Get("/watch/" + p.Slug + "?start=1").Wants(200)
	if !a.Has("data-player") || !a.Has("data-autoplay") {
		t.Fatalf("page after the start button lacks the player: %s", a.Body)
	}
	e, err := h.Entitlements.Find(t.Context(), ann.ID, p.SPUID)
	h.must(err)
	if e.FirstPlayedAt != nil {
		t.Fatal("opening a page started the rental")
	}
	_, err = h.Entitlements.Start(t.Context(), e.ID)
	h.must(err)
	h.Advance(time.Hour)
	if a = b.Get("/watch/" + p.Slug).Wants(200).Shows("Rental ends in 2 days"); !a.Has("data-player") {
		t.Fatal("page of a running rental lacks the player")
	}
	if !a.Has("Buy for ") || !a.Has("data-plus-tax") {
		t.Error("the offer at the end of a rental does not say that its price is without tax")
	}
	owner := h.Person("olga", "shopper").ID
	h.give(owner, p, 0)
	if h.Browser(owner).Get("/watch/" + p.Slug).Wants(200).Has("data-plus-tax") {
		t.Error("an owner is told of prices without tax, and shown none")
	}
	h.Advance(48 * time.Hour)
	b.Get("/watch/"+p.Slug).Wants(403).Shows("Your rental of this video is over.", "See rent and buy options")
}

func TestDevices_list_and_remove(t *testing.T) {
	t.Parallel()
	h := open(t)
	ann, bob := h.Person("ann", "shopper"), h.Person("bob", "shopper")
	b := h.Browser(ann.ID)
	b.Get("/library/devices").Wants(200).Shows("No device has played anything yet")
	p := h.packaged()
	h.give(ann.ID, p, 0)
	h.plays(b, ann.ID, p, 3)
	auth := b.Send("POST", fmt.Sprint("/api/v1/mall/play/auth/", p.SPUID),
		http.Header{"User-Agent": {"Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36"}}, `{"takeover": true}`)
	auth.Wants(200)
	a := b.Get("/library/devices").Wants(200).
		Shows("Firefox on Linux", "Chrome on Windows", "This device", "Up to 5 devices")
	devices, err := h.playback.Devices(t.Context(), ann.ID)
	h.must(err)
	if len(devices) != 2 {
		t.Fatalf("devices: got %+v, want 2", devices)
	}
	remove := fmt.Sprintf("/library/devices/%d/remove", devices[0].ID)
	a.Form(remove)
	h.Browser(bob.ID).Post(remove, url.Values{}).Wants(404)
	if done := b.Post(remove, a.Form(remove)).Wants(303); done.Location != "/library/devices" {
		t.Fatalf("redirect after removing a device: got %s, want /library/devices", done.Location)
	}
	b.Get("/library/devices").Wants(200).Shows("The device is removed.")
	if left, err := h.playback.Devices(t.Context(), ann.ID); err != nil || len(left) != 1 ||
		left[0].ID == devices[0].ID {
		t.Fatalf("devices after the removal: got %+v, %v, want the other one", left, err)
	}
	b.Post("/library/devices/x/remove", url.Values{}).Wants(404)
}

// TestDevices_removed_is_signed_out checks that removing a device signs it out at once, unless it is the device that
// the person is using.
func TestDevices_removed_is_signed_out(t *testing.T) {
	t.Parallel()
	h := open(t)
	ann := h.Person("ann", "shopper")
	p := h.packaged()
	h.give(ann.ID, p, 0)
	here, there := h.Browser(0), h.Browser(0)
	for _, b := range []*webtest.Browser{here, there} {
		b.Get("/device").Wants(204) // the first page of a browser sets the device's cookie
		b.SignIn(ann.ID)
	}
	play := fmt.Sprint("/api/v1/mall/play/auth/", p.SPUID)
	takeOver := http.Header{"User-Agent": {"Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36"}}
	there.Send("POST", play, takeOver, `{"takeover": true}`).Wants(200)
	listed := here.Get("/library/devices").Wants(200).Shows("Chrome on Windows")
	devices, err := h.playback.Devices(t.Context(), ann.ID)
	h.must(err)
	if len(devices) != 1 {
		t.Fatalf("devices: got %+v, want 1", devices)
	}
	remove := fmt.Sprintf("/library/devices/%d/remove", devices[0].ID)
	here.Post(remove, listed.Form(remove)).Wants(303)
	if out := there.Get("/library").Wants(303); !strings.HasPrefix(out.Location, "/sign-in") {
		t.Errorf("redirect of the removed device: got %s, want the sign-in", out.Location)
	}
	here.Get("/library").Wants(200)

	here.Send("POST", play, takeOver, `{"takeover": true}`).Wants(200)
	if devices, err = h.playback.Devices(t.Context(), ann.ID); err != nil || len(devices) != 1 {
		t.Fatalf("devices: got %+v, %v, want 1", devices, err)
	}
	own := fmt.Sprintf("/library/devices/%d/remove", devices[0].ID)
	here.Post(own, here.Get("/library/devices").Wants(200).Form(own)).Wants(303)
	here.Get("/library").Wants(200)
}
