package review

import (
	"errors"
	"net/http"
	"strconv"

	"videomall/mall/catalog"
	"videomall/mall/review"
	reviewview "videomall/views/review"
	"videomall/views/ui"
	"videomall/web/page"
)

// appealsShown bounds what a creator sees of earlier appeals.
const appealsShown = 10

func (d Deps) showAppeal(c *page.Ctx) error {
	return d.renderAppeal(c, http.StatusOK, reviewview.AppealPage{})
}

// renderAppeal shows what was decided on a listing of one's own; others' are not found.
func (d Deps) renderAppeal(c *page.Ctx, status int, p reviewview.AppealPage) error {
	ctx, id := c.Request().Context(), rowID(c)
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
	return c.Render(status, c.Text.T("review.appeal_title"), reviewview.Appeal(p))
}

func (d Deps) appeal(c *page.Ctx) error {
	words := c.FormValue("words")
	_, err := d.Reviews.Appeal(c.Request().Context(), c.Viewer.UserID, rowID(c), words)
	if wrong := fields(err); wrong != nil {
		return d.renderAppeal(c, http.StatusUnprocessableEntity, reviewview.AppealPage{Words: words, Errors: wrong})
	}
	switch {
	case err == nil:
		c.Flash(ui.Success, "appeal_sent")
	case errors.Is(err, review.ErrAppealOpen):
		c.Flash(ui.Info, "appeal_open")
	default:
		return err
	}
	return c.Redirect("/studio/listings/" + strconv.FormatInt(rowID(c), 10) + "/appeal")
}
