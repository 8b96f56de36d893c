package moderation

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/review"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	moderationview "videomall/views/admin/moderation"
)

// mostAppeals limits the list, which operators work through from the top.
const mostAppeals = 100

func (d Deps) live(c *page.Ctx) error {
	c.Page.OwnSearch = true
	p := moderationview.LivePage{Query: strings.TrimSpace(c.QueryParam("q"))}
	cards, err := d.Find(c.Request().Context(), p.Query)
	if err != nil {
		return err
	}
	for _, card := range cards {
		p.Found = append(p.Found, found(card))
	}
	return c.Render(http.StatusOK, c.Text.T("review.live"), moderationview.Live(p))
}

func (d Deps) beginTakedown(c *page.Ctx) error {
	// a listing that its creator took off sale can be taken down too
	listing, err := d.Catalog.FindByID(c.Request().Context(), formvalue.ID(c.QueryParam("spu")))
	if err != nil {
		return err
	}
	if listing.Status != catalog.StatusLive && listing.Status != catalog.StatusTakenDown {
		return catalog.ErrProductNotFound.Because("SPU %d is %s", listing.SPUID, listing.Status)
	}
	return d.renderTakedown(c, http.StatusOK, moderationview.TakeDownPage{Listing: found(listing.Card), Access: "keep"})
}

func (d Deps) renderTakedown(c *page.Ctx, status int, p moderationview.TakeDownPage) error {
	return c.Render(status, c.Text.T("review.take_down"), moderationview.TakeDown(p))
}

func (d Deps) takeDown(c *page.Ctx) error {
	ctx := c.Request().Context()
	listing, err := d.Catalog.FindByID(ctx, formvalue.ID(c.FormValue("spu")))
	if err != nil {
		return err
	}
	p := moderationview.TakeDownPage{
		Listing: found(listing.Card),
		Reason:  c.FormValue("reason"),
		Access:  c.FormValue("access"),
	}
	if p.Access != "keep" && p.Access != "end" { // the harder of the two is never a guess
		p.Errors = map[string]string{"access": "access_missing"}
		return d.renderTakedown(c, http.StatusUnprocessableEntity, p)
	}
	_, err = d.Reviews.TakeDown(ctx, c.Viewer.UserID, review.Target{
		SPUID:      listing.SPUID,
		CreatorID:  listing.CreatorID,
		Title:      listing.Title,
		Reason:     p.Reason,
		KeepAccess: p.Access == "keep",
	})
	if p.Errors = fields(err); p.Errors != nil {
		return d.renderTakedown(c, http.StatusUnprocessableEntity, p)
	}
	return d.settled(c, "review_taken_down", err)
}

// settled goes to the list of takedowns, also when somebody else decided first.
func (d Deps) settled(c *page.Ctx, done string, err error) error {
	if flash, ok := passing(err); ok {
		c.Flash(ui.Warning, flash)
		return c.Redirect("/admin/takedowns")
	}
	if err != nil {
		return err
	}
	c.Flash(ui.Success, done)
	return c.Redirect("/admin/takedowns")
}

func (d Deps) undo(c *page.Ctx) error {
	return d.settled(c, "review_restored", d.Reviews.Undo(c.Request().Context(), c.Viewer.UserID, rowID(c)))
}

func (d Deps) takedowns(c *page.Ctx) error {
	return d.renderTakedowns(c, http.StatusOK, moderationview.TakedownsPage{})
}

func (d Deps) renderTakedowns(c *page.Ctx, status int, p moderationview.TakedownsPage) (err error) {
	ctx := c.Request().Context()
	p.Now, p.Viewer = c.Now, c.Viewer.UserID
	before := formvalue.ID(c.QueryParam("before"))
	if p.Takedowns, err = d.Reviews.Takedowns(ctx, before, perPage+1); err != nil {
		return err
	}
	if before > 0 {
		p.First = "/admin/takedowns"
	}
	if len(p.Takedowns) > perPage {
		p.Takedowns = p.Takedowns[:perPage]
		p.Next = "/admin/takedowns?before=" + strconv.FormatInt(p.Takedowns[perPage-1].ID, 10)
	}
	if p.Appeals, err = d.Reviews.OpenAppeals(ctx, mostAppeals); err != nil {
		return err
	}
	if p.People, err = d.named(ctx, p); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("review.takedowns"), moderationview.Takedowns(p))
}

func (d Deps) named(ctx context.Context, p moderationview.TakedownsPage) (account.Users, error) {
	var ids []int64
	for _, t := range p.Takedowns {
		ids = append(ids, t.ByID)
	}
	for _, a := range p.Appeals {
		ids = append(ids, a.CreatorID)
	}
	return d.Accounts.Users(ctx, ids...)
}

func (d Deps) answer(c *page.Ctx) error {
	do, answer := c.FormValue("do"), c.FormValue("answer")
	if do != "grant" && do != "refuse" {
		return page.ErrBadRequest(nil)
	}
	err := d.Reviews.Answer(c.Request().Context(), c.Viewer.UserID, rowID(c), do == "grant", answer)
	if wrong := fields(err); wrong != nil {
		return d.renderTakedowns(c, http.StatusUnprocessableEntity, moderationview.TakedownsPage{
			Answered: rowID(c),
			Answer:   answer,
			Errors:   wrong,
		})
	}
	return d.settled(c, "review_answered", err)
}
