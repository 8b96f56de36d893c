package order

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/entitlement"
	"videomall/mall/inventory"
	"videomall/mall/ledger"
	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/payment"
	"videomall/mall/promotion"
)

// Outcomes of money that arrives, as docs/payments.md names them.
const (
	OutcomePaid             = "paid"
	OutcomeRevived          = "revived"          // paid after the close, and its stock was still available
	OutcomePaidAfterClose   = "paid_after_close" // refunded automatically
	OutcomePaidTwice        = "paid_twice"       // the second sum is refunded automatically
	OutcomeDuplicate        = "duplicate"        // this transaction was seen before
	OutcomeAmountMismatch   = "amount_mismatch"  // held in suspense for an operator
	OutcomeCurrencyMismatch = "currency_mismatch"
	OutcomeUnknownOrder     = "unknown_order"
)

// Prepay starts or resumes the payment of the user's own order at a provider, which sends the shopper back to returnURL
// afterwards. It refuses an order with an item that the user owns by now, or has paid for in another order. Errors:
// ErrNotFound, ErrNotPayable, ErrAlreadyOwned, and those of payment.Prepay.
func (s *Orders) Prepay(ctx context.Context, userID int64,
	orderNo, provider, returnURL string) (payment.Attempt, error) {
	o, err := s.Get(ctx, userID, orderNo)
	if err != nil {
		return payment.Attempt{}, err
	}
	if o.Status != PendingPay || !s.deps.Now().Before(o.PayBefore) {
		return payment.Attempt{}, ErrNotPayable.Because("order %s is %s, to be paid before %s", orderNo, o.Status,
			o.PayBefore)
	}
	if err := s.mayPay(ctx, o); err != nil {
		return payment.Attempt{}, err
	}
	return s.deps.Payments.Prepay(ctx, payment.PrepayRequest{
		Reference: o.OrderNo,
		Provider:  provider,
		Subject:   subject(o),
		ReturnURL: returnURL,
		Amount:    o.Total,
		ExpiresAt: o.PayBefore,
	})
}

// subject names the purchase on the provider's page.
func subject(o Order) string {
	first := cmp.Or(o.Items[0].TitleEn, o.Items[0].TitleZh)
	if len(o.Items) == 1 {
		return first
	}
	return fmt.Sprintf("%s and %d more", first, len(o.Items)-1)
}

// Money says that a provider took a sum, according to a notice or to the answer to a query.
type Money struct {
	Provider     string
	AttemptNo    string
	ChannelTxnNo string
	Amount       money.Money
	At           time.Time
}

// ConfirmPaid applies money that a provider took, once for each of its transactions: the order becomes PAID, or the sum
// is surplus and is refunded automatically, or it is held in suspense for an operator. The outcome says which.
func (s *Orders) ConfirmPaid(ctx context.Context, m Money) (outcome string, err error) {
	err = db.InTxRetrying(ctx, s.deps.Pool, 3, func(tx pgx.Tx) error {
		outcome, err = s.confirmTx(ctx, tx, m)
		return err
	})
	if err == nil {
		s.deps.Metrics.PaymentOutcome(m.Provider, outcome)
	}
	return outcome, err
}

func (s *Orders) confirmTx(ctx context.Context, tx pgx.Tx, m Money) (string, error) {
	attempt, err := s.deps.Payments.AttemptTx(ctx, tx, m.Provider, m.AttemptNo)
	if errors.Is(err, payment.ErrUnknownAttempt) {
		return s.suspendTx(ctx, tx, m, "", OutcomeUnknownOrder, nil)
	}
	if err != nil {
		return "", err
	}
	o, err := s.lockTx(ctx, tx, attempt.Reference)
	if errors.Is(err, ErrNotFound) {
		return s.suspendTx(ctx, tx, m, attempt.Reference, OutcomeUnknownOrder, nil)
	}
	if err != nil {
		return "", err
	}
	want := map[string]any{"expected": attempt.Amount, "received": m.Amount}
	if m.Amount.Currency != attempt.Amount.Currency {
		return s.suspendTx(ctx, tx, m, o.OrderNo, OutcomeCurrencyMismatch, want)
	}
	if m.Amount != attempt.Amount || m.Amount != o.Total {
		return s.suspendTx(ctx, tx, m, o.OrderNo, OutcomeAmountMismatch, want)
	}
	return s.applyTx(ctx, tx, o, m)
}

