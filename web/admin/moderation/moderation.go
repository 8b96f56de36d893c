// Package moderation owns the operators' pages of the review desk: the queue, a case, the words that raise a score,
// takedowns, and the answers to appeals, which creators send from web/studio/appeals. It refuses to decide anything: it
// calls the desk's verbs.
package moderation

import (
	"context"
	"errors"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/fault"
	"videomall/mall/review"
	moderationview "videomall/views/admin/moderation"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// Deps are the verbs that the desk calls.
type Deps struct {
	Site     *page.Site
	Reviews  *review.Reviews
	Accounts *account.Accounts
	Catalog  *catalog.Catalog
	// Find searches listings on sale by title; an empty title returns the latest.
	Find func(ctx context.Context, title string) ([]catalog.Card, error)
	// PreviewURL is the address where a video plays before it is on sale. It is nil, or returns an empty address, where
	// there is none.
	PreviewURL func(videoID int64) string
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	a := page.Guarded(g, "/admin", d.Site.RequireDuty)
	a.GET("/review", on(d.queue))
	a.GET("/review/words", on(d.words))
	a.POST("/review/words", on(d.addWord))
	a.POST("/review/words/:id/remove", on(d.removeWord))
	a.GET("/review/live", on(d.live))
	a.GET("/review/:id", on(d.show))
	a.POST("/review/:id/approve", on(d.approve))
	a.POST("/review/:id/return", on(d.giveBack))
	a.GET("/takedowns", on(d.takedowns))
	a.GET("/takedowns/new", on(d.beginTakedown))
	a.POST("/takedowns", on(d.takeDown), d.Site.RequireRecent) // it refunds
	a.POST("/takedowns/:id/undo", on(d.undo))
	a.POST("/appeals/:id", on(d.answer))
}

// rowID reads the id in the address; 0, which finds nothing, when it is none.
func rowID(c *page.Ctx) int64 { return formvalue.ID(c.Param("id")) }

// fields returns the form fields that err complains about; nil for any other error.
func fields(err error) map[string]string {
	if errors.Is(err, review.ErrInvalid) {
		return fault.From(err).Fields
	}
	return nil
}

// passing reports errors that need no error page: somebody else decided first, or this operator may not decide. The
// operator is told by the flash, on a page that shows the current state.
func passing(err error) (flash string, ok bool) {
	for fault, slug := range map[error]string{
		review.ErrMoved:      "review_moved",
		review.ErrSamePerson: "review_same_person",
		review.ErrOwnListing: "review_own_listing", review.ErrTakenDown: "review_taken_down_already",
		catalog.ErrProductState:  "review_not_live",
		listing.ErrRevisionMoved: "review_edited",
	} {
		if errors.Is(err, fault) {
			return slug, true
		}
	}
	return "", false
}

func found(p catalog.Card) moderationview.Found {
	return moderationview.Found{
		SPUID:     p.SPUID,
		CreatorID: p.CreatorID,
		Slug:      p.Slug,
		Title:     p.Title,
		Creator:   p.Creator,
		Cover:     p.Cover,
	}
}
