// Package library owns the pages of what a person may watch: the library, a video's page, the devices. Rights are
// mall/entitlement's and playing is mall/playback's; it refuses to hand out anything that plays.
package library

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/fault"
	"videomall/mall/media"
	"videomall/mall/playback"
	"videomall/views/address"
	libraryview "videomall/views/library"
	"videomall/views/text"
	"videomall/views/ui"
	"videomall/web/page"
	"videomall/web/play"
)

// Deps is what the pages work with.
type Deps struct {
	Site         *page.Site
	Sessions     *account.Sessions
	Catalog      *catalog.Catalog
	Entitlements *entitlement.Entitlements
	Media        media.Media
	Playback     *playback.Playback
	PlusTax      bool // the prices are without tax
	// Secure says that people reach the mall over https; it names the device cookie.
	Secure bool
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	g.GET("/library", d.Site.Handle(d.library), d.Site.RequireUser)
	g.GET("/library/devices", d.Site.Handle(d.devices), d.Site.RequireUser)
	g.POST("/library/devices/:id/remove", d.Site.Handle(d.removeDevice), d.Site.RequireUser)
	g.GET("/watch/:slug", d.Site.Handle(d.watch), d.Site.RequireUser)
}

const (
	perPage = 24
	// recent is how many positions are looked at for the row of what was begun, of which rowful are shown.
	recent = 24
	rowful = 4
)

func (d Deps) library(c *page.Ctx) error {
	ctx, cursor := c.Request().Context(), c.QueryParam("cursor")
	entitlements, next, err := d.Entitlements.List(ctx, c.Viewer.UserID, cursor, perPage)
	if err != nil {
		return err
	}
	page := libraryview.Page{Now: c.Now}
	if next != "" {
		page.Next = "/library?cursor=" + url.QueryEscape(next)
	}
	var begun []playback.Progress
	if cursor != "" {
		page.First = "/library"
	} else if begun, err = d.Playback.Recent(ctx, c.Viewer.UserID, recent); err != nil {
		return err
	}
	if err := d.fill(ctx, c.Viewer.UserID, &page, entitlements, begun); err != nil {
		return err
	}
	c.Page.NoIndex = true
	return c.Render(http.StatusOK, c.Text.T("library.title"), libraryview.Library(page))
}

// known is what the library knows of the videos that it may show, by video.
type known struct {
	cards    map[int64]catalog.Card
	rights   map[int64][]entitlement.Entitlement // the best first
	progress map[int64]playback.Progress
}

func (k known) item(e entitlement.Entitlement) libraryview.Item {
	return libraryview.Item{
		Card:        k.cards[e.SPUID],
		Entitlement: e,
		Progress:    k.progress[e.SPUID],
	}
}

// surpassed says that a better right to the same video stands elsewhere in the list.
func (k known) surpassed(e entitlement.Entitlement) bool {
	rights := k.rights[e.SPUID]
	return len(rights) > 0 && rights[0].ID != e.ID
}

func (d Deps) know(ctx context.Context, userID int64, ids []int64) (k known, err error) {
	if k.rights, err = d.Entitlements.Owned(ctx, userID, ids); err != nil {
		return k, err
	}
	if k.progress, err = d.Playback.Progress(ctx, userID, ids); err != nil {
		return k, err
	}
	cards, err := d.Catalog.Cards(ctx, ids)
	k.cards = make(map[int64]catalog.Card, len(cards))
	for _, c := range cards {
		k.cards[c.SPUID] = c
	}
	return k, err
}

// fill sorts what was granted: each video once, by the best right to it.
func (d Deps) fill(ctx context.Context, userID int64, page *libraryview.Page, granted []entitlement.Entitlement,
	begun []playback.Progress,
) error {
	var ids []int64
	for _, e := range granted {
		ids = append(ids, e.SPUID)
	}
	for _, g := range begun {
		ids = append(ids, g.SPUID)
	}
	k, err := d.know(ctx, userID, ids)
	if err != nil {
		return err
	}
	shown := map[int64]bool{}
	for _, e := range granted {
		if _, ok := k.cards[e.SPUID]; !ok || shown[e.SPUID] || k.surpassed(e) {
			continue
		}
		shown[e.SPUID] = true
		if e.Refusal(page.Now) == nil {
			page.Living = append(page.Living, k.item(e))
		} else {
			page.Over = append(page.Over, k.item(e))
		}
	}
	for _, g := range begun {
		if rights := k.rights[g.SPUID]; len(rights) > 0 && !g.Finished() && len(page.Continue) < rowful {
			page.Continue = append(page.Continue, k.item(rights[0]))
		}
	}
	return nil
}

