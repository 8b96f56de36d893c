package order

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"videomall/mall/order/internal/dbsqlc"
)

// endedInATurn is how many orders one job ends the access of; the next ones are a job of their own.
const endedInATurn = 50

// EndAccessArgs ends what was bought of a listing that was taken down for good.
type EndAccessArgs struct {
	SPUID      int64 `json:"spuId"`
	TakedownID int64 `json:"takedownId"`
	After      int64 `json:"after"` // an order's id: later ones only
}

// Kind names the job in the database.
func (EndAccessArgs) Kind() string { return "order_end_access" }

// InsertOpts keeps refunds by the thousand out of the way of grants.
func (EndAccessArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueProvider, Priority: 3, MaxAttempts: 25}
}

// EndAccessTx enqueues the job within the caller's transaction.
func (s *Orders) EndAccessTx(ctx context.Context, tx pgx.Tx, spuID, takedownID int64) error {
	if _, err := s.River.InsertTx(ctx, tx, EndAccessArgs{SPUID: spuID, TakedownID: takedownID}, nil); err != nil {
		return fmt.Errorf("enqueue the end of access to spu %d: %w", spuID, err)
	}
	return nil
}

// EndAccess pays back what was paid for a listing, order by order, and ends what was bought with it. Ending access always refunds:
// the mall sells nothing for nothing. A rental that is over has been had, and gets nothing. Each order has one key for it, so that
// the job may run twice, or beside itself. An order that fails does not keep the others from theirs; its error comes back, and with
// it the job.
func (s *Orders) EndAccess(ctx context.Context, a EndAccessArgs) error {
	rows, err := s.q.ItemsOfListing(ctx, s.Pool, dbsqlc.ItemsOfListingParams{SpuID: a.SPUID, AfterID: a.After, MaxOrders: endedInATurn})
	if err != nil {
		return fmt.Errorf("who bought spu %d: %w", a.SPUID, err)
	}
	sources := make([]string, len(rows))
	for n, r := range rows {
		sources[n] = source(r.OrderNo, int(r.LineNo))
	}
	over, err := s.Entitlements.Over(ctx, sources)
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
		_, err := s.Refund(ctx, RefundRequest{OrderNo: no, ItemIDs: items[no], Reason: "The video was taken off the mall.",
			Actor: "takedown:" + strconv.FormatInt(a.TakedownID, 10), Key: fmt.Sprintf("takedown:%d:%s", a.SPUID, no)})
		// Somebody was quicker: it is back already, or on its way.
		if err != nil && !errors.Is(err, ErrNothingLeft) && !errors.Is(err, ErrNotRefundable) {
			failed = errors.Join(failed, fmt.Errorf("end access to spu %d by order %s: %w", a.SPUID, no, err))
		}
	}
	if failed == nil && len(orderNos) == endedInATurn {
		a.After = last
		if _, err := s.River.Insert(ctx, a, nil); err != nil {
			return fmt.Errorf("enqueue the end of access to spu %d after order %d: %w", a.SPUID, last, err)
		}
	}
	return failed
}
