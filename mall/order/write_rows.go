package order

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"videomall/db"
	"videomall/mall/inventory"
	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/outbox"
	"videomall/mall/promotion"
)

// insertRestTx writes what belongs to orders whose rows were inserted. It locks the stock rows last, so that the hot
// row of a popular SKU is held for little more than the commit.
func (s *Orders) insertRestTx(ctx context.Context, tx pgx.Tx, set []*placeAttempt, count *inventory.Count,
	now time.Time,
) error {
	if len(set) == 0 {
		return nil
	}
	if err := s.insertItemsTx(ctx, tx, set); err != nil {
		return err
	}
	moves := dbsqlc.InsertPlacingsParams{At: now}
	events, closes := make([]outbox.Draft, len(set)), make([]river.InsertManyParams, len(set))
	var stock []inventory.Reservation
	var uses []promotion.Use
	for i, w := range set {
		o := w.answer.order
		if w.coupon != nil {
			uses = append(uses, *w.coupon)
		}
		moves.OrderNos, moves.Actors = append(moves.OrderNos, o.OrderNo), append(moves.Actors, shopper(o.UserID))
		events[i] = outbox.Draft{Aggregate: aggregate(o.OrderNo), Payload: eventOf(o)}
		closes[i] = river.InsertManyParams{Args: CloseArgs{o.OrderNo}, InsertOpts: closeAt(o.PayBefore)}
		stock = append(stock, w.stock...)
	}
	if _, err := s.deps.River.InsertManyFastTx(ctx, tx, closes); err != nil {
		return fmt.Errorf("enqueue the close of %d orders: %w", len(set), err)
	}
	var later db.Later
	if err := s.insertDecisions(ctx, &later, occasionPlace, decisionsOf(set)); err != nil {
		return err
	}
	if err := s.insertReferrals(ctx, &later, set); err != nil {
		return err
	}
	if err := s.q.InsertPlacings(ctx, &later, moves); err != nil {
		return fmt.Errorf("record %d placings: %w", len(set), err)
	}
	if err := s.deps.Outbox.WriteManyTx(ctx, &later, "order.placed", events); err != nil {
		return err
	}
	if err := s.deps.Inventory.ReserveTx(ctx, tx, &later, count, stock); err != nil {
		return err
	}
	if err := s.deps.Promotions.HoldTx(ctx, &later, uses); err != nil {
		return err
	}
	if err := later.Send(ctx, tx); err != nil {
		return fmt.Errorf("write what belongs to %d orders: %w", len(set), err)
	}
	for _, w := range set {
		if o := &w.answer.order; o.Total.IsZero() {
			if err := s.payTx(ctx, tx, o, "free", shopper(o.UserID)); err != nil {
				return err
			}
		}
	}
	return nil
}

