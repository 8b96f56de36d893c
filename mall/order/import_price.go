package order

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/exchange"
	"videomall/mall/money"
	"videomall/mall/promotion"
)

// price builds the orders from the current offers and takes off the discounts of coupons.
func (im *importer) price(ctx context.Context) error {
	var skuIDs []int64
	var asks []promotion.CouponAsk
	for _, p := range im.past {
		skuIDs = append(skuIDs, p.SKUIDs...)
		if p.CouponCode != "" {
			asks = append(asks, promotion.CouponAsk{Code: p.CouponCode, UserID: p.UserID})
		}
	}
	slices.Sort(skuIDs)
	now := im.deps.Now()
	offers, err := im.deps.Catalog.OffersTx(ctx, im.tx, slices.Compact(skuIDs), now)
	if err != nil {
		return err
	}
	coupons, err := im.deps.Promotions.ReadCouponsTx(ctx, im.tx, asks, now, true)
	if err != nil {
		return err
	}
	var rates exchange.Table // without rates, for a mall of one currency
	if im.deps.Exchange != nil {
		if rates, err = im.deps.Exchange.TableTx(ctx, im.tx, now); err != nil {
			return err
		}
	}
	var uses []promotion.Use
	for _, p := range im.past {
		o, use, err := im.orderOf(p, offers, coupons, rates)
		if err != nil {
			return err
		}
		if use != nil {
			uses = append(uses, *use)
		}
		im.orders = append(im.orders, o)
	}
	var later db.Later
	if err := im.deps.Promotions.HoldTx(ctx, &later, uses); err != nil {
		return err
	}
	if err := later.Send(ctx, im.tx); err != nil {
		return fmt.Errorf("coupons of imported orders: %w", err)
	}
	return im.settleUses(ctx)
}

// settleUses brings the coupon use of each order to the state of the order.
func (im *importer) settleUses(ctx context.Context) error {
	for _, o := range im.orders {
		if o.couponID == 0 {
			continue
		}
		if o.PaidAt == nil {
			if err := im.deps.Promotions.ReleaseTx(ctx, im.tx, o.OrderNo); err != nil {
				return err
			}
			continue
		}
		if err := im.deps.Promotions.UseTx(ctx, im.tx, o.OrderNo); err != nil {
			return err
		}
		if o.Status == Refunded {
			if err := im.deps.Promotions.ReturnTx(ctx, im.tx, o.OrderNo); err != nil {
				return err
			}
		}
	}
	return nil
}

func (im *importer) orderOf(p Past, offers map[int64]catalog.Offer,
	coupons *promotion.CouponCount, rates exchange.Table,
) (Order, *promotion.Use, error) {
	p.PlacedAt = p.PlacedAt.Truncate(time.Microsecond)
	hash := sha256.Sum256([]byte(p.OrderNo))
	o := Order{
		OrderNo:     p.OrderNo,
		UserID:      p.UserID,
		Status:      Delivered,
		Version:     3,
		PayBefore:   p.PlacedAt.Add(im.deps.PayWindow),
		CreatedAt:   p.PlacedAt,
		requestHash: hash[:],
	}
	var priced []promotion.Priced
	for n, id := range p.SKUIDs {
		f, sold := offers[id]
		if !sold || f.StockLimited {
			return Order{}, nil, ErrNotImportable.Because("order %s: SKU %d is not for sale without a limit", p.OrderNo,
				id)
		}
		set, err := f.Amount, error(nil)
		if f.Amount, err = rates.Price(set, cmp.Or(p.Currency, set.Currency)); err != nil {
			return Order{}, nil, ErrNotImportable.Because("order %s: %w", p.OrderNo, err)
		}
		o.Items = append(o.Items, Item{
			LineNo:     n + 1,
			SKUID:      f.SKUID,
			SPUID:      f.SPUID,
			CreatorID:  f.CreatorID,
			Title:      f.Title,
			Slug:       f.Slug,
			Cover:      f.Cover,
			Kind:       f.Kind,
			Quality:    f.Quality,
			RentHours:  f.RentHours,
			Quantity:   1,
			UnitAmount: f.Amount,
			Amount:     f.Amount,
			Discount:   money.Of(0, f.Amount.Currency),
			Refunded:   money.Of(0, f.Amount.Currency),
			priceID:    f.PriceID,
		})
		priced = append(priced, promotion.Priced{
			SPUID:     f.SPUID,
			CreatorID: f.CreatorID,
			Amount:    f.Amount,
			Set:       set,
		})
	}
	if len(o.Items) == 0 {
		return Order{}, nil, ErrNotImportable.Because("order %s is empty", p.OrderNo)
	}
	var use *promotion.Use
	if p.CouponCode != "" {
		u, err := coupons.Take(promotion.CouponAsk{Code: p.CouponCode, UserID: p.UserID}, p.OrderNo, priced)
		if err != nil {
			return Order{}, nil, ErrNotImportable.Because("order %s: coupon %s: %w", p.OrderNo, p.CouponCode, err)
		}
		use = &u
		o.couponID = u.CouponID
		o.CouponCode = u.Code
		for n, d := range u.Discounts {
			o.Items[n].Discount.Amount = d
		}
	}
	o.Total = money.Of(0, o.Items[0].Amount.Currency)
	for _, i := range o.Items {
		o.Total.Amount += i.Net().Amount
	}
	o.Refunded = money.Of(0, o.Total.Currency)
	o.end(p)
	return o, use, nil
}

// end brings an order to the final state of a past one.
func (o *Order) end(p Past) {
	if p.PaidAt.IsZero() {
		closed := o.PayBefore
		o.Status = Closed
		o.Version = 2
		o.ClosedAt = &closed
		return
	}
	paid := p.PaidAt.Truncate(time.Microsecond)
	delivered := paid.Add(deliveredIn)
	o.PaidAt, o.DeliveredAt = &paid, &delivered
	for n := range o.Items {
		o.Items[n].GrantedAt = &delivered
	}
	if p.Refund == nil || p.Refund.Error != "" {
		return
	}
	asked := p.Refund.At.Truncate(time.Microsecond)
	back := asked.Add(settledIn)
	o.Status = Refunded
	o.Version = 4
	o.RefundedAt = &back
	o.Refunded = o.Total
	for n, i := range o.Items {
		o.Items[n].Refunded, o.Items[n].RevokedAt = i.Net(), &asked
	}
}
