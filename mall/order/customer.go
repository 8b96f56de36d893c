package order

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/money"
	"videomall/mall/order/internal/dbsqlc"
)

// Customer is somebody who bought from a creator, in one currency.
type Customer struct {
	UserID          int64
	Orders          int
	Spent, Refunded money.Money
	FirstAt, LastAt time.Time // of payment
}

// CountCustomersTx brings the customers of an order's creators up to date, in the transaction that takes the order's
// event. It counts from the orders, so that taking an event twice changes nothing.
func (s *Orders) CountCustomersTx(ctx context.Context, tx pgx.Tx, e Event) error {
	var creators []int64
	for _, i := range e.Items {
		if !slices.Contains(creators, i.CreatorID) {
			creators = append(creators, i.CreatorID)
		}
	}
	if err := s.q.RecountCustomers(ctx, tx, dbsqlc.RecountCustomersParams{
		UserID:     e.UserID,
		CreatorIds: creators,
	}); err != nil {
		return fmt.Errorf("count customer %d of %v: %w", e.UserID, creators, err)
	}
	return nil
}

// Customers reads who bought from a creator, by their last purchase, the newest first: at most most of those before
// last, or from the newest where that is nil.
func (s *Orders) Customers(ctx context.Context, creatorID int64, last *Customer, most int) ([]Customer, error) {
	arg := dbsqlc.CustomersOfParams{
		CreatorID: creatorID,
		Before:    s.deps.Now().AddDate(100, 0, 0),
		Most:      int32(most),
	}
	if last != nil {
		arg.Before, arg.BeforeID = last.LastAt, last.UserID
	}
	rows, err := s.q.CustomersOf(ctx, s.deps.Pool, arg)
	if err != nil {
		return nil, fmt.Errorf("customers of %d: %w", creatorID, err)
	}
	list := make([]Customer, len(rows))
	for n, r := range rows {
		list[n] = customerOf(r)
	}
	return list, nil
}

// Customer reads what one buyer is to a creator, a value a currency; nobody who bought nothing has one.
func (s *Orders) Customer(ctx context.Context, creatorID, userID int64) ([]Customer, error) {
	rows, err := s.q.CustomerTotals(ctx, s.deps.Pool, dbsqlc.CustomerTotalsParams{CreatorID: creatorID, UserID: userID})
	if err != nil {
		return nil, fmt.Errorf("customer %d of %d: %w", userID, creatorID, err)
	}
	list := make([]Customer, len(rows))
	for n, r := range rows {
		list[n] = customerOf(dbsqlc.CustomersOfRow(r))
	}
	return list, nil
}

func customerOf(r dbsqlc.CustomersOfRow) Customer {
	return Customer{
		UserID:   r.UserID,
		Orders:   int(r.Orders),
		Spent:    money.Of(r.Spent, r.Currency),
		Refunded: money.Of(r.Refunded, r.Currency),
		FirstAt:  r.FirstAt,
		LastAt:   r.LastAt,
	}
}
