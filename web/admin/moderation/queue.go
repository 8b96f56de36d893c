package moderation

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"videomall/mall/catalog"
	"videomall/mall/review"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	moderationview "videomall/views/admin/moderation"
)

const (
	perPage   = 30
	pastShown = 8
)

func (d Deps) queue(c *page.Ctx) error {
	ctx := c.Request().Context()
	p := moderationview.QueuePage{
		Now:    c.Now,
		Chosen: moderationview.Chosen{State: c.QueryParam("state"), High: c.QueryParam("high") == "on"},
	}
	if !slices.Contains(moderationview.States, p.Chosen.State) {
		p.Chosen.State = moderationview.States[0]
	}
	f := review.Filter{After: formvalue.ID(c.QueryParam("after")), Most: perPage + 1}
	if p.Chosen.State != moderationview.States[0] {
		f.States = []review.State{review.State(p.Chosen.State)}
	}
	if p.Chosen.High {
		f.Least = review.SecondFrom
	}
	var err error
	if p.Cases, err = d.Reviews.List(ctx, f); err != nil {
		return err
	}
	if f.After > 0 {
		p.First = queueURL(p.Chosen, 0)
	}
	if len(p.Cases) > perPage {
		p.Cases = p.Cases[:perPage]
		p.Next = queueURL(p.Chosen, p.Cases[perPage-1].ID)
	}
	if p.Counts, err = d.Reviews.Counts(ctx); err != nil {
		return err
	}
	ids := make([]int64, len(p.Cases))
	for i, k := range p.Cases {
		ids[i] = k.CreatorID
	}
	if p.People, err = d.Accounts.Users(ctx, ids...); err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("admin.review"), moderationview.Queue(p))
}

func queueURL(chosen moderationview.Chosen, after int64) string {
	q := url.Values{"state": {chosen.State}}
	if chosen.High {
		q.Set("high", "on")
	}
	if after > 0 {
		q.Set("after", strconv.FormatInt(after, 10))
	}
	return "/admin/review?" + q.Encode()
}

func (d Deps) show(c *page.Ctx) error {
	k, err := d.Reviews.Get(c.Request().Context(), rowID(c))
	if err != nil {
		return err
	}
	return d.renderCase(c, http.StatusOK, k, moderationview.ReturnForm{})
}

func (d Deps) renderCase(c *page.Ctx, status int, k review.Case, form moderationview.ReturnForm) error {
	ctx := c.Request().Context()
	p := moderationview.CasePage{
		Case:   k,
		Form:   form,
		Viewer: c.Viewer.UserID,
		Now:    c.Now,
	}
	live, err := d.Catalog.FindByID(ctx, k.SPUID)
	switch {
	case err == nil && live.Live:
		p.Live, p.Slug = contentOf(live), live.Slug
	case err != nil && !errors.Is(err, catalog.ErrProductNotFound):
		return err
	}
	categories, err := d.Catalog.Categories(ctx)
	if err != nil {
		return err
	}
	for _, category := range categories {
		if category.ID == k.Content.CategoryID {
			p.Case.Content.Category = category.Name
		}
	}
	if d.PreviewURL != nil && k.Content.VideoID != 0 {
		p.Preview = d.PreviewURL(k.Content.VideoID)
	}
	if p.Past, err = d.Reviews.Past(ctx, k.CreatorID, k.ID, pastShown); err != nil {
		return err
	}
	if p.Moves, err = d.Reviews.Moves(ctx, k.ID); err != nil {
		return err
	}
	ids := []int64{k.CreatorID, k.FirstBy, k.SecondBy}
	for _, m := range p.Moves {
		ids = append(ids, m.ActorID)
	}
	if p.People, err = d.Accounts.Users(ctx, ids...); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("admin.review"), moderationview.CaseShown(p))
}

// contentOf converts the product on sale into the form of a submission, for comparison.
func contentOf(p catalog.Product) *review.Content {
	c := review.Content{
		Title:       p.Title,
		Description: p.Description,
		Tags:        p.Tags,
		Category:    p.Category,
		Cover:       p.Cover,
		FreeSeconds: p.FreeSeconds,
		VideoID:     p.VideoID,
		Slug:        p.Slug,
	}
	if p.Series != nil {
		c.Series = p.Series.Title
		c.Episode = p.Series.Episode
	}
	for _, s := range p.SKUs {
		if s.Price != nil {
			c.Prices = append(c.Prices, review.Price{
				Kind:      s.Kind,
				Quality:   s.Quality,
				RentHours: s.RentHours,
				Amount:    s.Price.Amount,
				List:      s.Price.List,
			})
		}
	}
	return &c
}

func (d Deps) approve(c *page.Ctx) error {
	k, err := d.Reviews.Approve(c.Request().Context(), c.Viewer.UserID, rowID(c),
		formvalue.Version(c.FormValue("version")))
	done := "review_approved"
	if k.State == review.Second {
		done = "review_second"
	}
	return d.decided(c, done, err)
}

func (d Deps) giveBack(c *page.Ctx) error {
	ctx := c.Request().Context()
	values, err := c.FormParams()
	if err != nil {
		return page.ErrBadRequest(err)
	}
	v := review.Verdict{Causes: values["cause"], Note: values.Get("note")}
	_, err = d.Reviews.Return(ctx, c.Viewer.UserID, rowID(c), formvalue.Version(c.FormValue("version")), v)
	if wrong := fields(err); wrong != nil {
		k, err := d.Reviews.Get(ctx, rowID(c))
		if err != nil {
			return err
		}
		return d.renderCase(c, http.StatusUnprocessableEntity, k, moderationview.ReturnForm{
			Causes: v.Causes,
			Note:   v.Note,
			Errors: wrong,
		})
	}
	return d.decided(c, "review_returned", err)
}

// decided goes back to the queue after a decision, or to the case when somebody else decided it first.
func (d Deps) decided(c *page.Ctx, done string, err error) error {
	if err == nil {
		c.Flash(ui.Success, done)
		return c.Redirect("/admin/review")
	}
	if flash, ok := passing(err); ok {
		c.Flash(ui.Warning, flash)
		return c.Redirect("/admin/review/" + c.Param("id"))
	}
	return err
}
