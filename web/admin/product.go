package admin

import (
	"net/http"
	"strconv"

	"videomall/web/formvalue"
	"videomall/web/page"

	adminview "videomall/views/admin"
	"videomall/views/admin/duties"
)

// partListed limits each section of a page about one thing.
const partListed = 6

// showProduct shows what the mall knows of a product, whether or not it is on sale, with links to everything that
// belongs to it.
func (d Deps) showProduct(c *page.Ctx) error {
	ctx, spuID := c.Request().Context(), formvalue.ID(c.Param("id"))
	product, err := d.Catalog.FindByID(ctx, spuID)
	if err != nil {
		return err
	}
	p := adminview.ProductPage{Product: product, Now: c.Now}
	if duties.Opens(c.Viewer.Roles, "/admin/orders") {
		if p.Orders, err = d.Orders.OfVideo(ctx, spuID, "", partListed); err != nil {
			return err
		}
		if p.Buyers, err = d.buyers(ctx, p.Orders); err != nil {
			return err
		}
	}
	if p.Cases, err = d.Reviews.CasesOf(ctx, spuID, partListed); err != nil {
		return err
	}
	said, err := d.Catalog.Reviews(ctx, spuID, "", partListed)
	if err != nil {
		return err
	}
	p.Reviews = said.Items
	subjects := []string{"spu:" + strconv.FormatInt(spuID, 10)}
	for _, k := range p.Cases {
		subjects = append(subjects, k.Subject())
	}
	if p.Records, err = d.Audit.About(ctx, subjects, partListed); err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.Of(product.Title), adminview.Product(p))
}
