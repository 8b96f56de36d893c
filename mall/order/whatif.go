package order

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/ledger"
	"videomall/mall/payment"
)

// ErrWhatIfBusy says that what a notice would do could not be found out, since the order is being changed.
var ErrWhatIfBusy = fault.New(fault.Unavailable, "what_if_busy",
	"The order is being changed at this moment. Try again soon.")

// A payment must never wait for an operator's question: it takes the same locks, waits for none for long, and lets go
// of them within a moment.
var whatIfLimits = db.Limits{Lock: 300 * time.Millisecond, Statement: 2 * time.Second}

// whatIfPatience bounds the whole of it.
const whatIfPatience = 3 * time.Second

// WhatIf is what would happen if a recorded notice came again. Nothing of it did. Of what is written it leaves out the
// record of the notice itself.
type WhatIf struct {
	Outcome string // empty if AsksProvider
	// AsksProvider says that the mall would ask the provider for the payment first, and then apply the notice. What
	// follows from the answer can't be told without asking.
	AsksProvider bool
	From, To     Status // of the order; both empty for a notice of no order
	Booked       []ledger.Posting
	Jobs         []string // the kinds of the jobs that would be enqueued
	Events       []string // the types of the events that would be written
	Written      []db.Written
}

// Nothing reports whether nothing would change.
func (w WhatIf) Nothing() bool { return !w.AsksProvider && len(w.Written) == 0 }

// WhatIf finds out what would happen if a recorded notice of an order came again, or came for the first time: it
// applies the notice as ApplyNotice does, in a transaction that is always rolled back. It changes nothing, and asks no
// provider. Errors: those of payment.Notice; ErrWhatIfBusy; any other is what the notice itself would meet, upon which
// its provider would send it again.
func (s *Orders) WhatIf(ctx context.Context, orderNo string, noticeID int64, first bool) (WhatIf, error) {
	_, n, err := s.deps.Payments.Notice(ctx, orderNo, noticeID)
	if err != nil {
		return WhatIf{}, err
	}
	return s.whatIf(ctx, orderNo, n, first)
}

func (s *Orders) whatIf(ctx context.Context, orderNo string, n payment.Notice, first bool) (w WhatIf, err error) {
	ctx, cancel := context.WithTimeout(ctx, whatIfPatience)
	defer cancel()
	err = db.InTxUndone(ctx, s.deps.Pool, whatIfLimits, func(tx pgx.Tx) error {
		if first {
			if err := s.deps.Payments.ForgetNoticeTx(ctx, tx, n); err != nil {
				return err
			}
		}
		w, err = s.whatIfTx(ctx, tx, orderNo, n)
		return err
	})
	if db.IsTimeout(err) || errors.Is(err, context.DeadlineExceeded) {
		return WhatIf{}, errors.Join(ErrWhatIfBusy.Because("what if notice %s came", n.EventID), err)
	}
	if err != nil {
		return WhatIf{}, fmt.Errorf("what if notice %s of %s came: %w", n.EventID, n.Provider, err)
	}
	return w, nil
}

// whatIfTx applies a notice in the caller's transaction, and tells what that has changed.
func (s *Orders) whatIfTx(ctx context.Context, tx pgx.Tx, orderNo string, n payment.Notice) (w WhatIf, err error) {
	if w.From, err = s.statusTx(ctx, tx, orderNo); err != nil {
		return WhatIf{}, err
	}
	last, err := s.deps.Ledger.LastTx(ctx, tx)
	if err != nil {
		return WhatIf{}, err
	}
	before, err := db.WrittenTx(ctx, tx, nil)
	if err != nil {
		return WhatIf{}, err
	}
	w.Outcome, err = s.recordNoticeTx(ctx, tx, n, false)
	if _, early := errors.AsType[paymentFirst](err); early {
		return WhatIf{AsksProvider: true, From: w.From, To: w.From}, nil
	}
	if err != nil {
		return WhatIf{}, err
	}
	if w.Written, err = db.WrittenTx(ctx, tx, before); err != nil {
		return WhatIf{}, err
	}
	w.Written = withoutNotice(w.Written)
	if w.To, err = s.statusTx(ctx, tx, orderNo); err != nil {
		return WhatIf{}, err
	}
	if w.Booked, err = s.deps.Ledger.WrittenTx(ctx, tx, last); err != nil {
		return WhatIf{}, err
	}
	if w.Events, err = s.deps.Outbox.WrittenTx(ctx, tx); err != nil {
		return WhatIf{}, err
	}
	w.Jobs, err = s.jobsTx(ctx, tx, w.Written)
	return w, err
}

func (s *Orders) statusTx(ctx context.Context, tx pgx.Tx, orderNo string) (Status, error) {
	row, err := s.q.OrderByNo(ctx, tx, orderNo)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("order %s: %w", orderNo, err)
	}
	return Status(row.Status), nil
}

// The tables of notices and of jobs, as the counts of what was written name them.
const (
	noticeTable = "payment_notice"
	jobTable    = "river_job"
)

func withoutNotice(list []db.Written) []db.Written {
	var out []db.Written
	for _, w := range list {
		if w.Table != noticeTable {
			out = append(out, w)
		}
	}
	return out
}

// jobsTx lists the kinds of the jobs that the transaction has enqueued.
func (s *Orders) jobsTx(ctx context.Context, tx pgx.Tx, written []db.Written) ([]string, error) {
	var count int64
	for _, w := range written {
		if w.Table == jobTable {
			count = w.Inserted
		}
	}
	if count == 0 {
		return nil, nil
	}
	found, err := s.deps.River.JobListTx(ctx, tx, river.NewJobListParams().
		Where("xmin = pg_current_xact_id()::xid").
		OrderBy(river.JobListOrderByID, river.SortOrderDesc).
		First(int(count)))
	if err != nil {
		return nil, fmt.Errorf("jobs of this transaction: %w", err)
	}
	kinds := make([]string, len(found.Jobs))
	for n, j := range found.Jobs {
		kinds[len(kinds)-1-n] = j.Kind
	}
	return kinds, nil
}