func (d Deps) watch(c *page.Ctx) error {
	ctx := c.Request().Context()
	product, err := d.Catalog.FindAny(ctx, c.Param("slug")) // what was bought stays watchable when it is no longer sold
	if err != nil {
		return err
	}
	w := libraryview.Watch{Card: product.Card, Now: c.Now}
	title := libraryview.Title(c.Text, product.Card)
	c.Page.Unswapped = true
	w.Entitlement, err = d.Entitlements.Find(ctx, c.Viewer.UserID, product.SPUID)
	if f := fault.From(err); err != nil && f.Kind == fault.Forbidden {
		if !product.Live && errors.Is(err, entitlement.ErrNotEntitled) {
			return catalog.ErrProductNotFound.Because("SPU %d is %s", product.SPUID, product.Status)
		}
		w.Refusal = f.Slug
		return c.Render(http.StatusForbidden, title, libraryview.WatchPage(w))
	}
	if err != nil {
		return err
	}
	if product.AssetID == nil {
		w.Preparing = true
		return c.Render(http.StatusOK, title, libraryview.WatchPage(w))
	}
	// A rental runs from its first play, so its viewer is asked before the player fetches a key.
	starts := w.Entitlement.Kind == entitlement.KindRent && w.Entitlement.FirstPlayedAt == nil
	if !starts || begins(c, w.Entitlement) {
		if w.Video, err = d.video(c, product); err != nil {
			return err
		}
		w.End = d.end(c, product, w.Entitlement)
		if product.Live {
			// Search engines, which are never let in here, and whoever shares the page are to name the one where it can
			// be bought.
			c.Page.Canonical = c.PublicURL(address.Product(product.Slug))
		}
		c.AdmitPlayer()
	}
	return c.Render(http.StatusOK, title, libraryview.WatchPage(w))
}

// justGranted is how long after its purchase a rental counts as started by the press that bought it.
const justGranted = time.Minute

// begins reports whether the viewer has pressed to start this rental's time, on this page or by buying it just now. A
// link on another site starts nothing. A purchase does not start a better rental that the viewer had before.
func begins(c *page.Ctx, e entitlement.Entitlement) bool {
	switch c.QueryParam("start") {
	case "":
		return false
	case "new":
		if c.Now.Sub(e.GrantedAt) >= justGranted {
			return false
		}
	}
	return !page.FromElsewhere(c.Request())
}

// video returns what the player plays. It starts by itself, because the viewer came to this page to watch.
func (d Deps) video(c *page.Ctx, product catalog.Product) (*ui.Video, error) {
	ctx, viewer := c.Request().Context(), c.Viewer.UserID
	asset, err := d.Media.Assets.ByID(ctx, *product.AssetID)
	if err != nil {
		return nil, err
	}
	positions, err := d.Playback.Progress(ctx, viewer, []int64{product.SPUID})
	if err != nil {
		return nil, err
	}
	f := &ui.Video{
		Title:      libraryview.Title(c.Text, product.Card),
		AuthURL:    "/api/v1/mall/play/auth/" + strconv.FormatInt(product.SPUID, 10),
		Resume:     positions[product.SPUID].Resume(),
		Poster:     address.Cover(product.Cover, media.CoverLarge),
		Watermark:  d.Playback.Watermark(viewer),
		BuyURL:     address.Product(product.Slug),
		SignInURL:  "/sign-in?next=" + url.QueryEscape(address.Watch(product.Slug)),
		DevicesURL: "/library/devices",
		Autoplay:   true,
		Sounds:     len(asset.Sounds) > 0,
	}
	extras := d.Playback.Extras(viewer, asset)
	f.Thumbs = extras.ThumbsURL
	f.Captions, f.Chapters = play.Beside(extras, c.Text.Lang == text.ZhCN)
	return f, nil
}
