package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/order/internal/dbsqlc"
)

// ErrCaseNotFound says that there is no such open case.
var ErrCaseNotFound = fault.New(fault.NotFound, "case_not_found", "There is no such open case.")

// Get reads the user's own order. For another person's order it returns ErrNotFound, as for one that doesn't exist.
func (s *Orders) Get(ctx context.Context, userID int64, orderNo string) (Order, error) {
	o, err := s.GetAny(ctx, orderNo)
	if err != nil {
		return Order{}, err
	}
	if o.UserID != userID {
		return Order{}, ErrNotFound.Because("order %s is not of user %d", orderNo, userID)
	}
	return o, nil
}

// GetAny reads any order, for an operator. Errors: ErrNotFound.
func (s *Orders) GetAny(ctx context.Context, orderNo string) (Order, error) {
	return s.orderOf(ctx, orderNo)
}

func (s *store) orderOf(ctx context.Context, orderNo string) (Order, error) {
	row, err := s.q.OrderByNo(ctx, s.deps.Pool, orderNo)
	if errors.Is(err, pgx.ErrNoRows) {
		return Order{}, ErrNotFound.Because("order %q", orderNo)
	}
	if err != nil {
		return Order{}, fmt.Errorf("order %s: %w", orderNo, err)
	}
	orders := []Order{orderOf(row)}
	if err := s.loadItems(ctx, s.deps.Pool, orders); err != nil {
		return Order{}, err
	}
	return orders[0], nil
}

