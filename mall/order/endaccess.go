package order

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"videomall/db"
	"videomall/mall/order/internal/dbsqlc"
)

// endedInATurn is the number of orders whose access one job ends; the next orders get a job of their own.
const endedInATurn = 50

// EndAccessArgs ends the access that was bought to a listing that was taken down for good.
type EndAccessArgs struct {
	SPUID      int64 `json:"spuId"`
	TakedownID int64 `json:"takedownId"`
	After      int64 `json:"after"` // an order's id: later ones only
}

// Kind names the job in the database.
func (EndAccessArgs) Kind() string { return "order_end_access" }

// InsertOpts keeps thousands of refunds from delaying grants.
func (EndAccessArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue:       QueueProvider,
		Priority:    3,
		MaxAttempts: 25,
	}
}

// EndAccessTx enqueues the job within the caller's transaction.
func (s *Refunds) EndAccessTx(ctx context.Context, tx pgx.Tx, spuID, takedownID int64) error {
	if _, err := s.deps.River.InsertTx(ctx, tx, EndAccessArgs{SPUID: spuID, TakedownID: takedownID}, nil); err != nil {
		return fmt.Errorf("enqueue the end of access to spu %d: %w", spuID, err)
	}
	return nil
}

// errUndone ends a job whose takedown was undone.
var errUndone = errors.New("the takedown was undone")

// EndAccess refunds what was paid for a listing, order by order, and ends the access that was bought, as long as the
// takedown stands. Access never ends without a refund; a rental that is over was used, and is not refunded. The key of
// a refund is made of the takedown and the order, so that the job may run twice, even at the same time. If an order
// fails, the others are refunded all the same; EndAccess then returns the error, so that the job is tried again.
func (s *Refunds) EndAccess(ctx context.Context, a EndAccessArgs) error {
	rows, err := s.q.ItemsOfListing(ctx, s.deps.Pool, dbsqlc.ItemsOfListingParams{
		SpuID:     a.SPUID,
		AfterID:   a.After,
		MaxOrders: endedInATurn,
	})
	if err != nil {
		return fmt.Errorf("items of spu %d: %w", a.SPUID, err)
	}
	sources := make([]string, len(rows))
	for n, r := range rows {
		sources[n] = source(r.OrderNo, int(r.LineNo))
	}
	over, err := s.deps.Entitlements.Over(ctx, sources)
	if err != nil {
		return err
	}
	var orderNos []string
	items, last := map[string][]int64{}, a.After
	for n, r := range rows {
		if r.OrderID != last {
			orderNos, last = append(orderNos, r.OrderNo), r.OrderID
		}
		if !over[sources[n]] {
			items[r.OrderNo] = append(items[r.OrderNo], r.ItemID)
		}
	}
	var failed error
	for _, no := range orderNos {
		if len(items[no]) == 0 {
			continue
		}
		err := s.endAccess(ctx, a, no, items[no])
		if errors.Is(err, errUndone) {
			return nil // the orders that are left keep their access
		}
		// Somebody has refunded it already, or the refund is under way.
		if err != nil && !errors.Is(err, ErrNothingLeft) && !errors.Is(err, ErrNotRefundable) {
			failed = errors.Join(failed, fmt.Errorf("end access to spu %d by order %s: %w", a.SPUID, no, err))
		}
	}
	if len(orderNos) == endedInATurn {
		a.After = last
		if _, err := s.deps.River.Insert(ctx, a, &river.InsertOpts{UniqueOpts: nextTurn}); err != nil {
			return errors.Join(failed,
				fmt.Errorf("enqueue the end of access to spu %d after order %d: %w", a.SPUID, last, err))
		}
	}
	return failed
}

// nextTurn keeps a job that is tried again from enqueueing the next job a second time while that one has not ended.
var nextTurn = river.UniqueOpts{
	ByArgs: true,
	ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending,
		rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
	},
}

// endAccess refunds items of one order. Errors: errUndone if the takedown was undone.
func (s *Refunds) endAccess(ctx context.Context, a EndAccessArgs, orderNo string, items []int64) error {
	return db.InTxRetrying(ctx, s.deps.Pool, 3, func(tx pgx.Tx) error {
		o, err := s.lockTx(ctx, tx, orderNo)
		if err != nil {
			return err
		}
		ended, err := s.endedTx(ctx, tx, []int64{a.SPUID})
		if err != nil {
			return err
		}
		if ended[a.SPUID] != a.TakedownID {
			return errUndone
		}
		by := "takedown:" + strconv.FormatInt(a.TakedownID, 10)
		_, err = s.refundTx(ctx, tx, o, RefundRequest{
			OrderNo: orderNo,
			ItemIDs: items,
			Reason:  "The video was taken off the mall.",
			Actor:   by,
			Key:     by + ":" + orderNo,
		}, byOperator)
		return err
	})
}

func (s *Refunds) endedTx(ctx context.Context, tx pgx.Tx, spuIDs []int64) (map[int64]int64, error) {
	if s.deps.Ended == nil {
		return nil, nil
	}
	return s.deps.Ended(ctx, tx, spuIDs)
}
