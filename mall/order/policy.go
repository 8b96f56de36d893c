package order

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/money"
)

// Policy says until when a buyer can have an item back: within a time since the payment, if no more than Watched
// percent of it has been watched. ByRule says that such a request is approved at once; otherwise, as for all other
// requests, the staff decides. Without a time nothing is promised.
type Policy struct {
	Within  time.Duration
	Watched int
	ByRule  bool
}

// Promised reports whether the policy promises anything.
func (p Policy) Promised() bool { return p.Within > 0 }

// String is the policy as a form carries it, "168h0m0s 10% true".
func (p Policy) String() string { return fmt.Sprintf("%s %d%% %t", p.Within, p.Watched, p.ByRule) }

// Policy is what new orders are placed under.
func (s *Orders) Policy() Policy { return s.deps.Policy }

// Why a request is not within the policy.
const (
	OutsideNone    = "no_policy" // nothing was promised when the order was placed
	OutsideLate    = "late"
	OutsideWatched = "watched"
	OutsideStaff   = "staff" // within the policy, but the staff decides on every request
)

// judge says why an item is outside of the policy; empty if it is within.
func (p Policy) judge(paidAt time.Time, watched int, now time.Time) string {
	switch {
	case !p.Promised():
		return OutsideNone
	case !now.Before(paidAt.Add(p.Within)):
		return OutsideLate
	case watched > p.Watched:
		return OutsideWatched
	}
	return ""
}

// Refundable is an item that its buyer can ask to have back.
type Refundable struct {
	Item    Item
	Left    money.Money // what would go back
	Watched int         // percent
	Until   time.Time   // the end of the time that was promised; zero if none was
	Outside string      // why it is not within the policy; empty if it is
}

// Refundable lists what a buyer can ask to have back of an order: items of which money is left, and which are in no
// request that waits.
func (s *Refunds) Refundable(ctx context.Context, o Order) ([]Refundable, error) {
	if o.Status != Paid && o.Status != Delivered || o.PaidAt == nil {
		return nil, nil
	}
	refunds, err := s.OfOrder(ctx, o.OrderNo)
	if err != nil {
		return nil, err
	}
	requests, err := s.Asked(ctx, o.OrderNo)
	if err != nil {
		return nil, err
	}
	watched, err := s.watched(ctx, o)
	if err != nil {
		return nil, err
	}
	taken, waits := map[int64]int64{}, map[int64]bool{}
	for _, r := range refunds {
		for _, share := range r.Items {
			if r.Status == "pending" {
				taken[share.ItemID] += share.Amount.Amount
			}
		}
	}
	for _, r := range requests {
		for _, i := range r.Items {
			waits[i.ItemID] = waits[i.ItemID] || r.Status == AskRequested
		}
	}
	var list []Refundable
	for _, i := range o.Items {
		left := i.Net().Amount - i.Refunded.Amount - taken[i.ID]
		if left <= 0 || waits[i.ID] {
			continue
		}
		r := Refundable{
			Item:    i,
			Left:    money.Of(left, i.Amount.Currency),
			Watched: watched[i.SPUID],
			Outside: o.Policy.judge(*o.PaidAt, watched[i.SPUID], s.deps.Now()),
		}
		if o.Policy.Promised() {
			r.Until = o.PaidAt.Add(o.Policy.Within)
		}
		list = append(list, r)
	}
	return list, nil
}

// watched returns how much the buyer has watched of the videos of an order, in percent.
func (s *store) watched(ctx context.Context, o Order) (map[int64]int, error) {
	if s.deps.Watched == nil {
		return nil, nil
	}
	watched, err := s.deps.Watched(ctx, o.UserID, videos(o))
	if err != nil {
		return nil, fmt.Errorf("how much of order %s was watched: %w", o.OrderNo, err)
	}
	return watched, nil
}
