package api

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/web/page"
)

type orderRequest struct {
	Items       []lineRequest   `json:"items"`
	CouponCode  string          `json:"couponCode"`
	CampaignID  *int64          `json:"campaignId"`
	ExpectTotal *sumRequest     `json:"expectTotal"`
	Currency    *string         `json:"currency"`
	Billing     *billingRequest `json:"billing"`
}

// sumRequest is a sum that the sender agrees to.
type sumRequest struct {
	Amount   *int64  `json:"amount"`
	Currency *string `json:"currency"`
}

// agreed is the sum that the order must cost; nil where the request names none. Errors: errFieldMissing.
func (r orderRequest) agreed() (*money.Money, error) {
	if r.ExpectTotal == nil {
		return nil, nil
	}
	var missing []string
	if r.ExpectTotal.Amount == nil {
		missing = append(missing, "expectTotal/amount")
	}
	if r.ExpectTotal.Currency == nil {
		missing = append(missing, "expectTotal/currency")
	}
	if err := required(missing...); err != nil {
		return nil, err
	}
	return new(money.Of(*r.ExpectTotal.Amount, *r.ExpectTotal.Currency)), nil
}

type lineRequest struct {
	SKUID    *int64 `json:"skuId"`
	Quantity *int   `json:"quantity"`
}

// lines are what is ordered. Errors: errFieldMissing.
func (r orderRequest) lines() ([]order.Line, error) {
	lines, missing := make([]order.Line, len(r.Items)), []string(nil)
	for i, l := range r.Items {
		if l.SKUID == nil {
			missing = append(missing, itemField(i, "skuId"))
		}
		if l.Quantity == nil {
			missing = append(missing, itemField(i, "quantity"))
		}
		if len(missing) == 0 {
			lines[i] = order.Line{SKUID: *l.SKUID, Quantity: *l.Quantity}
		}
	}
	return lines, required(missing...)
}

// currency returns what the order is to be paid in: what it names, or the currency of the sum that was agreed to. Empty
// stands for that of the prices.
func (r orderRequest) currency(agreed *money.Money) string {
	switch {
	case r.Currency != nil:
		return *r.Currency
	case agreed != nil:
		return agreed.Currency
	}
	return ""
}

// campaign returns the flash sale that the order names; 0 for the normal prices. An id that no sale can have counts as
// a sale that does not run.
func (r orderRequest) campaign() int64 {
	if r.CampaignID == nil {
		return 0
	}
	if *r.CampaignID == 0 {
		return -1
	}
	return *r.CampaignID
}

// placedOrder is the answer to a placing, and again to every replay of it: nothing in it changes later.
type placedOrder struct {
	OrderNo   string       `json:"orderNo"`
	Status    order.Status `json:"status"`
	Total     money.Money  `json:"total"`
	PayBefore time.Time    `json:"payBefore"`
}

func (d Deps) placeOrder(c *page.Ctx) error {
	key, err := idempotencyKey(c.Request().Header)
	if err != nil {
		return err
	}
	var body orderRequest
	if err := decode(c, &body); err != nil {
		return err
	}
	lines, err := body.lines()
	if err != nil {
		return err
	}
	total, err := body.agreed()
	if err != nil {
		return err
	}
	billing, err := body.Billing.profile()
	if err != nil {
		return err
	}
	var o order.Order
	replayed := false
	err = d.Guess.Try(c, body.CouponCode, func() (err error) {
		o, replayed, err = d.Orders.Place(c.Request().Context(), order.PlaceRequest{
			UserID:         c.Viewer.UserID,
			IdempotencyKey: key,
			Items:          lines,
			ExpectTotal:    total,
			CampaignID:     body.campaign(),
			CouponCode:     body.CouponCode,
			Currency:       body.currency(total),
			Billing:        billing,
		})
		return err
	})
	if err != nil {
		return inBilling(err)
	}
	answer := placedOrder{
		OrderNo:   o.OrderNo,
		Status:    order.PendingPay,
		Total:     o.Total,
		PayBefore: o.PayBefore.UTC(),
	}
	if o.Total.IsZero() {
		answer.Status = order.Paid
	}
	h := c.Response().Header()
	h.Set("Location", Prefix+"/orders/"+o.OrderNo)
	if replayed {
		h.Set("Idempotency-Replayed", "true")
	}
	return c.JSON(http.StatusCreated, answer)
}

// idempotencyKey is the one key of the request; its form is the order's affair. Errors: order.ErrKeyMissing.
func idempotencyKey(h http.Header) (string, error) {
	keys := h.Values("Idempotency-Key")
	if len(keys) != 1 {
		return "", order.ErrKeyMissing.Because("%d keys", len(keys))
	}
	return keys[0], nil
}

// orderAnswer is an order as it stands.
type orderAnswer struct {
	OrderNo     string       `json:"orderNo"`
	Status      order.Status `json:"status"`
	Total       money.Money  `json:"total"`
	Discount    money.Money  `json:"discount"`
	CouponCode  *string      `json:"couponCode"`
	Tax         taxAnswer    `json:"tax"`
	Refunded    money.Money  `json:"refunded"`
	CreatedAt   time.Time    `json:"createdAt"`
	PayBefore   time.Time    `json:"payBefore"`
	PaidAt      *time.Time   `json:"paidAt"`
	DeliveredAt *time.Time   `json:"deliveredAt"`
	ClosedAt    *time.Time   `json:"closedAt"`
	RefundedAt  *time.Time   `json:"refundedAt"`
	URL         string       `json:"url"`
	Items       []itemAnswer `json:"items"`
}

