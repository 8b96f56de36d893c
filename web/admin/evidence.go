package admin

import (
	"slices"

	"videomall/mall/order"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// How many plays of each video the evidence lists: the first ones show that the video was delivered, the last ones that
// it was watched until the dispute. All others are counted.
const (
	firstPlays = 100
	lastPlays  = 200
)

// evidence sends the evidence for a dispute as a PDF, and writes down who took it.
func (d Deps) evidence(c *page.Ctx) error {
	ctx := c.Request().Context()
	e, err := d.Orders.Evidence(ctx, formvalue.ID(c.Param("id")), actor(c))
	if err != nil {
		return err
	}
	p := pack{Evidence: e, now: c.Now}
	if d.Plays != nil {
		since := e.Order.CreatedAt
		if e.Order.PaidAt != nil {
			since = *e.Order.PaidAt
		}
		if p.plays, err = d.Plays(ctx, e.Order.UserID, videosOf(e.Order), since, firstPlays, lastPlays); err != nil {
			return err
		}
	}
	people, err := d.Accounts.Users(ctx, e.Order.UserID)
	if err != nil {
		return err
	}
	if u, ok := people[e.Order.UserID]; ok {
		p.buyer = u.Name + " <" + u.Email + ">"
	}
	body, err := p.pdf()
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Attach("evidence-"+e.Order.OrderNo+".pdf", "application/pdf", body)
}

func videosOf(o order.Order) []int64 {
	var ids []int64
	for _, i := range o.Items {
		if !slices.Contains(ids, i.SPUID) {
			ids = append(ids, i.SPUID)
		}
	}
	return ids
}