// applyTx applies a sum that equals the order's total. The caller has locked the order.
func (s *Orders) applyTx(ctx context.Context, tx pgx.Tx, o Order, m Money) (string, error) {
	captures, err := s.deps.Payments.CapturesTx(ctx, tx, o.OrderNo)
	if err != nil {
		return "", err
	}
	for _, c := range captures {
		if c.Provider == m.Provider && c.ChannelTxnNo == m.ChannelTxnNo {
			return OutcomeDuplicate, nil
		}
	}
	actor := "provider:" + m.Provider
	switch o.Status {
	case PendingPay:
		if _, fresh, err := s.captureTx(ctx, tx, m, &o, payment.Consumed); err != nil || !fresh {
			return OutcomeDuplicate, err
		}
		return OutcomePaid, s.payTx(ctx, tx, &o, "notice", actor)
	case Closed:
		revived, err := s.reviveTx(ctx, tx, &o)
		if err != nil {
			return "", err
		}
		if !revived {
			return s.surplusTx(ctx, tx, o, m, OutcomePaidAfterClose)
		}
		if _, fresh, err := s.captureTx(ctx, tx, m, &o, payment.Consumed); err != nil || !fresh {
			return OutcomeDuplicate, err
		}
		return OutcomeRevived, s.payTx(ctx, tx, &o, "paid_after_close", actor)
	default: // PAID, DELIVERED, REFUNDED: a second payment
		return s.surplusTx(ctx, tx, o, m, OutcomePaidTwice)
	}
}

// payTx makes an order PAID: it sells the stock, uses the coupon, and enqueues the jobs that deliver the order and
// close its other attempts.
func (s *Orders) payTx(ctx context.Context, tx pgx.Tx, o *Order, cause, actor string) error {
	if err := s.moveTx(ctx, tx, o, move{Paid, cause, actor}); err != nil {
		return err
	}
	for _, i := range limited(o.Items) {
		sold, err := s.deps.Inventory.SellTx(ctx, tx, *i.reservation)
		if err != nil {
			return err
		}
		if !sold { // an open order holds its reservations, so the data is inconsistent
			return fmt.Errorf("item %d of %s: its reservation %s is not held", i.LineNo, o.OrderNo, i.reservation)
		}
	}
	if o.couponID != 0 { // coupons are always locked after stock
		if err := s.deps.Promotions.UseTx(ctx, tx, o.OrderNo); err != nil {
			return err
		}
	}
	if err := s.eventTx(ctx, tx, "order.paid", *o); err != nil {
		return err
	}
	if _, err := s.deps.River.InsertTx(ctx, tx, DeliverArgs{o.OrderNo}, nil); err != nil {
		return fmt.Errorf("enqueue the grant of %s: %w", o.OrderNo, err)
	}
	if o.Total.IsZero() {
		return nil
	}
	if _, err := s.deps.River.InsertTx(ctx, tx, CloseSiblingsArgs{o.OrderNo}, nil); err != nil {
		return fmt.Errorf("enqueue the siblings of %s: %w", o.OrderNo, err)
	}
	return nil
}

// reviveTx reserves the stock of a closed order again, and holds the use of its coupon. It changes nothing and returns
// false if they are not available at the price that was paid, or if the buyer owns an item by now.
func (s *Orders) reviveTx(ctx context.Context, tx pgx.Tx, o *Order) (bool, error) {
	wanted := asked{
		userID:   o.UserID,
		sales:    map[int64]int64{},
		agreed:   true,
		bundleID: o.BundleID,
	}
	if o.BundleID != 0 {
		another, err := s.q.HasOpenBundle(ctx, tx, dbsqlc.HasOpenBundleParams{UserID: o.UserID, BundleID: o.BundleID})
		if err != nil {
			return false, fmt.Errorf("open orders of bundle %d: %w", o.BundleID, err)
		}
		if another {
			return false, nil
		}
	}
	for _, i := range o.Items {
		wanted.lines = append(wanted.lines, Line{i.SKUID, i.Quantity})
		if i.campaignID != 0 {
			wanted.sales[i.SKUID] = i.campaignID
		}
	}
	f, err := s.factsTx(ctx, tx, []asked{wanted}, s.deps.Now())
	if err != nil {
		return false, err
	}
	quote, err := f.quote(wanted)
	if isFault(err) { // the bundle has ended, or its price for this buyer has changed
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var stock []inventory.Reservation
	for n, i := range o.Items {
		l := quote.Lines[n]
		if l.Problem != "" && l.Problem != ErrQuantity.Slug || l.Offer.Amount != i.UnitAmount ||
			f.owners.Own(entitlement.Viewing{
				UserID: o.UserID,
				SPUID:  i.SPUID,
			}, i.Quality) {
			return false, nil // the buyer may have bought it again after the close: nobody pays twice for one video
		}
		if i.reservation != nil {
			stock = append(stock, inventory.Reservation{
				Token:     uuid.New(),
				OrderNo:   o.OrderNo,
				Stock:     i.stockKey(),
				UserID:    o.UserID,
				Qty:       i.Quantity,
				ExpiresAt: s.deps.Now().Add(s.deps.PayWindow),
			})
		}
	}
	count, err := s.deps.Inventory.CountTx(ctx, tx, stock, true)
	if err != nil {
		return false, err
	}
	use, same, err := s.reuseTx(ctx, tx, *o, &quote)
	if err != nil {
		return false, err
	}
	for n, i := range o.Items {
		same = same && quote.Lines[n].Discount.Amount == i.Discount.Amount
	}
	if !same || count.Take(stock) != nil { // Take takes all of the stock or nothing
		return false, nil
	}
	var later db.Later
	if err := s.deps.Inventory.ReserveTx(ctx, tx, &later, count, stock); err != nil {
		return false, err
	}
	if use != nil {
		if err := s.deps.Promotions.HoldAgainTx(ctx, &later, *use); err != nil {
			return false, err
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
				return false, fmt.Errorf("note the new reservation of item %d of %s: %w", i.LineNo, o.OrderNo, err)
			}
		}
	}
	return true, later.Send(ctx, tx)
}

