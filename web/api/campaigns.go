package api

import (
	"net/http"
	"strconv"
	"time"

	"videomall/mall/inventory"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/web/page"
)

// mostCampaigns bounds the list: what runs, the next to end first, then what comes, the next to start first.
const mostCampaigns = 100

// campaign is a flash sale that runs or comes.
type campaign struct {
	ID       int64            `json:"id"`
	Name     string           `json:"name"`
	Status   promotion.Status `json:"status"`
	StartsAt time.Time        `json:"startsAt"`
	EndsAt   time.Time        `json:"endsAt"`
	URL      string           `json:"url"`
	Items    []campaignItem   `json:"items"`
}

// campaignItem is a SKU of it. ListPrice is what it costs outside of the sale; nil when it is not for sale there.
// Remaining counts the units that can be bought now, of a sale that comes those that it will start with.
type campaignItem struct {
	SKUID     int64        `json:"skuId"`
	Price     money.Money  `json:"price"`
	ListPrice *money.Money `json:"listPrice"`
	Remaining int64        `json:"remaining"`
	PerUser   int          `json:"perUser"`
}

func (d Deps) listCampaigns(c *page.Ctx) error {
	ctx := c.Request().Context()
	q, err := readQuery(c, "currency")
	if err != nil {
		return err
	}
	q.currency(c)
	if err := q.err(); err != nil {
		return err
	}
	open, err := d.Promotions.Open(ctx, mostCampaigns)
	if err != nil {
		return err
	}
	var campaigns, skus []int64
	for _, k := range open {
		campaigns = append(campaigns, k.ID)
		for _, i := range k.Items {
			skus = append(skus, i.SKUID)
		}
	}
	answer := list[campaign]{Items: make([]campaign, 0, len(open))}
	counts, err := d.Inventory.CampaignCounts(ctx, campaigns)
	if err != nil {
		return err
	}
	offers, err := d.Catalog.Offers(ctx, skus)
	if err != nil {
		return err
	}
	for _, k := range open {
		row := campaign{
			ID:       k.ID,
			Name:     c.Text.Of(k.Name),
			Status:   k.Status,
			StartsAt: k.StartsAt.UTC(),
			EndsAt:   k.EndsAt.UTC(),
			URL:      d.PublicURL + "/sales/" + strconv.FormatInt(k.ID, 10),
			Items:    make([]campaignItem, 0, len(k.Items)),
		}
		for _, i := range k.Items {
			item := campaignItem{
				SKUID:     i.SKUID,
				Price:     c.Price(i.Amount),
				PerUser:   i.PerUser,
				Remaining: counts[inventory.CampaignKey{CampaignID: k.ID, SKUID: i.SKUID}].Available,
			}
			if o, ok := offers[i.SKUID]; ok {
				item.ListPrice = new(c.Price(o.Amount))
			}
			row.Items = append(row.Items, item)
		}
		answer.Items = append(answer.Items, row)
	}
	return c.JSON(http.StatusOK, answer)
}
