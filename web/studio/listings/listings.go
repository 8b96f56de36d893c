// Package listings owns the studio's pages of what a creator sells: the list, the form with its drafts, the preview,
// the prices and the series. What may be sold and when is the catalogue's to say; the pages refuse to know how videos
// are made and who reviews.
package listings

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/locale"
	listingview "videomall/views/studio/listings"
	"videomall/views/text"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// Deps are the verbs that the pages call.
type Deps struct {
	Site      *page.Site
	Catalog   *catalog.Catalog
	Listings  *listing.Listings
	Inventory *inventory.Inventory
	// Videos are a creator's videos, the newest first.
	Videos func(ctx context.Context, ownerID int64) ([]listingview.Video, error)
	// Trailer is the address of a video's public playlist; nil for a mall without any.
	Trailer func(ctx context.Context, assetID int64) (string, error)
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	r := page.Guarded(g, "/studio/listings", d.Site.RequireRole(account.RoleCreator))
	r.GET("", on(d.list))
	r.POST("", on(d.create))
	r.GET("/new", on(d.begin))
	r.GET("/series", on(d.series))
	r.POST("/series", on(d.addSeries))
	r.GET("/:id", on(d.show))
	r.POST("/:id", on(d.save))
	r.POST("/:id/autosave", on(d.autosave))
	r.GET("/:id/preview", on(d.preview))
	r.POST("/:id/withdraw", on(d.turning(d.Listings.Withdraw, "listing_withdrawn")))
	r.POST("/:id/take-off", on(d.turning(d.Listings.TakeOff, "listing_taken_off")))
	r.POST("/:id/put-back", on(d.turning(d.Listings.PutBack, "listing_put_back")))
	r.POST("/:id/delete", on(d.remove))
	r.GET("/:id/prices", on(d.prices))
	r.POST("/:id/prices", on(d.schedule))
	r.POST("/:id/prices/:price/cancel", on(d.cancelPrice))
	r.POST("/:id/stock", on(d.setStock))
}

// listPage is how many listings a page shows.
const listPage = 30

func (d Deps) list(c *page.Ctx) error {
	state := c.QueryParam("state")
	if !listingview.IsState(state) {
		state = ""
	}
	before := formvalue.ID(c.QueryParam("before"))
	found, err := d.Listings.Of(c.Request().Context(), c.Viewer.UserID, state, before, listPage+1)
	if err != nil {
		return err
	}
	p := listingview.ListPage{State: state, Now: c.Now}
	address := func(before int64) string {
		q := url.Values{}
		if state != "" {
			q.Set("state", state)
		}
		if before > 0 {
			q.Set("before", strconv.FormatInt(before, 10))
		}
		if len(q) == 0 {
			return "/studio/listings"
		}
		return "/studio/listings?" + q.Encode()
	}
	if len(found) > listPage {
		found = found[:listPage]
		p.Next = address(found[listPage-1].SPUID)
	}
	if before > 0 {
		p.First = address(0)
	}
	p.Listings = found
	return c.Render(http.StatusOK, c.Text.T("studio.listings"), listingview.List(p))
}

func (d Deps) begin(c *page.Ctx) error {
	return d.renderBegin(c, http.StatusOK, listingview.BeginPage{
		Video: c.QueryParam("video"),
		Cover: c.QueryParam("cover"),
	})
}

func (d Deps) renderBegin(c *page.Ctx, status int, p listingview.BeginPage) error {
	var err error
	if p.Categories, err = d.categories(c.Request().Context(), c.Text); err != nil {
		return err
	}
	if p.Videos, err = d.videos(c); err != nil {
		return err
	}
	if p.Cover != "" {
		all, err := d.Listings.Of(c.Request().Context(), c.Viewer.UserID, "", 0, listPage)
		if err != nil {
			return err
		}
		p.Others = slices.DeleteFunc(all, func(l listing.Listed) bool {
			// nothing of them can be written on
			return l.Status == catalog.StatusTakenDown || l.Revision == listing.RevisionInReview
		})
	}
	return c.Render(status, c.Text.T("listing.new"), listingview.Begin(p))
}

func (d Deps) create(c *page.Ctx) error {
	p := listingview.BeginPage{
		Title:    c.FormValue("title"),
		Category: c.FormValue("category"),
		Video:    c.FormValue("video"),
		Cover:    c.FormValue("cover"),
	}
	made, err := d.Listings.Create(c.Request().Context(), c.Viewer.UserID, listing.NewDraft{
		Title:      locale.Only(c.Text.Lang, p.Title),
		CategoryID: formvalue.ID(p.Category),
		VideoID:    formvalue.ID(p.Video),
	})
	if errors.Is(err, listing.ErrRevisionInvalid) {
		p.Errors = fault.From(err).Fields
		return d.renderBegin(c, http.StatusUnprocessableEntity, p)
	}
	if err == nil && p.Cover != "" {
		err = d.dress(c, made, p.Cover)
	}
	if err != nil {
		return err
	}
	return c.Redirect(listingview.URL(made))
}

// dress puts a picture that was chosen before the listing was there into its form. One that is none is left out: the
// form asks for it.
func (d Deps) dress(c *page.Ctx, spuID int64, cover string) error {
	ctx := c.Request().Context()
	e, err := d.Listings.Editing(ctx, c.Viewer.UserID, spuID)
	if err != nil {
		return err
	}
	e.Content.Cover = cover
	_, err = d.Listings.Save(ctx, c.Viewer.UserID, spuID, listing.Edit{Version: e.Version, Content: e.Content})
	if errors.Is(err, listing.ErrRevisionInvalid) {
		return nil
	}
	return err
}

func (d Deps) categories(ctx context.Context, t *text.Printer) ([]ui.Option, error) {
	categories, err := d.Catalog.Categories(ctx)
	list := []ui.Option{{Label: t.T("listing.choose_category")}}
	for _, s := range categories {
		list = append(list, ui.Option{Value: strconv.FormatInt(s.ID, 10), Label: t.Of(s.Name)})
	}
	return list, err
}

func (d Deps) videos(c *page.Ctx) ([]listingview.Video, error) {
	if d.Videos == nil {
		return nil, nil
	}
	return d.Videos(c.Request().Context(), c.Viewer.UserID)
}
