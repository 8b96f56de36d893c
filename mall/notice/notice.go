// Package notice owns which mails the business owes to whom: what happened that a buyer or a creator has to be told, and
// what they are reminded of before it happens. It writes each mail once, in the transaction of its cause. It refuses to
// know what mails say and how they leave: a mail names what it is about, and who composes it reads that then.
package notice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/account"
	"videomall/mall/entitlement"
	"videomall/mall/mail"
	"videomall/mall/order"
)

// The kinds of mails.
const (
	Receipt       = "receipt"        // to the buyer of an order that was paid
	Refund        = "refund"         // to the buyer, of money that went back
	AccessGranted = "access_granted" // to the buyer of an order that was delivered late
	OrderWaiting  = "order_waiting"  // to the buyer of an order that will close unpaid
	RentalEnding  = "rental_ending"  // to whoever holds it

	ListingApproved  = "listing_approved" // to a creator, as all below
	ListingReturned  = "listing_returned"
	ListingTakenDown = "listing_taken_down"
	ListingRestored  = "listing_restored"
	AppealGranted    = "appeal_granted"
	AppealRefused    = "appeal_refused"

	PayoutApproved    = "payout_approved"
	PayoutRefused     = "payout_refused"
	PayoutPaid        = "payout_paid"
	PayoutFailed      = "payout_failed"
	PayoutDestination = "payout_destination"
)

// About names what a mail is about, as its Data: the fields that its kind needs.
type About struct {
	OrderNo       string `json:"orderNo,omitempty"`
	RefundNo      string `json:"refundNo,omitempty"`
	EntitlementID int64  `json:"entitlementId,omitempty"`
	CaseID        int64  `json:"caseId,omitempty"`
	TakedownID    int64  `json:"takedownId,omitempty"`
	AppealID      int64  `json:"appealId,omitempty"`
	SPUID         int64  `json:"spuId,omitempty"`
	PayoutID      int64  `json:"payoutId,omitempty"`
}

const (
	// UsefulFor is how long after its cause a mail is worth sending. What happened earlier is not told any more.
	UsefulFor = 3 * 24 * time.Hour
	// LateAfter is how long after its payment an order counts as delivered late. Nobody is told of access that follows
	// the payment as it should: the page of the order has shown it.
	LateAfter = 5 * time.Minute
)

// Deps are the dependencies of Notices.
type Deps struct {
	Pool         *pgxpool.Pool
	Now          func() time.Time
	Accounts     *account.Accounts
	Mails        *mail.Mails
	Orders       *order.Orders
	Entitlements *entitlement.Entitlements
}

// Notices writes mails. It is safe for concurrent use. The nil Notices is that of a mall without mail: it writes none.
type Notices struct{ deps Deps }

// New returns Notices with the given dependencies.
func New(d Deps) *Notices { return &Notices{d} }

// note is a mail that is owed to a person.
type note struct {
	kind   string
	cause  string
	userID int64
	about  About
	until  time.Time
}

// writeTx writes a mail to the person's address of that moment, confirmed or not, in their language. Whoever has no
// account any more is told nothing.
func (n *Notices) writeTx(ctx context.Context, tx pgx.Tx, o note) error {
	to, err := n.deps.Accounts.AddresseeTx(ctx, tx, o.userID)
	if errors.Is(err, account.ErrNoUser) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("tell %d of %s: %w", o.userID, o.cause, err)
	}
	_, err = n.deps.Mails.WriteTx(ctx, tx, mail.Order{
		Kind:   o.kind,
		Cause:  o.cause,
		To:     to.Email,
		UserID: o.userID,
		Locale: to.Locale,
		Data:   o.about,
		Until:  o.until,
	})
	return err
}
