package invoice

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"videomall/db"
	"videomall/mall/invoice/internal/dbsqlc"
	"videomall/mall/order"
)

// Queue is the queue of the jobs that issue documents. They wait for each other's numbers, so a few workers are enough.
const Queue = "invoices"

// IssueArgs is the job that calls Issue.
type IssueArgs struct {
	OrderNo string `json:"orderNo"`
}

// Kind names the job in the database.
func (IssueArgs) Kind() string { return "issue_invoice" }

// InsertOpts puts it into its queue.
func (IssueArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: Queue} }

// EnqueueTx has the documents of an order issued after the transaction, which then does not wait for numbers.
func (s *Invoices) EnqueueTx(ctx context.Context, tx pgx.Tx, orderNo string) error {
	if _, err := s.deps.River.InsertTx(ctx, tx, IssueArgs{orderNo}, nil); err != nil {
		return fmt.Errorf("enqueue the documents of %s: %w", orderNo, err)
	}
	return nil
}

// A sweep looks at payments and refunds once they are settled for sweepGrace: longer than a transaction that has set
// its time may take to commit, and than a job usually takes.
const (
	sweepGrace = 10 * time.Minute
	sweepRows  = 500
)

// Sweep enqueues the orders that were paid or refunded since it looked last and still lack a document, 500 of each at
// most, and returns how many. How far it came is committed together with the jobs.
func (s *Invoices) Sweep(ctx context.Context) (int, error) {
	paid, err := s.sweep(ctx, "paid", s.deps.Orders.PaidAfter, s.q.OrdersWithInvoice)
	if err != nil {
		return paid, err
	}
	refunded, err := s.sweep(ctx, "refunded", s.deps.Orders.Refunds().SettledAfter, s.q.RefundsWithCredit)
	return paid + refunded, err
}

func (s *Invoices) sweep(ctx context.Context, what string,
	list func(context.Context, time.Time, string, time.Time, int) ([]order.Settled, error),
	have func(context.Context, dbsqlc.DBTX, []string) ([]string, error),
) (missing int, err error) {
	err = db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		mark, err := s.q.LockMark(ctx, tx, what)
		if err != nil {
			return fmt.Errorf("how far the sweep of %s came: %w", what, err)
		}
		found, err := list(ctx, mark.At, mark.Key, s.deps.Now().Add(-sweepGrace), sweepRows)
		if err != nil || len(found) == 0 {
			return err
		}
		keys := make([]string, len(found))
		for n, f := range found {
			keys[n] = f.Key
		}
		done, err := have(ctx, tx, keys)
		if err != nil {
			return fmt.Errorf("documents of %d %s: %w", len(keys), what, err)
		}
		var jobs []river.InsertManyParams
		for _, f := range found { // what moved no money has no document
			if f.Amount > 0 && !slices.Contains(done, f.Key) {
				jobs = append(jobs, river.InsertManyParams{Args: IssueArgs{f.OrderNo}})
			}
		}
		if missing = len(jobs); missing > 0 {
			if _, err := s.deps.River.InsertManyTx(ctx, tx, jobs); err != nil {
				return fmt.Errorf("enqueue %d documents: %w", missing, err)
			}
		}
		last := found[len(found)-1]
		if err := s.q.MoveMark(ctx, tx, dbsqlc.MoveMarkParams{
			What: what,
			At:   last.At,
			Key:  last.Key,
		}); err != nil {
			return fmt.Errorf("move the sweep of %s: %w", what, err)
		}
		return nil
	})
	return missing, err
}
