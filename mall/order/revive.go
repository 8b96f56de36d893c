package order

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/entitlement"
	"videomall/mall/inventory"
	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/promotion"
)

// reviveTx reserves the stock of a closed order again, and holds the use of its coupon. It changes nothing and returns
// false if they are not available at the price that was paid, or if the buyer owns an item by now.
func (s *Orders) reviveTx(ctx context.Context, tx pgx.Tx, o *Order) (bool, error) {
	if taken, err := s.bundleTakenTx(ctx, tx, *o); err != nil || taken {
		return false, err
	}
	quote, same, err := s.quoteAgainTx(ctx, tx, *o)
	if err != nil || !same {
		return false, err
	}
	stock := s.reservationsOf(*o)
	count, err := s.deps.Inventory.CountTx(ctx, tx, stock, true)
	if err != nil {
		return false, err
	}
	use, same, err := s.reuseTx(ctx, tx, *o, &quote)
	if err != nil {
		return false, err
	}
	if !same || !sameDiscounts(*o, quote) || count.Take(stock) != nil { // Take takes all of the stock or nothing
		return false, nil
	}
	return true, s.holdAgainTx(ctx, tx, o, count, stock, use)
}

// bundleTakenTx reports whether the buyer of a closed order has another open order of its bundle.
func (s *Orders) bundleTakenTx(ctx context.Context, tx pgx.Tx, o Order) (bool, error) {
	if o.BundleID == 0 {
		return false, nil
	}
	taken, err := s.q.HasOpenBundle(ctx, tx, dbsqlc.HasOpenBundleParams{UserID: o.UserID, BundleID: o.BundleID})
	if err != nil {
		return false, fmt.Errorf("open orders of bundle %d: %w", o.BundleID, err)
	}
	return taken, nil
}

// quoteAgainTx prices a closed order as if it were placed now. same is false if an item is no longer for sale, has
// another price, or is owned by the buyer, who may have bought it again after the close: nobody pays twice for one video.
func (s *Orders) quoteAgainTx(ctx context.Context, tx pgx.Tx, o Order) (quote Quote, same bool, err error) {
	wanted := askedAgain(o)
	f, err := s.factsTx(ctx, tx, []asked{wanted}, s.deps.Now())
	if err != nil {
		return Quote{}, false, err
	}
	quote, err = f.quote(wanted)
	if isFault(err) { // the bundle has ended, or its price for this buyer has changed
		return Quote{}, false, nil
	}
	if err != nil {
		return Quote{}, false, err
	}
	for n, i := range o.Items {
		l := quote.Lines[n]
		forSale := l.Problem == "" || l.Problem == ErrQuantity.Slug
		owned := f.owners.Own(entitlement.Viewing{UserID: o.UserID, SPUID: i.SPUID}, i.Quality)
		if !forSale || l.Offer.Amount != i.UnitAmount || owned {
			return Quote{}, false, nil
		}
	}
	return quote, true, nil
}

// askedAgain returns what the buyer of an order wanted, at the prices that were agreed.
func askedAgain(o Order) asked {
	wanted := asked{
		userID:   o.UserID,
		sales:    map[int64]int64{},
		agreed:   true,
		bundleID: o.BundleID,
		currency: o.Total.Currency,
	}
	for _, i := range o.Items {
		wanted.lines = append(wanted.lines, Line{i.SKUID, i.Quantity})
		if i.campaignID != 0 {
			wanted.sales[i.SKUID] = i.campaignID
		}
	}
	return wanted
}

// reservationsOf makes new reservations of the stock that an order had.
func (s *Orders) reservationsOf(o Order) []inventory.Reservation {
	var stock []inventory.Reservation
	for _, i := range o.Items {
		if i.reservation == nil {
			continue
		}
		stock = append(stock, inventory.Reservation{
			Token:     uuid.New(),
			OrderNo:   o.OrderNo,
			Stock:     i.stockKey(),
			UserID:    o.UserID,
			Qty:       i.Quantity,
			ExpiresAt: s.deps.Now().Add(s.deps.PayWindow),
		})
	}
	return stock
}

func sameDiscounts(o Order, quote Quote) bool {
	for n, i := range o.Items {
		if quote.Lines[n].Discount.Amount != i.Discount.Amount {
			return false
		}
	}
	return true
}

// holdAgainTx writes the reservations down, notes them at their items, and holds the use of the coupon, if there is one.
func (s *Orders) holdAgainTx(ctx context.Context, tx pgx.Tx, o *Order, count *inventory.Count,
	stock []inventory.Reservation, use *promotion.Use,
) error {
	var later db.Later
	if err := s.deps.Inventory.ReserveTx(ctx, tx, &later, count, stock); err != nil {
		return err
	}
	if use != nil {
		if err := s.deps.Promotions.HoldAgainTx(ctx, &later, *use); err != nil {
			return err
		}
	}
	for _, r := range stock {
		for n, i := range o.Items {
			if i.SKUID != r.Stock.SKUID {
				continue
			}
			o.Items[n].reservation = &r.Token
			if err := s.q.RestoreReservation(ctx, &later, dbsqlc.RestoreReservationParams{
				ID:    i.ID,
				Token: r.Token,
			}); err != nil {
				return fmt.Errorf("note the new reservation of item %d of %s: %w", i.LineNo, o.OrderNo, err)
			}
		}
	}
	return later.Send(ctx, tx)
}

// reuseTx takes the coupon of a closed order again and lowers the quote by its discount; same is false if the coupon
// can't be used any more. It locks the coupon; the caller has locked the stock before.
func (s *Orders) reuseTx(ctx context.Context, tx pgx.Tx, o Order,
	quote *Quote,
) (use *promotion.Use, same bool, err error) {
	if o.couponID == 0 {
		return nil, true, nil
	}
	ask := quote.money.couponAsk(o.CouponCode, o.UserID)
	count, err := s.deps.Promotions.ReadCouponsTx(ctx, tx, []promotion.CouponAsk{ask}, s.deps.Now(), true)
	if err != nil {
		return nil, false, err
	}
	taken, err := count.Take(ask, o.OrderNo, quote.priced())
	if err != nil {
		return nil, false, nil
	}
	return &taken, true, quote.lower(taken)
}
