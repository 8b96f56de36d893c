package order

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/batch"
	"videomall/mall/fault"
	"videomall/mall/inventory"
	"videomall/mall/order/internal/dbsqlc"
	"videomall/mall/promotion"
)

// The writer's bounds. With one order in each transaction on a hot row there are as many orders a second as the disk
// flushes; a set of orders costs one flush. In a crowd one set keeps the disk busy while the other is prepared; fewer
// orders than a crowd are placed sooner in one set than in two.
const (
	writers   = 2
	crowd     = 128
	mostInSet = 512
	// Place returns ErrBusy if more are waiting, so that nobody waits for more than half a second of work.
	mostWaiting  = 4096
	writeTimeout = 20 * time.Second // of one set with all its retries
)

// Waiting returns how many requests wait for a place in a set: a measure of how saturated this process is.
func (s *Orders) Waiting() int { return s.writer.Waiting() }

// write commits a set of attempts and returns the result of each.
func (s *Orders) write(ctx context.Context, set []*placeAttempt) []batch.Result[placeResult] {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	s.deps.Metrics.OrderSet(len(set))
	// Most keys are new, so the first round does not look for the orders that keys made before; later rounds do.
	looking := false
	for left := set; len(left) > 0; looking = true {
		var now []*placeAttempt
		now, left = splitDuplicates(left)
		s.writeSet(ctx, now, looking)
		for _, w := range now {
			if w.again {
				left = append(left, w)
			}
		}
	}
	s.conclude(ctx, set)
	results := make([]batch.Result[placeResult], len(set))
	for i, w := range set {
		results[i] = batch.Result[placeResult]{Value: w.answer, Err: w.err}
	}
	return results
}

// conclude tells Redis what became of a set. It leaves out attempts whose result is unknown because a connection broke:
// the recount looks for their rows once no statement of theirs can be running any more.
func (s *Orders) conclude(ctx context.Context, set []*placeAttempt) {
	var placed []*placeAttempt
	var written, refused []inventory.Want
	var moved []inventory.StockKey
	for _, w := range set {
		switch {
		case w.err == nil && !w.answer.replayed:
			placed = append(placed, w)
			written = append(written, w.wants()...)
		case w.err == nil, isFault(w.err), db.IsRefused(w.err):
			refused = append(refused, w.took...)
			if len(w.took) > 0 && errors.Is(w.err, inventory.ErrSoldOut) { // the gate's count was too high
				for _, t := range w.took {
					moved = append(moved, t.Stock)
				}
			}
		}
	}
	s.keys.keep(ctx, placed)
	s.deps.Inventory.Gate.Conclude(ctx, written, refused)
	s.deps.Inventory.Gate.Moved(ctx, moved...)
}

// isFault reports whether the mall itself has refused an attempt, so that nothing of it was written.
func isFault(err error) bool {
	_, ok := errors.AsType[*fault.Fault](err)
	return ok
}

// splitDuplicates splits off the first attempt of each key; the others wait for its result.
func splitDuplicates(set []*placeAttempt) (first, duplicates []*placeAttempt) {
	seen := make(map[attemptKey]bool, len(set))
	for _, w := range set {
		if seen[w.key()] {
			duplicates = append(duplicates, w)
			continue
		}
		seen[w.key()] = true
		first = append(first, w)
	}
	return first, duplicates
}

// writeSet commits attempts together. If PostgreSQL refuses a statement, writeSet halves the set until it has found the
// attempt at fault, so that this one fails and the others don't.
func (s *Orders) writeSet(ctx context.Context, set []*placeAttempt, looking bool) {
	err := s.commitSet(ctx, set, looking)
	if err == nil {
		return
	}
	if half := len(set) / 2; half > 0 && db.IsRefused(err) {
		s.writeSet(ctx, set[:half], looking)
		s.writeSet(ctx, set[half:], looking)
		return
	}
	// The buyer has another open order of this bundle.
	if db.IsUnique(err, "video_order_bundle_open") {
		err = ErrBundleOpen.Because("%w", err)
	}
	for _, w := range set {
		w.answer = placeResult{}
		w.err = err
		w.again = false
	}
}

// commitSet runs the transaction of a set, at most three times. It runs it again if another process took stock, or used
// or edited a coupon, that was counted on, and then locks the stock and after it the coupons first, so that the last
// unit and the last use are sold. It also runs it again if the connection broke: nobody knows then whether it was
// committed, but orders that were are found by their keys.
func (s *Orders) commitSet(ctx context.Context, set []*placeAttempt, looking bool) (err error) {
	lock := false
	for range 3 {
		err = db.InTxRetrying(ctx, s.deps.Pool, 3, func(tx pgx.Tx) error {
			return s.placeTx(ctx, tx, set, looking, lock)
		})
		if err == nil || ctx.Err() != nil || db.IsRefused(err) {
			return err
		}
		lock = errors.Is(err, inventory.ErrMoved) || errors.Is(err, promotion.ErrCouponStale)
	}
	return err
}

