package play

import (
	"errors"
	"net/http"

	"videomall/mall/catalog"
	"videomall/mall/playback"
	"videomall/views/address"
	"videomall/web/page"
)

// FreeRoute authorises the free minutes of a listing for anybody. The gate counts it in a class of its own.
const FreeRoute = "/try/:slug/auth"

// FreeURL is FreeRoute of a listing.
func FreeURL(slug string) string { return address.Try(slug) + "/auth" }

// free answers as authorize does, to guests too: GET, or POST {takeover: true}.
func (d Deps) free(c *page.Ctx) error {
	takeOver, err := wantsTakeOver(c.Request())
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	product, err := d.Catalog.ProductBySlug(ctx, c.Param("slug"))
	if errors.Is(err, catalog.ErrProductNotFound) {
		return playback.ErrNotFree.Because("%w", err)
	}
	if err != nil {
		return err
	}
	f, err := d.Playback.Free(ctx, playback.FreeRequest{
		SPUID:    product.SPUID,
		By:       playback.Credential(c.Viewer.Grant),
		Device:   d.ensureDevice(c.Context),
		TakeOver: takeOver,
		Look:     c.IsHead(),
	})
	if errors.Is(err, playback.ErrNotFree) {
		return forSale{err, c.PublicURL(address.Product(product.Slug))}
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, authorization{
		session:  describe(f.Session),
		Captions: captions(d.Playback.FreeExtras(f.Asset, f.Seconds).Captions),
	})
}
