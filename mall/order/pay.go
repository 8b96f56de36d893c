package order

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/ledger"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/payment"
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

// PrepayRequest asks to pay the user's own order at a provider, which sends the shopper back to ReturnURL afterwards.
// The provider's way to pay is the first that fits Device, which is a desktop's browser if it is empty.
type PrepayRequest struct {
	UserID    int64
	OrderNo   string
	Provider  string
	ReturnURL string
	Device    payment.Device
	Language  locale.Lang // of the provider's page; English if it is empty
	PayerID   string      // the payer at the provider, where it must be known before the payment
	PayerIP   string
}

// Prepay starts or resumes the payment of an order. It refuses an order with an item that the user owns by now, or has
// paid for in another order, and a provider that can't take the sum. If the shopper has begun to pay at another
// provider, that attempt is closed first, so that the order is not paid twice; a provider that gives no answer in time
// does not keep the shopper from paying, and is asked again by a job. Errors: ErrNotFound, ErrNotPayable, ErrAlreadyOwned, and those of payment.Prepay.
func (s *Orders) Prepay(ctx context.Context, r PrepayRequest) (payment.Attempt, error) {
	o, err := s.Get(ctx, r.UserID, r.OrderNo)
	if err != nil {
		return payment.Attempt{}, err
	}
	if o.Status != PendingPay || !s.deps.Now().Before(o.PayBefore) {
		return payment.Attempt{}, ErrNotPayable.Because("order %s is %s, to be paid before %s", o.OrderNo, o.Status,
			o.PayBefore)
	}
	if s.deps.Payments.Hidden(r.Provider) {
		return payment.Attempt{}, payment.ErrUnknownProvider.Because("%s is not offered", r.Provider)
	}
	if err := s.mayPay(ctx, o); err != nil {
		return payment.Attempt{}, err
	}
	request := payment.PrepayRequest{
		Reference: o.OrderNo,
		Provider:  r.Provider,
		Device:    cmp.Or(r.Device, payment.DeviceDesktop),
		Subject:   subject(o, r.Language),
		ReturnURL: r.ReturnURL,
		Language:  string(cmp.Or(r.Language, locale.En)),
		PayerID:   r.PayerID,
		PayerIP:   r.PayerIP,
		Amount:    o.Total,
		ExpiresAt: o.PayBefore,
	}
	if err := s.deps.Payments.CheckPrepay(request); err != nil {
		return payment.Attempt{}, err
	}
	if err := s.leaveOthers(ctx, o.OrderNo, r.Provider); err != nil {
		return payment.Attempt{}, err
	}
	decided := map[string][]Decision{o.OrderNo: s.decided(ctx)}
	if err := s.insertDecisions(ctx, s.deps.Pool, occasionPay, decided); err != nil {
		return payment.Attempt{}, err
	}
	return s.deps.Payments.Prepay(ctx, request)
}

// switchPatience is how long a shopper who pays elsewhere waits for the provider of the attempt before.
const switchPatience = 3 * time.Second

// leaveOthers closes the open attempts of an order at other providers. Errors: payment.ErrAlreadyPaid, if the order has
// been paid at one of them, which is applied; payment.ErrProcessing, if one of them is processing a payment.
func (s *Orders) leaveOthers(ctx context.Context, orderNo, provider string) error {
	bounded, cancel := context.WithTimeout(ctx, switchPatience)
	defer cancel()
	err := s.deps.Payments.CloseOthers(bounded, orderNo, provider)
	switch {
	case err == nil, ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, payment.ErrAlreadyPaid):
		if _, asked := s.inquire(ctx, orderNo); asked != nil {
			return asked
		}
		return err
	case errors.Is(err, payment.ErrProcessing):
		return err
	}
	if _, err := s.deps.River.Insert(ctx, CloseOthersArgs{orderNo, provider}, nil); err != nil {
		return fmt.Errorf("enqueue the close of the other attempts of %s: %w", orderNo, err)
	}
	return nil
}

// CloseOthers closes the open attempts of an unpaid order at all providers but one, to which the shopper has turned. An
// attempt that was paid meanwhile is applied.
func (s *Orders) CloseOthers(ctx context.Context, orderNo, provider string) error {
	err := s.deps.Payments.CloseOthers(ctx, orderNo, provider)
	if err == nil || !errors.Is(err, payment.ErrAlreadyPaid) {
		return err
	}
	_, err = s.inquire(ctx, orderNo)
	return err
}

// subject names the purchase on the provider's page.
func subject(o Order, language locale.Lang) string {
	if language == locale.ZhCN {
		first := o.Items[0].Title.In(locale.ZhCN)
		if len(o.Items) == 1 {
			return first
		}
		return fmt.Sprintf("%s 等 %d 件", first, len(o.Items))
	}
	first := o.Items[0].Title.In(locale.En)
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
	if payment.IsTest(attempt.Reference) {
		return s.testPaidTx(ctx, tx, attempt.Reference, m)
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
	rule, known := onPayment[o.Status]
	if !known {
		return "", fmt.Errorf("order %s is %s, for which no payment is foreseen", o.OrderNo, o.Status)
	}
	if rule.revive {
		revived, err := s.reviveTx(ctx, tx, &o)
		if err != nil {
			return "", err
		}
		if !revived {
			return s.surplusTx(ctx, tx, o, m, rule.otherwise)
		}
	}
	if rule.pays == "" {
		return s.surplusTx(ctx, tx, o, m, rule.otherwise)
	}
	if _, fresh, err := s.captureTx(ctx, tx, m, &o, payment.Consumed); err != nil || !fresh {
		return OutcomeDuplicate, err
	}
	return rule.pays, s.payTx(ctx, tx, &o, rule.cause, "provider:"+m.Provider)
}

// paymentRule says what becomes of a sum that equals an order's total.
type paymentRule struct {
	revive    bool   // the stock must be had again first, at the same price
	pays      string // the outcome if the sum pays for the order; empty if it never does
	cause     string // of the order's move to PAID
	otherwise string // the outcome if it doesn't: the sum is surplus, and refunded automatically
}

// onPayment is the table of what becomes of a payment by the state of its order. TestOrders_every_outcome has a cell for
// each state and each event that providers report.
var onPayment = map[Status]paymentRule{
	PendingPay: {pays: OutcomePaid, cause: "notice"},
	Closed:     {revive: true, pays: OutcomeRevived, cause: "paid_after_close", otherwise: OutcomePaidAfterClose},
	Paid:       {otherwise: OutcomePaidTwice},
	Delivered:  {otherwise: OutcomePaidTwice},
	Refunded:   {otherwise: OutcomePaidTwice},
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
	detail map[string]any,
) (string, error) {
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
	state payment.CaptureState,
) (c payment.Capture, fresh bool, err error) {
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
			Title:     i.Title,
			Quantity:  i.Quantity,
			Amount:    i.Untaxed(),
			Tax:       i.Tax.Amount,
			Country:   o.Tax.Country,
		}
	}
	return list
}