// placeTx places the attempts of a set, one for each key. A refused attempt gets its error and leaves no row. If
// looking is set, it first finds the orders that keys made before; otherwise it finds them only if an attempt is
// refused or its key is taken.
func (s *Orders) placeTx(ctx context.Context, tx pgx.Tx, set []*placeAttempt, looking, lock bool) error {
	for _, w := range set {
		w.answer = placeResult{}
		w.err = nil
		w.again = false
	}
	fresh := set
	if looking {
		var err error
		if fresh, err = s.replay(ctx, tx, set); err != nil || len(fresh) == 0 {
			return err
		}
	}
	now := s.deps.Now()
	served, count, err := s.judgeTx(ctx, tx, fresh, now, lock)
	if err != nil {
		return err
	}
	if refused := rejects(fresh); !looking && len(refused) > 0 {
		if _, err := s.replay(ctx, tx, refused); err != nil {
			return err
		}
	}
	written, err := s.insertOrdersTx(ctx, tx, served, now)
	if err != nil {
		return err
	}
	if len(written) < len(served) { // the stock counted off for orders that exist already is free for others
		for _, w := range rejects(fresh) {
			w.again = errors.Is(w.err, inventory.ErrSoldOut) || errors.Is(w.err, inventory.ErrBuyerLimit) ||
				errors.Is(w.err, promotion.ErrCouponUsedUp) || errors.Is(w.err, promotion.ErrCouponUserLimit)
		}
	}
	return s.insertRestTx(ctx, tx, written, count, now)
}

// judgeTx prices fresh attempts and takes their stock and their coupons off a count, in the order of their arrival. It
// returns those that can be written; the others have their err set. Coupons are always locked after stock.
func (s *Orders) judgeTx(ctx context.Context, tx pgx.Tx, fresh []*placeAttempt, now time.Time,
	lock bool,
) (served []*placeAttempt, count *inventory.Count, err error) {
	until := now.Add(s.deps.PayWindow)
	all := make([]asked, len(fresh))
	for i, w := range fresh {
		all[i] = w.asks()
	}
	f, err := s.factsTx(ctx, tx, all, now)
	if err != nil {
		return nil, nil, err
	}
	var priced []*placeAttempt
	var wanted []inventory.Reservation
	var asks []promotion.CouponAsk
	for _, w := range fresh {
		if w.err = w.judge(f, until); w.err != nil {
			continue
		}
		priced, wanted = append(priced, w), append(wanted, w.stock...)
		if w.CouponCode != "" {
			asks = append(asks, w.couponAsk())
		}
	}
	if count, err = s.deps.Inventory.CountTx(ctx, tx, wanted, lock); err != nil {
		return nil, nil, err
	}
	coupons, err := s.deps.Promotions.ReadCouponsTx(ctx, tx, asks, now, lock) // no query without coupons
	if err != nil {
		return nil, nil, err
	}
	for _, w := range priced {
		if w.err = w.take(count, coupons); w.err == nil {
			served = append(served, w)
		}
	}
	return served, count, nil
}

// rejects returns the attempts that were refused.
func rejects(set []*placeAttempt) (refused []*placeAttempt) {
	for _, w := range set {
		if w.err != nil {
			refused = append(refused, w)
		}
	}
	return refused
}

// replay sets the results of the attempts whose keys made an order before, and returns the others.
func (s *Orders) replay(ctx context.Context, q dbsqlc.DBTX, set []*placeAttempt) (fresh []*placeAttempt, err error) {
	var arg dbsqlc.OrdersByKeysParams
	for _, w := range set {
		arg.UserIds, arg.IdempotencyKeys = append(arg.UserIds, w.UserID), append(arg.IdempotencyKeys, w.IdempotencyKey)
	}
	rows, err := s.q.OrdersByKeys(ctx, q, arg)
	if err != nil {
		return nil, fmt.Errorf("orders by keys: %w", err)
	}
	if len(rows) == 0 {
		return set, nil
	}
	orders, at := make([]Order, len(rows)), make(map[attemptKey]int, len(rows))
	for i, r := range rows {
		orders[i], at[attemptKey{r.UserID, r.IdempotencyKey}] = orderOf(r), i
	}
	if err := s.loadItems(ctx, q, orders); err != nil {
		return nil, err
	}
	for _, w := range set {
		i, known := at[w.key()]
		switch {
		case !known:
			fresh = append(fresh, w)
		case !bytes.Equal(rows[i].RequestHash, w.hash):
			w.err = ErrKeyReused
		default:
			w.answer, w.err = placeResult{orders[i], orders[i].OrderNo != w.orderNo}, nil
		}
	}
	return fresh, nil
}

// replaySet finds the orders that the keys of attempts made before, for attempts that the gate has refused. The result
// of an attempt without such an order is the zero placeResult.
func (s *Orders) replaySet(ctx context.Context, set []*placeAttempt) []batch.Result[placeResult] {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	_, err := s.replay(ctx, s.deps.Pool, set)
	results := make([]batch.Result[placeResult], len(set))
	for i, w := range set {
		if results[i].Err = err; err == nil {
			results[i] = batch.Result[placeResult]{Value: w.answer, Err: w.err}
		}
	}
	return results
}
