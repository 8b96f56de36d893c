package notice

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/mall/ledger"
	"videomall/mall/order"
	"videomall/mall/outbox"
	"videomall/mall/review"
)

// writers say which mail follows from an event; none may follow.
var writers = map[string]func(outbox.Event) (note, bool, error){
	"order.paid":      receiptOf,
	"order.delivered": accessOf,
	"order.refunded":  refundOf,
	// of a sum that belonged to no order, such as a second payment
	"order.surplus_refunded": refundOf,

	"review." + review.DecisionApproved:      decisionOf(ListingApproved),
	"review." + review.DecisionReturned:      decisionOf(ListingReturned),
	"review." + review.DecisionTakenDown:     decisionOf(ListingTakenDown),
	"review." + review.DecisionRestored:      decisionOf(ListingRestored),
	"review." + review.DecisionAppealGranted: decisionOf(AppealGranted),
	"review." + review.DecisionAppealRefused: decisionOf(AppealRefused),

	"payout.approved":            payoutOf(PayoutApproved),
	"payout.refused":             payoutOf(PayoutRefused),
	"payout.paid":                payoutOf(PayoutPaid),
	"payout.failed":              payoutOf(PayoutFailed),
	"payout.destination_changed": destinationOf,
}

// Events are the types of the events that HandleTx takes.
func Events() []string { return slices.Sorted(maps.Keys(writers)) }

// HandleTx writes the mail that follows from an event, as a subscriber of the outbox. It writes none about what happened
// longer than UsefulFor ago.
func (n *Notices) HandleTx(ctx context.Context, tx pgx.Tx, e outbox.Event) error {
	if n == nil {
		return nil
	}
	until := e.CreatedAt.Add(UsefulFor)
	if !until.After(n.deps.Now()) {
		return nil
	}
	o, due, err := writers[e.Type](e)
	if err != nil || !due {
		return err
	}
	o.until = until
	return n.writeTx(ctx, tx, o)
}

// receiptOf tells of a payment. An order that cost nothing has no receipt.
func receiptOf(e outbox.Event) (note, bool, error) {
	o, err := outbox.Payload[order.Event](e)
	return note{
		kind:   Receipt,
		cause:  "receipt/" + o.OrderNo,
		userID: o.UserID,
		about:  About{OrderNo: o.OrderNo},
	}, !o.Total.IsZero() && o.PaidAt != nil, err
}

// accessOf tells of access that followed the payment late.
func accessOf(e outbox.Event) (note, bool, error) {
	o, err := outbox.Payload[order.Event](e)
	return note{
		kind:   AccessGranted,
		cause:  "access/" + o.OrderNo,
		userID: o.UserID,
		about:  About{OrderNo: o.OrderNo},
	}, o.PaidAt != nil && e.CreatedAt.Sub(*o.PaidAt) >= LateAfter, err
}

// refundOf tells of money that went back: not of free videos that were given up, and not of refunds by versions that did
// not say what went back.
func refundOf(e outbox.Event) (note, bool, error) {
	o, err := outbox.Payload[order.Event](e)
	if err != nil || o.Refund == nil || o.Refund.Amount.IsZero() {
		return note{}, false, err
	}
	return note{
		kind:   Refund,
		cause:  "refund/" + o.Refund.RefundNo,
		userID: o.UserID,
		about:  About{OrderNo: o.OrderNo, RefundNo: o.Refund.RefundNo},
	}, true, nil
}

func decisionOf(kind string) func(outbox.Event) (note, bool, error) {
	return func(e outbox.Event) (note, bool, error) {
		d, err := outbox.Payload[review.Decision](e)
		o := note{kind: kind, userID: d.CreatorID, about: About{SPUID: d.SPUID}}
		switch kind {
		case ListingApproved, ListingReturned:
			o.cause, o.about.CaseID = fmt.Sprintf("review/%d/%d", d.ID, d.Version), d.ID
		case ListingTakenDown:
			o.cause, o.about.TakedownID = fmt.Sprintf("takedown/%d", d.ID), d.ID
		case ListingRestored:
			o.cause, o.about.TakedownID = fmt.Sprintf("restored/%d", d.ID), d.ID
		default:
			o.cause, o.about.AppealID = fmt.Sprintf("appeal/%d", d.ID), d.ID
		}
		return o, true, err
	}
}

func payoutOf(kind string) func(outbox.Event) (note, bool, error) {
	return func(e outbox.Event) (note, bool, error) {
		p, err := outbox.Payload[ledger.PayoutEvent](e)
		return note{
			kind:   kind,
			cause:  fmt.Sprintf("payout/%d/%s", p.PayoutID, p.State),
			userID: p.CreatorID,
			about:  About{PayoutID: p.PayoutID},
		}, true, err
	}
}

func destinationOf(e outbox.Event) (note, bool, error) {
	d, err := outbox.Payload[ledger.DestinationEvent](e)
	return note{
		kind:   PayoutDestination,
		cause:  fmt.Sprintf("payout_destination/%d/%d", d.CreatorID, e.ID),
		userID: d.CreatorID,
	}, true, err
}
