package order

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/entitlement"
	"videomall/mall/fault"
	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/payment"
)

// ErrNotImportable says that a past order can't be imported. Its cause says which order and why.
var ErrNotImportable = fault.New(fault.Invalid, "order_not_importable", "This order can't be imported.")

// Past is an order of the past, made here or elsewhere: it was paid at PaidAt and delivered, or closed unpaid if PaidAt
// is zero. Its items cost what they cost now, less the coupon's discount. The caller chooses the numbers, which have 26
// letters and digits.
type Past struct {
	OrderNo    string
	UserID     int64
	SKUIDs     []int64 // SKUs of unlimited stock, one unit of each
	CouponCode string
	Currency   string // in which it was paid: its prices are converted at the rates of now; empty for theirs
	Provider   string
	AttemptNo  string
	TxnNo      string // the provider's
	PlacedAt   time.Time
	PaidAt     time.Time
	StartedAt  time.Time // the first play of rentals; zero if there was none
	Refund     *PastRefund
}

// PastRefund is a past refund of a whole order.
type PastRefund struct {
	RefundNo string
	Reason   string
	Actor    string // "operator:2"
	At       time.Time
	// Error is why the provider refused the refund: no money moved, the buyer keeps the access, and a case is open. It
	// is empty for a refund that succeeded.
	Error string
}

// Imported sums up imported orders: the units sold of each video, less those that were refunded, the payments and the
// items.
type Imported struct {
	Sold     map[int64]int // units by SPU
	Payments []payment.Past
	Items    []ImportedItem
}

// ImportedItem is one paid line of an imported order.
type ImportedItem struct {
	OrderNo   string
	UserID    int64
	SPUID     int64
	CreatorID int64
	PaidAt    time.Time
	Refunded  bool
}

// ImportTx writes past orders in the caller's transaction, with all that belongs to them: items, moves, payments,
// access, refunds, coupon uses, the books with what has cleared since, and the customers of creators. It writes no
// event, enqueues no job and calls no provider, so the caller has to update the sums that it derives from events.
// Errors: ErrNotImportable for a SKU that is not for sale or has limited stock, and for a coupon that can't be used.
func (s *Orders) ImportTx(ctx context.Context, tx pgx.Tx, past []Past) (Imported, error) {
	im := importer{
		Orders: s,
		tx:     tx,
		past:   past,
		done:   Imported{Sold: map[int64]int{}},
	}
	for _, step := range []func(context.Context) error{
		im.price, im.writeOrders, im.writeItems, im.writeMoves, im.pay,
		im.grant, im.refund, im.book,
		im.countCustomers,
	} {
		if err := step(ctx); err != nil {
			return Imported{}, fmt.Errorf("import %d orders: %w", len(past), err)
		}
	}
	return im.done, nil
}

type importer struct {
	*Orders
	tx     pgx.Tx
	past   []Past
	orders []Order // the orders in their final state, one for each of past
	done   Imported
}

// deliveredIn and settledIn are the assumed durations of steps whose times are not known.
const (
	deliveredIn = 3 * time.Second
	settledIn   = 2 * time.Minute
)

func (im *importer) grant(ctx context.Context) error {
	var grants []entitlement.Past
	for n, o := range im.orders {
		if o.PaidAt == nil {
			continue
		}
		for _, i := range o.Items {
			g := entitlement.Past{
				Grant: entitlement.Grant{
					UserID:    o.UserID,
					SPUID:     i.SPUID,
					SKUID:     i.SKUID,
					Reference: o.OrderNo,
					Source:    source(o.OrderNo, i.LineNo),
					Kind:      i.Kind,
					Quality:   i.Quality,
					RentHours: i.RentHours,
				},
				GrantedAt: *o.DeliveredAt,
			}
			if i.Kind == entitlement.KindRent {
				g.StartedAt = im.past[n].StartedAt
			}
			if i.RevokedAt != nil {
				g.RevokedAt, g.Cause = *i.RevokedAt, revokedCause
			} else {
				im.done.Sold[i.SPUID]++
			}
			grants = append(grants, g)
			im.done.Items = append(im.done.Items, ImportedItem{
				OrderNo:   o.OrderNo,
				UserID:    o.UserID,
				SPUID:     i.SPUID,
				CreatorID: i.CreatorID,
				PaidAt:    *o.PaidAt,
				Refunded:  i.RevokedAt != nil,
			})
		}
	}
	return im.deps.Entitlements.ImportTx(ctx, im.tx, grants)
}

func (im *importer) countCustomers(ctx context.Context) error {
	creators := map[int64][]int64{}
	for _, i := range im.done.Items {
		if !slices.Contains(creators[i.UserID], i.CreatorID) {
			creators[i.UserID] = append(creators[i.UserID], i.CreatorID)
		}
	}
	for userID, ids := range creators {
		slices.SortFunc(ids, cmp.Compare)
		if err := im.q.RecountCustomers(ctx, im.tx, dbsqlc.RecountCustomersParams{
			UserID:     userID,
			CreatorIds: ids,
		}); err != nil {
			return fmt.Errorf("count customer %d: %w", userID, err)
		}
	}
	return nil
}
