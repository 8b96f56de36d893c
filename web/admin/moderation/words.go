package moderation

import (
	"errors"
	"net/http"

	"videomall/mall/review"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	moderationview "videomall/views/admin/moderation"
)

func (d Deps) words(c *page.Ctx) error {
	return d.renderWords(c, http.StatusOK, moderationview.WordsPage{Weight: "20"})
}

func (d Deps) renderWords(c *page.Ctx, status int, p moderationview.WordsPage) (err error) {
	ctx := c.Request().Context()
	p.Now = c.Now
	if p.Words, err = d.Reviews.Words(ctx); err != nil {
		return err
	}
	ids := make([]int64, len(p.Words))
	for i, w := range p.Words {
		ids[i] = w.AddedBy
	}
	if p.People, err = d.Accounts.Users(ctx, ids...); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("review.words"), moderationview.Words(p))
}

func (d Deps) addWord(c *page.Ctx) error {
	p := moderationview.WordsPage{Word: c.FormValue("word"), Weight: c.FormValue("weight")}
	err := d.Reviews.AddWord(c.Request().Context(), c.Viewer.UserID, p.Word, int(formvalue.Number(p.Weight)))
	if p.Errors = fields(err); p.Errors != nil {
		return d.renderWords(c, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	c.Flash(ui.Success, "word_added")
	return c.Redirect("/admin/review/words")
}

func (d Deps) removeWord(c *page.Ctx) error {
	err := d.Reviews.RemoveWord(c.Request().Context(), c.Viewer.UserID, rowID(c))
	if err != nil && !errors.Is(err, review.ErrNotFound) { // somebody was quicker
		return err
	}
	c.Flash(ui.Success, "word_removed")
	return c.Redirect("/admin/review/words")
}