// reuseTx takes the coupon of a closed order again and lowers the quote by its discount; same is false if the coupon
// can't be used any more. It locks the coupon; the caller has locked the stock before.
func (s *Orders) reuseTx(ctx context.Context, tx pgx.Tx, o Order,
	quote *Quote) (use *promotion.Use, same bool, err error) {
	if o.couponID == 0 {
		return nil, true, nil
	}
	ask := promotion.CouponAsk{Code: o.CouponCode, UserID: o.UserID}
	count, err := s.deps.Promotions.CountCouponsTx(ctx, tx, []promotion.CouponAsk{ask}, s.deps.Now(), true)
	if err != nil {
		return nil, false, err
	}
	taken, err := count.Take(ask, o.OrderNo, quote.priced())
	if err != nil {
		return nil, false, nil
	}
	return &taken, true, quote.lower(taken)
}

// surplusTx records a sum that pays for nothing and starts its refund.
func (s *Orders) surplusTx(ctx context.Context, tx pgx.Tx, o Order, m Money, outcome string) (string, error) {
	c, fresh, err := s.captureTx(ctx, tx, m, &o, payment.Surplus)
	if err != nil || !fresh {
		return OutcomeDuplicate, err
	}
	_, err = s.refunds.startRefundTx(ctx, tx, o, newRefund{
		capture: c,
		amount:  c.Amount,
		cause:   outcome,
		key:     outcome + ":" + m.Provider + "/" + m.ChannelTxnNo,
		actor:   "system",
	})
	return outcome, err
}

// suspendTx records, in suspense, a sum that belongs to no order or differs from the order's total, and opens a case
// for an operator.
func (s *Orders) suspendTx(ctx context.Context, tx pgx.Tx, m Money, orderNo, outcome string,
	detail map[string]any) (string, error) {
	_, fresh, err := s.captureTx(ctx, tx, m, &Order{OrderNo: orderNo}, payment.Suspense)
	if err != nil {
		return "", err
	}
	if !fresh {
		return OutcomeDuplicate, nil
	}
	if detail == nil {
		detail = map[string]any{"received": m.Amount}
	}
	detail["attemptNo"] = m.AttemptNo
	return outcome, s.openCaseTx(ctx, tx, outcome, orderNo, m.Provider+"/"+m.ChannelTxnNo, detail)
}

// captureTx records a captured sum and books it: as a sale if it pays for the order, otherwise as unapplied or
// suspended money.
func (s *Orders) captureTx(ctx context.Context, tx pgx.Tx, m Money, o *Order,
	state payment.CaptureState) (c payment.Capture, fresh bool, err error) {
	c, fresh, err = s.deps.Payments.CaptureTx(ctx, tx, payment.Capture{
		Provider:     m.Provider,
		ChannelTxnNo: m.ChannelTxnNo,
		AttemptNo:    m.AttemptNo,
		Reference:    o.OrderNo,
		Amount:       m.Amount,
		State:        state,
		CapturedAt:   m.At,
	})
	if err != nil || !fresh {
		return c, false, err
	}
	reference := m.Provider + "/" + m.ChannelTxnNo
	switch state {
	case payment.Consumed:
		err = s.deps.Ledger.SaleTx(ctx, tx, saleOf(o, m.Provider, m.ChannelTxnNo))
	case payment.Surplus:
		err = s.deps.Ledger.CaptureTx(ctx, tx, reference, m.Provider, ledger.Unapplied, m.Amount)
	default:
		err = s.deps.Ledger.CaptureTx(ctx, tx, reference, m.Provider, ledger.Suspense, m.Amount)
	}
	return c, true, err
}

// saleOf describes, for the ledger, an order that a provider's transaction paid.
func saleOf(o *Order, provider, txnNo string) ledger.Sale {
	return ledger.Sale{
		Reference: provider + "/" + txnNo,
		Channel:   provider,
		Amount:    o.Total,
		Parts:     parts(o),
	}
}

// parts describes, for the ledger, who sold which item of an order for how much.
func parts(o *Order) []ledger.Part {
	list := make([]ledger.Part, len(o.Items))
	for n, i := range o.Items {
		list[n] = ledger.Part{
			Source:    source(o.OrderNo, i.LineNo),
			CreatorID: i.CreatorID,
			Subject:   i.SPUID,
			TitleZh:   i.TitleZh,
			TitleEn:   i.TitleEn,
			Quantity:  i.Quantity,
			Amount:    i.Net(),
		}
	}
	return list
}