// List reads the user's own orders, newest first: at most limit orders older than the order with the id before (0 to
// begin with the newest).
func (s *Orders) List(ctx context.Context, userID, before int64, limit int) ([]Order, error) {
	rows, err := s.q.OrdersOf(ctx, s.deps.Pool, dbsqlc.OrdersOfParams{
		UserID:   userID,
		BeforeID: before,
		MaxRows:  int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("orders of user %d: %w", userID, err)
	}
	return s.withItems(ctx, rows)
}

// Filter chooses orders for an operator; zero values choose all.
type Filter struct {
	Status  Status
	OrderNo string
	UserID  int64
	Before  int64 // the id of an order: older orders only
	Limit   int
}

// Search reads the orders that a filter chooses, newest first.
func (s *Orders) Search(ctx context.Context, f Filter) ([]Order, error) {
	rows, err := s.q.SearchOrders(ctx, s.deps.Pool, dbsqlc.SearchOrdersParams{
		Status:   string(f.Status),
		OrderNo:  f.OrderNo,
		UserID:   f.UserID,
		BeforeID: f.Before,
		MaxRows:  int32(f.Limit),
	})
	if err != nil {
		return nil, fmt.Errorf("search orders: %w", err)
	}
	return s.withItems(ctx, rows)
}

// CountWaiting counts the orders that wait for payment or for delivery, by state. It does not count the other states,
// since that would read every order there ever was.
func (s *Orders) CountWaiting(ctx context.Context) (map[Status]int64, error) {
	rows, err := s.q.CountWaiting(ctx, s.deps.Pool)
	if err != nil {
		return nil, fmt.Errorf("count orders: %w", err)
	}
	counts := map[Status]int64{}
	for _, r := range rows {
		counts[Status(r.Status)] = r.Count
	}
	return counts, nil
}

// FailuresByDay counts, by UTC day, the orders that were not paid in time and the refunds that failed at the provider.
// since and until are midnights. A day without failures is absent.
func (s *Orders) FailuresByDay(ctx context.Context, since, until time.Time) (map[time.Time]int64, error) {
	rows, err := s.q.FailuresByDay(ctx, s.deps.Pool, dbsqlc.FailuresByDayParams{Since: since, Until: until})
	if err != nil {
		return nil, fmt.Errorf("failures from %s to %s: %w", since, until, err)
	}
	days := make(map[time.Time]int64, len(rows))
	for _, r := range rows {
		days[r.Day.UTC()] = r.Count
	}
	return days, nil
}

// OfVideo lists the orders of a video, the newest first: at most most orders, starting after the one with the number
// beforeNo, or with the newest if that is empty.
func (s *Orders) OfVideo(ctx context.Context, spuID int64, beforeNo string, most int) ([]Order, error) {
	rows, err := s.q.OrdersOfVideo(ctx, s.deps.Pool, dbsqlc.OrdersOfVideoParams{
		SpuID:    spuID,
		BeforeNo: beforeNo,
		MaxRows:  int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("orders of SPU %d: %w", spuID, err)
	}
	return s.withItems(ctx, rows)
}

// Transition is one recorded move of an order.
type Transition struct {
	From, To     Status
	Version      int
	Cause, Actor string
	At           time.Time
}

// History reads an order's moves, oldest first.
func (s *Orders) History(ctx context.Context, orderNo string) ([]Transition, error) {
	rows, err := s.q.Transitions(ctx, s.deps.Pool, orderNo)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", orderNo, err)
	}
	moves := make([]Transition, len(rows))
	for i, r := range rows {
		moves[i] = Transition{Status(r.FromStatus), Status(r.ToStatus), int(r.Version), r.Cause, r.Actor, r.At}
	}
	return moves, nil
}

// Case is a matter that only an operator can settle.
type Case struct {
	ID        int64
	Kind      string
	OrderNo   string
	Reference string
	Detail    json.RawMessage
	CreatedAt time.Time
	ClosedAt  *time.Time
	ClosedBy  string
}

// Cases reads the open cases, newest first.
func (s *Orders) Cases(ctx context.Context, limit int) ([]Case, error) {
	rows, err := s.q.OpenCases(ctx, s.deps.Pool, int32(limit))
	if err != nil {
		return nil, fmt.Errorf("open cases: %w", err)
	}
	return casesOf(rows), nil
}

// CasesOf reads all cases of one order, oldest first.
func (s *Orders) CasesOf(ctx context.Context, orderNo string) ([]Case, error) {
	rows, err := s.q.CasesOf(ctx, s.deps.Pool, orderNo)
	if err != nil {
		return nil, fmt.Errorf("cases of %s: %w", orderNo, err)
	}
	return casesOf(rows), nil
}

// CasesOfBuyer reads at most most cases of a person's orders, open and closed, the newest first.
func (s *Orders) CasesOfBuyer(ctx context.Context, userID int64, most int) ([]Case, error) {
	rows, err := s.q.CasesOfBuyer(ctx, s.deps.Pool, dbsqlc.CasesOfBuyerParams{UserID: userID, MaxRows: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("cases of user %d: %w", userID, err)
	}
	return casesOf(rows), nil
}

// Numbered reads orders by their numbers. Numbers of no order are absent from the result.
func (s *Orders) Numbered(ctx context.Context, orderNos []string) (map[string]Order, error) {
	rows, err := s.q.OrdersByNo(ctx, s.deps.Pool, orderNos)
	if err != nil {
		return nil, fmt.Errorf("%d orders by number: %w", len(orderNos), err)
	}
	orders, err := s.withItems(ctx, rows)
	found := make(map[string]Order, len(orders))
	for _, o := range orders {
		found[o.OrderNo] = o
	}
	return found, err
}

// CountOpenCases counts the cases that wait for an operator.
func (s *Orders) CountOpenCases(ctx context.Context) (int64, error) {
	return s.q.CountOpenCases(ctx, s.deps.Pool)
}

// CloseCase settles a case with a note. Errors: ErrCaseNotFound if it is not open.
func (s *Orders) CloseCase(ctx context.Context, id int64, by, note string) error {
	return db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		_, err := s.q.CloseCase(ctx, tx, dbsqlc.CloseCaseParams{
			ID:       id,
			At:       s.deps.Now(),
			ClosedBy: by,
			Note:     note,
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrCaseNotFound.Because("case %d", id)
		}
		if err != nil {
			return fmt.Errorf("close case %d: %w", id, err)
		}
		return s.auditTx(ctx, tx, by, "order.case_close", "order_case:"+strconv.FormatInt(id, 10),
			map[string]any{"note": note})
	})
}

func casesOf(rows []dbsqlc.OrderCase) []Case {
	cases := make([]Case, len(rows))
	for i, r := range rows {
		cases[i] = Case{
			ID:        r.ID,
			Kind:      r.Kind,
			OrderNo:   r.OrderNo,
			Reference: r.Reference,
			Detail:    r.Detail,
			CreatedAt: r.CreatedAt,
			ClosedAt:  r.ClosedAt,
		}
		if r.ClosedBy != nil {
			cases[i].ClosedBy = *r.ClosedBy
		}
	}
	return cases
}

func (s *store) withItems(ctx context.Context, rows []dbsqlc.VideoOrder) ([]Order, error) {
	orders := make([]Order, len(rows))
	for i, r := range rows {
		orders[i] = orderOf(r)
	}
	return orders, s.loadItems(ctx, s.deps.Pool, orders)
}

func (s *store) loadItems(ctx context.Context, q dbsqlc.DBTX, orders []Order) error {
	at, nos := map[string]int{}, make([]string, len(orders))
	for i, o := range orders {
		at[o.OrderNo], nos[i] = i, o.OrderNo
	}
	rows, err := s.q.ItemsOf(ctx, q, nos)
	if err != nil {
		return fmt.Errorf("items of %v: %w", nos, err)
	}
	for _, r := range rows {
		o := &orders[at[r.OrderNo]]
		o.Items = append(o.Items, itemOf(r, o.Total.Currency))
	}
	for i := range orders {
		orders[i].sumTax()
	}
	return nil
}
