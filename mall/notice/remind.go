package notice

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
)

// remindRows bounds one transaction of Remind.
const remindRows = 100

// Remind writes the reminders that are due, for a periodic task: of orders that will close unpaid, and of rentals that
// end soon. It returns how many it found.
func (n *Notices) Remind(ctx context.Context) (found int, err error) {
	for _, due := range []func(context.Context, pgx.Tx) ([]note, error){n.waitingTx, n.endingTx} {
		for {
			var notes []note
			err := db.InTx(ctx, n.deps.Pool, func(tx pgx.Tx) (err error) {
				if notes, err = due(ctx, tx); err != nil {
					return err
				}
				for _, o := range notes {
					if err := n.writeTx(ctx, tx, o); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return found, fmt.Errorf("remind: %w", err)
			}
			if found += len(notes); len(notes) < remindRows {
				break
			}
		}
	}
	return found, nil
}

func (n *Notices) waitingTx(ctx context.Context, tx pgx.Tx) (notes []note, err error) {
	orders, err := n.deps.Orders.RemindTx(ctx, tx, remindRows)
	for _, o := range orders {
		notes = append(notes, note{
			kind:   OrderWaiting,
			cause:  "order_waiting/" + o.OrderNo,
			userID: o.UserID,
			about:  About{OrderNo: o.OrderNo},
			until:  o.PayBefore,
		})
	}
	return notes, err
}

func (n *Notices) endingTx(ctx context.Context, tx pgx.Tx) (notes []note, err error) {
	rentals, err := n.deps.Entitlements.EndingTx(ctx, tx, remindRows)
	for _, e := range rentals {
		notes = append(notes, note{
			kind:   RentalEnding,
			cause:  fmt.Sprintf("rental_ending/%d", e.ID),
			userID: e.UserID,
			about:  About{OrderNo: e.Reference, EntitlementID: e.ID},
			until:  *e.ExpiresAt,
		})
	}
	return notes, err
}
