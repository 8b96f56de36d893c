package sales

import (
	"errors"
	"net/http"

	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	salesview "videomall/views/studio/sales"
)

func (d Deps) listReviews(c *page.Ctx) error { return d.renderReviews(c, http.StatusOK, nil) }

func (d Deps) renderReviews(c *page.Ctx, status int, refused *salesview.Typed) error {
	asked := catalog.ReviewsAsked{
		CreatorID:  c.Viewer.UserID,
		Unanswered: salesview.Unanswered(c.FormValue("show")),
		Before:     formvalue.ID(c.QueryParam("before")),
		Most:       rows + 1,
	}
	list, err := d.Catalog.ReviewsFor(c.Request().Context(), asked)
	if err != nil {
		return err
	}
	p := salesview.ReviewsPage{
		Reviews:    list,
		Unanswered: asked.Unanswered,
		Typed:      refused,
	}
	if len(list) > rows {
		p.Reviews = list[:rows]
		p.Next = salesview.ReviewsURL(asked.Unanswered, p.Reviews[rows-1].ID)
	}
	if asked.Before > 0 {
		p.First = salesview.ReviewsURL(asked.Unanswered, 0)
	}
	return c.Render(status, c.Text.T("studio.reviews"), salesview.Reviews(p))
}

// reply keeps the answer to a review; an empty one takes it back.
func (d Deps) reply(c *page.Ctx) error {
	id, body := formvalue.ID(c.Param("id")), c.FormValue("reply")
	err := d.Catalog.Reply(c.Request().Context(), c.Viewer.UserID, id, body)
	switch {
	case errors.Is(err, catalog.ErrReviewInvalid):
		wrong := c.Text.T("sales.reply_" + fault.From(err).Fields["reply"])
		return d.renderReviews(c, http.StatusUnprocessableEntity, &salesview.Typed{
			ReviewID: id,
			Reply:    body,
			Wrong:    wrong,
		})
	case err != nil:
		return err
	}
	c.Flash(ui.Success, "reply_saved")
	return c.Redirect(salesview.ReviewsURL(salesview.Unanswered(c.FormValue("show")), 0))
}