// insertOrdersTx inserts the orders and returns the attempts whose order was inserted. An attempt whose key was taken a
// moment ago has none.
func (s *Orders) insertOrdersTx(ctx context.Context, tx pgx.Tx, set []*placeAttempt,
	now time.Time,
) ([]*placeAttempt, error) {
	if len(set) == 0 {
		return nil, nil
	}
	now = now.Truncate(time.Microsecond) // the precision of PostgreSQL
	arg := dbsqlc.InsertOrdersParams{
		PayBefore:     now.Add(s.deps.PayWindow),
		CreatedAt:     now,
		RefundSeconds: int32(s.deps.Policy.Within / time.Second),
		RefundWatched: int32(s.deps.Policy.Watched),
		RefundByRule:  s.deps.Policy.ByRule,
	}
	for _, w := range set {
		arg.OrderNos, arg.UserIds = append(arg.OrderNos, w.orderNo), append(arg.UserIds, w.UserID)
		arg.TotalAmounts = append(arg.TotalAmounts, w.quote.Total.Amount)
		arg.Currencies = append(arg.Currencies, w.quote.Total.Currency)
		arg.IdempotencyKeys = append(arg.IdempotencyKeys, w.IdempotencyKey)
		arg.RequestHashes = append(arg.RequestHashes, w.hash)
		couponID, code := w.couponUsed()
		arg.CouponIds, arg.CouponCodes = append(arg.CouponIds, couponID), append(arg.CouponCodes, code)
		arg.BundleIds = append(arg.BundleIds, w.BundleID)
		arg.TaxAmounts = append(arg.TaxAmounts, w.quote.Tax.Amount.Amount)
		arg.TaxCountries = append(arg.TaxCountries, w.quote.Tax.Country)
		arg.TaxNames = append(arg.TaxNames, w.quote.Tax.Name)
		arg.TaxModes = append(arg.TaxModes, string(w.quote.Tax.Mode))
		billing, err := billingJSON(w.quote.Billing)
		if err != nil {
			return nil, err
		}
		arg.Billings = append(arg.Billings, billing)
	}
	rows, err := s.q.InsertOrders(ctx, tx, arg)
	if err != nil {
		return nil, fmt.Errorf("insert %d orders: %w", len(set), err)
	}
	made := make(map[string]int64, len(rows))
	for _, r := range rows {
		made[r.OrderNo] = r.ID
	}
	var written []*placeAttempt
	for _, w := range set {
		id, ok := made[w.orderNo]
		if !ok {
			w.again = true
			continue
		}
		couponID, code := w.couponUsed()
		w.answer.order = Order{
			ID:          id,
			OrderNo:     w.orderNo,
			UserID:      w.UserID,
			Status:      PendingPay,
			Version:     1,
			Total:       w.quote.Total,
			Refunded:    money.Of(0, w.quote.Total.Currency),
			PayBefore:   arg.PayBefore,
			CreatedAt:   now,
			CouponCode:  code,
			BundleID:    w.BundleID,
			Policy:      s.deps.Policy,
			Tax:         w.quote.Tax,
			Billing:     w.quote.Billing,
			couponID:    couponID,
			requestHash: w.hash,
		}
		written = append(written, w)
	}
	return written, nil
}

func (s *Orders) insertItemsTx(ctx context.Context, tx pgx.Tx, set []*placeAttempt) error {
	var arg dbsqlc.InsertItemsParams
	owner := make(map[string]*placeAttempt, len(set))
	for _, w := range set {
		owner[w.orderNo] = w
		for n, l := range w.quote.Lines {
			i := w.item(n, l)
			w.answer.order.Items = append(w.answer.order.Items, i)
			arg.OrderNos, arg.LineNos = append(arg.OrderNos, w.orderNo), append(arg.LineNos, int32(i.LineNo))
			arg.SkuIds, arg.SpuIds = append(arg.SkuIds, i.SKUID), append(arg.SpuIds, i.SPUID)
			arg.CreatorIds, arg.PriceIds = append(arg.CreatorIds, i.CreatorID), append(arg.PriceIds, i.priceID)
			arg.TitlesZh, arg.TitlesEn = append(arg.TitlesZh, i.Title.Zh), append(arg.TitlesEn, i.Title.En)
			arg.Slugs, arg.Covers = append(arg.Slugs, i.Slug), append(arg.Covers, i.Cover)
			arg.Kinds, arg.Qualities = append(arg.Kinds, i.Kind), append(arg.Qualities, i.Quality)
			arg.RentHours = append(arg.RentHours, int32(i.RentHours))
			arg.Quantities = append(arg.Quantities, int32(i.Quantity))
			arg.UnitAmounts = append(arg.UnitAmounts, i.UnitAmount.Amount)
			arg.Amounts = append(arg.Amounts, i.Amount.Amount)
			arg.Discounts = append(arg.Discounts, i.Discount.Amount)
			arg.CampaignIds = append(arg.CampaignIds, i.campaignID)
			arg.ReservationTokens = append(arg.ReservationTokens, w.reserved(l.SKUID))
			arg.TaxKinds = append(arg.TaxKinds, string(i.Tax.Kind))
			arg.TaxRates = append(arg.TaxRates, int32(i.Tax.BasisPoints))
			arg.TaxAmounts = append(arg.TaxAmounts, i.Tax.Amount.Amount)
			arg.TaxesAdded = append(arg.TaxesAdded, i.Tax.Added.Amount)
		}
	}
	rows, err := s.q.InsertItems(ctx, tx, arg)
	if err != nil {
		return fmt.Errorf("insert the items of %d orders: %w", len(set), err)
	}
	for _, r := range rows {
		owner[r.OrderNo].answer.order.Items[r.LineNo-1].ID = r.ID
	}
	return nil
}
