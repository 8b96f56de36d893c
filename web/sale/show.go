package sale

import (
	"context"
	"crypto/rand"
	"net/http"

	"videomall/mall/catalog"
	"videomall/mall/media"
	"videomall/mall/promotion"
	"videomall/views/address"
	"videomall/web/formvalue"
	"videomall/web/page"
	"videomall/web/price"

	saleview "videomall/views/sale"
)

// mostListed bounds the list of sales; the next to end, and the next to start, come first.
const mostListed = 60

func (d Deps) listSales(c *page.Ctx) error {
	ctx := c.Request().Context()
	open, err := d.Promotions.Open(ctx, mostListed)
	if err != nil {
		return err
	}
	list, err := teasers(ctx, d.Catalog, open)
	if err != nil {
		return err
	}
	p := saleview.SalesPage{PlusTax: d.PlusTax}
	for _, t := range list {
		t = price.Teaser(c, t)
		if t.Campaign.Status == promotion.Running {
			p.Running = append(p.Running, t)
		} else {
			p.Coming = append(p.Coming, t)
		}
	}
	c.Page.Canonical = c.PublicURL("/sales")
	c.Page.Description = c.Text.T("sale.description")
	return c.Render(http.StatusOK, c.Text.T("sale.sales"), saleview.Sales(p))
}

func (d Deps) showSale(c *page.Ctx) error {
	p, err := d.salePage(c)
	if err != nil {
		return err
	}
	p.Key = rand.Text()
	return d.renderSale(c, http.StatusOK, p)
}

func (d Deps) renderSale(c *page.Ctx, status int, p saleview.SalePage) error {
	c.Page.Canonical = c.PublicURL(saleview.URL(p.Campaign.ID))
	c.Page.Description = c.Text.T("sale.description_of", "Name", saleview.Name(c.Text, p.Campaign), "Date",
		c.Text.DateTime(p.Campaign.StartsAt))
	for _, l := range p.Lots {
		if l.Video != nil && l.Video.Cover != "" && c.Page.Image == "" {
			c.SharePicture(c.PublicURL(address.Cover(l.Video.Cover, media.CoverLarge)), media.CoverLarge,
				address.CoverHeight)
		}
	}
	return c.Render(status, saleview.Name(c.Text, p.Campaign), saleview.Sale(p))
}

// salePage reads a sale as it stands at the request's moment.
func (d Deps) salePage(c *page.Ctx) (saleview.SalePage, error) {
	ctx := c.Request().Context()
	campaign, err := d.Promotions.Public(ctx, formvalue.ID(c.Param("id")))
	if err != nil {
		return saleview.SalePage{}, err
	}
	counts, err := d.Inventory.CampaignCounts(ctx, []int64{campaign.ID})
	if err != nil {
		return saleview.SalePage{}, err
	}
	p := saleview.SalePage{
		Campaign: campaign,
		Live:     saleview.LiveOf(campaign, counts, c.Now),
		Now:      c.Now,
		SignedIn: c.Viewer.SignedIn(),
		Policy:   d.Policy,
		PlusTax:  d.PlusTax,
	}
	if p.Lots, err = Lots(ctx, d.Catalog, campaign); err != nil {
		return saleview.SalePage{}, err
	}
	for n := range p.Lots {
		p.Lots[n] = p.Lots[n].Priced(c.Price)
		p.Lots[n].Live = p.Live.Lots[n]
	}
	return p, nil
}

// Lots are all of a campaign's, with their videos as far as they can be sold now.
func Lots(ctx context.Context, c *catalog.Catalog, campaign promotion.Campaign) ([]saleview.Lot, error) {
	ids := make([]int64, len(campaign.Items))
	for n, i := range campaign.Items {
		ids[n] = i.SKUID
	}
	offers, err := c.Offers(ctx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]saleview.Lot, len(campaign.Items))
	for n, i := range campaign.Items {
		list[n].Item = i
		if o, ok := offers[i.SKUID]; ok {
			list[n].Video = &o
		}
	}
	return list, nil
}
