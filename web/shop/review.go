package shop

import (
	"errors"
	"net/http"
	"strconv"

	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/views/address"
	"videomall/views/text"
	"videomall/views/ui"
	"videomall/web/page"

	shopview "videomall/views/shop"
)

// reviews is a later page of a video's reviews.
func (d Deps) reviews(c *page.Ctx) error {
	product, err := d.Catalog.ProductBySlug(c.Request().Context(), c.Param("slug"))
	if err != nil {
		return err
	}
	list, err := d.reviewsOf(c, product, c.QueryParam("cursor"))
	if err != nil {
		return err
	}
	c.Page.NoIndex = true
	c.Page.Canonical = c.PublicURL(address.Product(product.Slug))
	title := c.Text.T("product.reviews_of", "Title", shopview.Title(c.Text, product.Card))
	return c.Render(http.StatusOK, title, shopview.AllReviews(shopview.ProductPage{Product: product, Reviews: list}))
}

// addReview takes {rating, body} of a person who holds the video.
func (d Deps) addReview(c *page.Ctx) error {
	ctx := c.Request().Context()
	product, err := d.Catalog.ProductBySlug(ctx, c.Param("slug"))
	if err != nil {
		return err
	}
	held, err := d.Entitlements.Owned(ctx, c.Viewer.UserID, []int64{product.SPUID})
	if err != nil {
		return err
	}
	rating, err := strconv.Atoi(c.FormValue("rating"))
	if err != nil {
		rating = 0 // refused below, beside the stars
	}
	_, err = d.Catalog.AddReview(ctx, catalog.NewReview{
		SPUID:  product.SPUID,
		UserID: c.Viewer.UserID,
		Owned:  len(held[product.SPUID]) > 0,
		Held:   d.Entitlements.LockHeldTx,
		Author: c.Viewer.Name,
		Rating: rating,
		Body:   c.FormValue("body"),
		Locale: string(c.Text.Lang),
	})
	if errors.Is(err, catalog.ErrReviewInvalid) {
		return d.showProduct(c, product, http.StatusUnprocessableEntity, returned(c, c.Text, err))
	}
	if err != nil {
		return err
	}
	c.Flash(ui.Success, "review_added")
	return c.Redirect(address.Product(product.Slug) + "#reviews")
}

func returned(c *page.Ctx, t *text.Printer, err error) *shopview.ReviewForm {
	form := &shopview.ReviewForm{Rating: c.FormValue("rating"), Body: c.FormValue("body")}
	fields := fault.From(err).Fields
	if fields["rating"] != "" {
		form.RatingError = t.T("product.rating_missing")
	}
	switch fields["body"] {
	case "too_long":
		form.BodyError = t.T("product.body_too_long")
	case "unreadable":
		form.BodyError = t.T("product.body_unreadable")
	}
	return form
}

func (d Deps) reviewsOf(c *page.Ctx, product catalog.Product, cursor string) (shopview.ReviewsPage, error) {
	list, err := d.Catalog.Reviews(c.Request().Context(), product.SPUID, cursor, reviewPage)
	if err != nil {
		return shopview.ReviewsPage{}, err
	}
	p := shopview.ReviewsPage{Items: list.Items}
	if list.NextCursor != "" {
		p.Next = reviewsURL(product.Slug, list.NextCursor)
	}
	return p, nil
}

// mayReview adds the form for people who hold the video, did not make it and have not reviewed it yet.
func (d Deps) mayReview(c *page.Ctx, product catalog.Product, holds bool, form *shopview.ReviewForm,
	p *shopview.ReviewsPage,
) error {
	if !holds || product.CreatorID == c.Viewer.UserID {
		return nil
	}
	_, said, err := d.Catalog.ReviewBy(c.Request().Context(), product.SPUID, c.Viewer.UserID)
	switch {
	case err != nil:
		return err
	case said:
		p.Mine = true
	case form != nil:
		p.Form = form
	default:
		p.Form = &shopview.ReviewForm{}
	}
	return nil
}
