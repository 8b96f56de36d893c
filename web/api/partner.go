package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/catalog"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/partner"
	"videomall/web/page"
)

func (d Deps) partnerRoutes(g *echo.Group) {
	g.GET(PartnerPrefix+"/key", d.on(d.showKey), d.signed(anyScope))
	g.GET(PartnerPrefix+"/videos", d.on(d.listVideos), d.signed(partner.CatalogRead))
	g.GET(PartnerPrefix+"/videos/:skuId", d.on(d.showSKU), d.signed(partner.CatalogRead))
	g.POST(PartnerPrefix+"/links", d.on(d.makeLink), d.signed(partner.LinksWrite))
	g.GET(PartnerPrefix+"/orders", d.on(d.listReferred), d.signed(partner.OrdersRead))
}

// keyAnswer is the key that has signed the request.
type keyAnswer struct {
	KeyID      string          `json:"keyId"`
	Partner    string          `json:"partner"`
	Label      string          `json:"label"`
	Scopes     []partner.Scope `json:"scopes"`
	EndsAt     *time.Time      `json:"endsAt"`
	ServerTime time.Time       `json:"serverTime"`
}

func (d Deps) showKey(c *page.Ctx) error {
	caller := callerOf(c)
	return c.JSON(http.StatusOK, keyAnswer{
		KeyID:      caller.Key.PublicID,
		Partner:    caller.Name,
		Label:      caller.Key.Label,
		Scopes:     caller.Key.Scopes,
		EndsAt:     utc(caller.Key.EndsAt),
		ServerTime: c.Now.UTC(),
	})
}

type linkRequest struct {
	Reference        *string `json:"reference"`
	SKUID            *int64  `json:"skuId"`
	ExpiresInSeconds *int64  `json:"expiresInSeconds"`
}

type linkAnswer struct {
	Reference string       `json:"reference"`
	SKUID     int64        `json:"skuId"`
	URL       string       `json:"url"`
	Price     *money.Money `json:"price"` // at the moment; what is paid is what the checkout says
	ExpiresAt time.Time    `json:"expiresAt"`
}

// makeLink makes a link to the checkout. The reference is the key of the request: repeated, it gets the same link.
func (d Deps) makeLink(c *page.Ctx) error {
	var body linkRequest
	if err := decode(c, &body); err != nil {
		return err
	}
	var missing []string
	if body.Reference == nil {
		missing = append(missing, "reference")
	}
	if body.SKUID == nil {
		missing = append(missing, "skuId")
	}
	if err := required(missing...); err != nil {
		return err
	}
	draft := partner.LinkDraft{Reference: *body.Reference, SKUID: *body.SKUID}
	if s := body.ExpiresInSeconds; s != nil {
		draft.Life = -1 // out of range, as is what overflows
		if *s > 0 && *s <= int64(partner.MaxLinkLife/time.Second) {
			draft.Life = time.Duration(*s) * time.Second
		}
	}
	ctx := c.Request().Context()
	quote, err := d.Orders.Quote(ctx, order.QuoteRequest{Lines: []order.Line{{SKUID: draft.SKUID, Quantity: 1}}})
	if err != nil {
		return err
	}
	if quote.Lines[0].Offer.SKUID == 0 {
		return catalog.ErrSKUNotFound.Because("SKU %d", draft.SKUID)
	}
	link, replayed, err := d.Partners.MakeLink(ctx, callerOf(c).PartnerID, draft)
	if err != nil {
		return err
	}
	answer := linkAnswer{
		Reference: link.Reference,
		SKUID:     link.SKUID,
		URL:       d.Partners.URL(link),
		ExpiresAt: link.ExpiresAt.UTC(),
	}
	if quote.Lines[0].Problem == "" {
		answer.Price = &quote.Lines[0].Amount
	}
	if replayed {
		c.Response().Header().Set("Idempotency-Replayed", "true")
	}
	return c.JSON(http.StatusCreated, answer)
}

// referredAnswer is an order that came by a partner's link, with nothing about its buyer.
type referredAnswer struct {
	Reference   string         `json:"reference"`
	OrderNo     string         `json:"orderNo"`
	Status      order.Status   `json:"status"`
	Total       money.Money    `json:"total"`
	Refunded    money.Money    `json:"refunded"`
	CreatedAt   time.Time      `json:"createdAt"`
	PaidAt      *time.Time     `json:"paidAt"`
	DeliveredAt *time.Time     `json:"deliveredAt"`
	ClosedAt    *time.Time     `json:"closedAt"`
	RefundedAt  *time.Time     `json:"refundedAt"`
	Items       []referredItem `json:"items"`
}

type referredItem struct {
	SKUID   int64  `json:"skuId"`
	VideoID int64  `json:"videoId"`
	Title   string `json:"title"`
}

func (d Deps) listReferred(c *page.Ctx) error {
	q, err := readQuery(c, "limit", "cursor", "reference")
	if err != nil {
		return err
	}
	limit, reference := q.limit(), q.words("reference", 100)
	if err := q.err(); err != nil {
		return err
	}
	cursor := q.values.Get("cursor")
	if cursor != "" && !isOrderNo(cursor) {
		return catalog.ErrCursorInvalid.With("cursor", "malformed")
	}
	orders, err := d.Orders.Referred(c.Request().Context(), order.ReferredFilter{
		PartnerID: callerOf(c).PartnerID,
		Reference: reference,
		Before:    cursor,
		Limit:     limit + 1,
	})
	if err != nil {
		return err
	}
	answer := list[referredAnswer]{}
	if len(orders) > limit {
		orders = orders[:limit]
		answer.NextCursor = orders[limit-1].OrderNo
	}
	answer.Items = make([]referredAnswer, len(orders))
	for n, o := range orders {
		answer.Items[n] = referredOf(c, o)
	}
	return c.JSON(http.StatusOK, answer)
}

func referredOf(c *page.Ctx, o order.Referred) referredAnswer {
	a := referredAnswer{
		Reference:   o.Reference,
		OrderNo:     o.OrderNo,
		Status:      o.Status,
		Total:       o.Total,
		Refunded:    o.Refunded,
		CreatedAt:   o.CreatedAt.UTC(),
		PaidAt:      utc(o.PaidAt),
		DeliveredAt: utc(o.DeliveredAt),
		ClosedAt:    utc(o.ClosedAt),
		RefundedAt:  utc(o.RefundedAt),
		Items:       make([]referredItem, len(o.Items)),
	}
	for n, i := range o.Items {
		a.Items[n] = referredItem{i.SKUID, i.SPUID, c.Text.Of(i.Title)}
	}
	return a
}
