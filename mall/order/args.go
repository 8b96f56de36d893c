package order

import (
	"time"

	"github.com/riverqueue/river"
)

// The jobs that an order enqueues in its own transactions. Their workers decode and call one verb.

// CloseArgs closes an order that was not paid in time.
type CloseArgs struct {
	OrderNo string `json:"orderNo"`
}

// Kind names the job in the database.
func (CloseArgs) Kind() string { return "order_close" }

// DeliverArgs grants a paid order's items.
type DeliverArgs struct {
	OrderNo string `json:"orderNo"`
}

// Kind names the job in the database.
func (DeliverArgs) Kind() string { return "order_deliver" }

// RefundArgs asks the provider for one refund.
type RefundArgs struct {
	RefundNo string `json:"refundNo"`
}

// Kind names the job in the database.
func (RefundArgs) Kind() string { return "order_refund" }

// CloseSiblingsArgs closes the other attempts of an order that was paid through one of them.
type CloseSiblingsArgs struct {
	OrderNo string `json:"orderNo"`
}

// Kind names the job in the database.
func (CloseSiblingsArgs) Kind() string { return "order_close_siblings" }

// CloseOthersArgs closes the attempts of an order at all providers but the one to which its shopper has turned.
type CloseOthersArgs struct {
	OrderNo  string `json:"orderNo"`
	Provider string `json:"provider"`
}

// Kind names the job in the database.
func (CloseOthersArgs) Kind() string { return "order_close_others" }

// CollectArgs takes the money of an order whose buyer has agreed to pay at a provider.
type CollectArgs struct {
	OrderNo string `json:"orderNo"`
}

// Kind names the job in the database.
func (CollectArgs) Kind() string { return "order_collect" }

// CloseOwnedArgs closes an unpaid order whose buyer has received all of its items through other orders.
type CloseOwnedArgs struct {
	OrderNo string `json:"orderNo"`
}

// Kind names the job in the database.
func (CloseOwnedArgs) Kind() string { return "order_close_owned" }

// Queues keep a slow provider from delaying a grant.
const (
	QueueDeliver  = "deliver"
	QueueProvider = "provider"
)

// InsertOpts puts grants before everything else.
func (DeliverArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue:       QueueDeliver,
		Priority:    1,
		MaxAttempts: 20,
	}
}

// InsertOpts allows a provider to be unreachable for about two days before the job is given up.
func (RefundArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueProvider, MaxAttempts: 30}
}

// InsertOpts gives up early: a sibling that can't be closed is refunded if it is paid after all.
func (CloseSiblingsArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueProvider, MaxAttempts: 6}
}

// InsertOpts gives up early: an attempt that can't be closed is refunded if it is paid after all.
func (CloseOthersArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueProvider, MaxAttempts: 6}
}

// InsertOpts gives up early: when the order's time to pay is over, the job that closes it takes the money.
func (CollectArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueProvider, MaxAttempts: 6}
}

// InsertOpts gives up early: the order can't be paid, and closes when its time to pay is over.
func (CloseOwnedArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueProvider, MaxAttempts: 6}
}

// InsertOpts keeps trying for a day; after that the sweeper of overdue orders goes on.
func (CloseArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueProvider, MaxAttempts: 25}
}

func closeAt(at time.Time) *river.InsertOpts { return &river.InsertOpts{ScheduledAt: at} }
