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
	"videomall/views/address"
	"videomall/views/ui"
	"videomall/web/page"
)

// freeKey is the session's value that says which free video its guest has pressed.
const freeKey = "free_film"

// watchFree gives the viewer a video that costs nothing, and leads to its player. A guest signs in first. The session
// remembers which video the guest pressed, so that an address that somebody else made up gives nobody anything.
func (d Deps) watchFree(c *page.Ctx) error {
	if err := c.CheckFactor(); err != nil {
		return err
	}
	ctx := c.Request().Context()
	product, err := d.Catalog.ProductBySlug(ctx, c.Param("slug"))
	if err != nil {
		return err
	}
	take := d.takeFree
	if !c.Viewer.SignedIn() {
		take = d.freeSKU
	}
	line, err := take(ctx, c.Viewer.UserID, product)
	switch {
	case errors.Is(err, order.ErrAlreadyOwned):
		return c.Redirect(address.Watch(product.Slug))
	// it has become paid or has sold out; the page says which
	case err != nil && fault.From(err).Kind == fault.Conflict:
		c.Flash(ui.Warning, "not_free_any_more")
		return c.Redirect(address.Product(product.Slug))
	case err != nil:
		return err
	}
	plays := address.Watch(product.Slug)
	if line.Offer.Kind == catalog.KindRent { // the press is the one that its page would ask for
		plays = address.Start(product.Slug)
	}
	if !c.Viewer.SignedIn() {
		c.Remember(freeKey, product.Slug)
		plays = "/sign-in?next=" + url.QueryEscape(plays)
	}
	return c.Redirect(plays)
}

// takePressed gives a person the video that they pressed before they signed in, if the sign-in leads there.
func (d Deps) takePressed(ctx context.Context, c *page.Ctx, userID int64) error {
	slug, to := c.TakeBack(freeKey), c.Next("")
	if slug == "" || to != address.Watch(slug) && to != address.Start(slug) {
		return nil
	}
	product, err := d.Catalog.ProductBySlug(ctx, slug)
	if err != nil {
		return err
	}
	if _, err := d.takeFree(ctx, userID, product); err != nil && !errors.Is(err, order.ErrAlreadyOwned) {
		return err
	}
	return nil
}

// takeFree orders the free SKU of a video and grants it at once. Errors: those of freeSKU, and of Place.
func (d Deps) takeFree(ctx context.Context, userID int64, product catalog.Product) (order.QuoteLine, error) {
	line, err := d.freeSKU(ctx, userID, product)
	if err != nil {
		return order.QuoteLine{}, err
	}
	nothing := money.Of(0, line.Amount.Currency)
	placed, _, err := d.Orders.Place(ctx, order.PlaceRequest{
		UserID:         userID,
		IdempotencyKey: rand.Text(),
		Items:          []order.Line{line.Line},
		ExpectTotal:    &nothing,
	})
	if err != nil {
		return order.QuoteLine{}, err
	}
	return line, d.Orders.Deliver(ctx, placed.OrderNo) // the job of the order finds it done
}

// freeSKU is the best of a video's SKUs that cost this person, 0 for a guest, nothing. Errors: ErrUnavailable
// without one, ErrAlreadyOwned.
func (d Deps) freeSKU(ctx context.Context, userID int64, product catalog.Product) (order.QuoteLine, error) {
	lines := make([]order.Line, len(product.SKUs))
	for n, k := range product.SKUs {
		lines[n] = order.Line{SKUID: k.ID, Quantity: 1}
	}
	if len(lines) == 0 {
		return order.QuoteLine{}, order.ErrUnavailable
	}
	quote, err := d.Orders.Quote(ctx, order.QuoteRequest{UserID: userID, Lines: lines})
	if err != nil {
		return order.QuoteLine{}, err
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
		return order.QuoteLine{}, refused
	}
	return slices.MaxFunc(free, func(a, b order.QuoteLine) int {
		return cmp.Or(cmp.Compare(rank(a.Offer.Kind == catalog.KindOwn), rank(b.Offer.Kind == catalog.KindOwn)),
			cmp.Compare(rank(a.Offer.Quality == catalog.Quality4K), rank(b.Offer.Quality == catalog.Quality4K)))
	}), nil
}

func rank(better bool) int {
	if better {
		return 1
	}
	return 0
}
