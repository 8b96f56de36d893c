// Package appeals owns the page on which a creator appeals against a return or a takedown of a listing. It refuses to
// decide whether there is anything to appeal against: the review desk does.
package appeals

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/mall/review"
	appealview "videomall/views/studio/appeals"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// Deps are the verbs that the page calls.
type Deps struct {
	Site    *page.Site
	Reviews *review.Reviews
	Catalog *catalog.Catalog
}

// Routes registers the page.
func Routes(g *echo.Group, d Deps) {
	r := page.Guarded(g, "/studio", d.Site.RequireRole(account.RoleCreator))
	r.GET("/listings/:id/appeal", d.Site.Handle(d.show))
	r.POST("/listings/:id/appeal", d.Site.Handle(d.appeal))
}

// appealsShown bounds what a creator sees of earlier appeals.
const appealsShown = 10

func (d Deps) show(c *page.Ctx) error {
	return d.render(c, http.StatusOK, appealview.AppealPage{})
}

// render shows what was decided on a listing of one's own; others' are not found.
func (d Deps) render(c *page.Ctx, status int, p appealview.AppealPage) error {
	ctx, id := c.Request().Context(), formvalue.ID(c.Param("id"))
	listing, err := d.Catalog.FindByID(ctx, id)
	if err != nil {
		return err
	}
	if listing.CreatorID != c.Viewer.UserID {
		return catalog.ErrProductNotFound.Because("spu %d is not of creator %d", id, c.Viewer.UserID)
	}
	p.SPUID = id
	p.Title = listing.Title
	p.Now = c.Now
	if p.Ground, err = d.Reviews.Ground(ctx, c.Viewer.UserID, id); err != nil {
		return err
	}
	if p.Appeals, err = d.Reviews.AppealsOf(ctx, c.Viewer.UserID, id, appealsShown); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("review.appeal_title"), appealview.Appeal(p))
}

func (d Deps) appeal(c *page.Ctx) error {
	words := c.FormValue("words")
	_, err := d.Reviews.Appeal(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")), words)
	if errors.Is(err, review.ErrInvalid) {
		return d.render(c, http.StatusUnprocessableEntity, appealview.AppealPage{
			Words:  words,
			Errors: fault.From(err).Fields,
		})
	}
	switch {
	case err == nil:
		c.Flash(ui.Success, "appeal_sent")
	case errors.Is(err, review.ErrAppealOpen):
		c.Flash(ui.Info, "appeal_open")
	default:
		return err
	}
	return c.Redirect("/studio/listings/" + strconv.FormatInt(formvalue.ID(c.Param("id")), 10) + "/appeal")
}
