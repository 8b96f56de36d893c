package checkout

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"slices"

	"videomall/mall/catalog"
	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/order"
	shopview "videomall/views/shop"
	"videomall/views/ui"
	"videomall/web/page"
)

// freeKey is the session's value that says which free film its guest has pressed.
const freeKey = "free_film"

// watchFree gives a film that costs nothing, and leads to where it plays. A guest signs in first and is led on from there: the sign-in
// finds in the session what was pressed, so that no address which somebody else made up gives anybody anything.
func (d Deps) watchFree(c *page.Ctx) error {
	product, err := d.Catalog.ProductBySlug(c.Request().Context(), c.Param("slug"))
	if err != nil {
		return err
	}
	if !c.Viewer.SignedIn() {
		c.Remember(freeKey, product.Slug)
		return c.Redirect("/sign-in?next=" + url.QueryEscape(shopview.WatchURL(product.Slug)))
	}
	err = d.takeFree(c.Request().Context(), c.Viewer.UserID, product)
	switch {
	case err == nil, errors.Is(err, order.ErrAlreadyOwned):
		return c.Redirect(shopview.WatchURL(product.Slug))
	case fault.From(err).Kind == fault.Conflict: // it costs something by now, or has run out: the page tells
		c.Flash(ui.Warning, "not_free_any_more")
		return c.Redirect("/v/" + product.Slug)
	}
	return err
}

// takePressed gives a person the film that they pressed before they signed in, if that is where the sign-in leads.
func (d Deps) takePressed(ctx context.Context, c *page.Ctx, userID int64) error {
	slug := c.TakeBack(freeKey)
	if slug == "" || c.Next("") != shopview.WatchURL(slug) {
		return nil
	}
	product, err := d.Catalog.ProductBySlug(ctx, slug)
	if err != nil {
		return err
	}
	if err := d.takeFree(ctx, userID, product); err != nil && !errors.Is(err, order.ErrAlreadyOwned) {
		return err
	}
	return nil
}

// takeFree orders the best of a film's editions that cost this person nothing, and grants it at once. Errors: ErrUnavailable without
// such an edition, ErrAlreadyOwned, and those of Place.
func (d Deps) takeFree(ctx context.Context, userID int64, product catalog.Product) error {
	lines := make([]order.Line, len(product.SKUs))
	for n, k := range product.SKUs {
		lines[n] = order.Line{SKUID: k.ID, Quantity: 1}
	}
	if len(lines) == 0 {
		return order.ErrUnavailable
	}
	quote, err := d.Orders.Quote(ctx, userID, lines)
	if err != nil {
		return err
	}
	var free []order.QuoteLine
	refused := order.ErrUnavailable
	for _, l := range quote.Lines {
		if l.Offer.SKUID == 0 || !l.Amount.IsZero() {
			continue
		}
		switch l.Problem {
		case "":
			free = append(free, l)
		case order.ErrAlreadyOwned.Slug:
			refused = order.ErrAlreadyOwned
		}
	}
	if len(free) == 0 {
		return refused
	}
	best := slices.MaxFunc(free, func(a, b order.QuoteLine) int {
		return cmp.Or(cmp.Compare(rank(a.Offer.Kind == catalog.KindOwn), rank(b.Offer.Kind == catalog.KindOwn)),
			cmp.Compare(rank(a.Offer.Quality == catalog.Quality4K), rank(b.Offer.Quality == catalog.Quality4K)))
	})
	nothing := money.Of(0, best.Amount.Currency)
	placed, _, err := d.Orders.Place(ctx, order.PlaceRequest{
		UserID:         userID,
		IdempotencyKey: rand.Text(),
		Items:          []order.Line{best.Line},
		ExpectTotal:    &nothing,
	})
	if err != nil {
		return err
	}
	return d.Orders.Deliver(ctx, placed.OrderNo) // the job of the order finds it done
}

func rank(better bool) int {
	if better {
		return 1
	}
	return 0
}