type itemAnswer struct {
	SKUID     int64       `json:"skuId"`
	VideoID   int64       `json:"videoId"`
	Title     string      `json:"title"`
	CoverURL  *string     `json:"coverUrl"`
	Kind      string      `json:"kind"`
	Quality   string      `json:"quality"`
	RentHours *int        `json:"rentHours"`
	Quantity  int         `json:"quantity"`
	UnitPrice money.Money `json:"unitPrice"`
	Amount    money.Money `json:"amount"`
	Discount  money.Money `json:"discount"`
	Tax       itemTax     `json:"tax"`
	Refunded  money.Money `json:"refunded"`
	GrantedAt *time.Time  `json:"grantedAt"`
	RevokedAt *time.Time  `json:"revokedAt"`
}

func (d Deps) orderOf(c *page.Ctx, o order.Order) orderAnswer {
	a := orderAnswer{
		OrderNo:     o.OrderNo,
		Status:      o.Status,
		Total:       o.Total,
		Discount:    o.Discount(),
		Tax:         taxOf(o.Tax),
		Refunded:    o.Refunded,
		CreatedAt:   o.CreatedAt.UTC(),
		PayBefore:   o.PayBefore.UTC(),
		PaidAt:      utc(o.PaidAt),
		DeliveredAt: utc(o.DeliveredAt),
		ClosedAt:    utc(o.ClosedAt),
		RefundedAt:  utc(o.RefundedAt),
		URL:         d.PublicURL + "/orders/" + o.OrderNo,
		Items:       make([]itemAnswer, len(o.Items)),
	}
	if o.CouponCode != "" {
		a.CouponCode = &o.CouponCode
	}
	for n, i := range o.Items {
		a.Items[n] = itemAnswer{
			SKUID:     i.SKUID,
			VideoID:   i.SPUID,
			Title:     c.Text.Of(i.Title),
			CoverURL:  d.coverURL(i.Cover),
			Kind:      i.Kind,
			Quality:   i.Quality,
			RentHours: hours(i.RentHours),
			Quantity:  i.Quantity,
			UnitPrice: i.UnitAmount,
			Amount:    i.Amount,
			Discount:  i.Discount,
			Tax:       itemTax{i.Tax.Amount, i.Tax.Added},
			Refunded:  i.Refunded,
			GrantedAt: utc(i.GrantedAt),
			RevokedAt: utc(i.RevokedAt),
		}
	}
	return a
}

// orderNo is the number that the address names. Numbers are ULIDs; what can't be one is not looked up.
func orderNo(c *page.Ctx) (string, error) {
	no := c.Param("orderNo")
	if !isOrderNo(no) {
		return "", order.ErrNotFound.Because("number %.60q", no)
	}
	return no, nil
}

func isOrderNo(s string) bool {
	return len(s) == 26 && strings.Trim(s, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == ""
}

func (d Deps) showOrder(c *page.Ctx) error {
	no, err := orderNo(c)
	if err != nil {
		return err
	}
	o, err := d.Orders.Get(c.Request().Context(), c.Viewer.UserID, no)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, d.orderOf(c, o))
}

func (d Deps) cancelOrder(c *page.Ctx) error {
	no, err := orderNo(c)
	if err != nil {
		return err
	}
	o, err := d.Orders.Cancel(c.Request().Context(), c.Viewer.UserID, no)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, d.orderOf(c, o))
}

// listOrders shows one's own orders, newest first. The cursor is an order's number and not its row's id, which would
// tell how much the mall sells.
func (d Deps) listOrders(c *page.Ctx) error {
	q, err := readQuery(c, "limit", "cursor")
	if err != nil {
		return err
	}
	limit, before, ctx := q.limit(), int64(0), c.Request().Context()
	if err := q.err(); err != nil {
		return err
	}
	if no := q.values.Get("cursor"); no != "" {
		last, err := d.lastSeen(c, no)
		if err != nil {
			return err
		}
		before = last.ID
	}
	orders, err := d.Orders.List(ctx, c.Viewer.UserID, before, limit+1)
	if err != nil {
		return err
	}
	answer := list[orderAnswer]{}
	if len(orders) > limit {
		orders = orders[:limit]
		answer.NextCursor = orders[limit-1].OrderNo
	}
	answer.Items = make([]orderAnswer, len(orders))
	for n, o := range orders {
		answer.Items[n] = d.orderOf(c, o)
	}
	return c.JSON(http.StatusOK, answer)
}

// lastSeen is the order that a cursor names. Errors: catalog.ErrCursorInvalid.
func (d Deps) lastSeen(c *page.Ctx, cursor string) (order.Order, error) {
	if !isOrderNo(cursor) {
		return order.Order{}, catalog.ErrCursorInvalid.With("cursor", "malformed")
	}
	o, err := d.Orders.Get(c.Request().Context(), c.Viewer.UserID, cursor)
	if errors.Is(err, order.ErrNotFound) {
		return order.Order{}, catalog.ErrCursorInvalid.With("cursor", "other_list")
	}
	return o, err
}
