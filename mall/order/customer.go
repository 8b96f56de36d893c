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

// Customer sums up what a person bought from a creator in one currency.
type Customer struct {
	UserID          int64
	Orders          int
	Spent, Refunded money.Money
	FirstAt, LastAt time.Time // the times of the first and the last payment
}

// CountCustomersTx updates the customers of an order's creators in the transaction that handles the order's event. It
// counts the orders anew, so that handling an event twice changes nothing.
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

// Customers lists a creator's customers, those with the latest purchase first: at most most of them, starting after
// last, or with the newest if last is nil.
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

// Customer reads what one buyer bought from a creator, one value for each currency; none if they bought nothing.
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
