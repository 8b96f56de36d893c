package order

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"videomall/mall/order/internal/dbsqlc"
)

// Decision is what a rule about unwanted visitors decided about the request that placed an order or went to pay for it:
// something other than to treat it like any other.
type Decision struct {
	Rule    string // a code
	Outcome string // a code
	Reason  string // the words of the operator who set the rule
	Facts   map[string]string
	At      time.Time
}

// The occasions of a decision.
const (
	occasionPlace = "place"
	occasionPay   = "pay"
)

// decided returns what was decided about the request of a context.
func (s *store) decided(ctx context.Context) []Decision {
	if s.deps.Decided == nil {
		return nil
	}
	return s.deps.Decided(ctx)
}

// decisionsOf returns what was decided about the requests of a set, by order number.
func decisionsOf(set []*placeAttempt) map[string][]Decision {
	list := map[string][]Decision{}
	for _, w := range set {
		if len(w.decided) > 0 {
			list[w.orderNo] = w.decided
		}
	}
	return list
}

// insertDecisions keeps with orders what was decided about their requests, in one statement. It has none if nothing was
// decided.
func (s *store) insertDecisions(ctx context.Context, q dbsqlc.DBTX, occasion string,
	decided map[string][]Decision,
) error {
	arg := dbsqlc.InsertDecisionsParams{Occasion: occasion}
	for _, orderNo := range slices.Sorted(maps.Keys(decided)) {
		for _, d := range decided[orderNo] {
			facts, err := json.Marshal(d.Facts)
			if err != nil {
				return fmt.Errorf("facts of a decision: %w", err)
			}
			arg.OrderNos, arg.Rules = append(arg.OrderNos, orderNo), append(arg.Rules, d.Rule)
			arg.Outcomes, arg.Reasons = append(arg.Outcomes, d.Outcome), append(arg.Reasons, d.Reason)
			arg.Facts, arg.Moments = append(arg.Facts, string(facts)), append(arg.Moments, d.At)
		}
	}
	if len(arg.OrderNos) == 0 {
		return nil
	}
	if err := s.q.InsertDecisions(ctx, q, arg); err != nil {
		return fmt.Errorf("keep %d decisions: %w", len(arg.OrderNos), err)
	}
	return nil
}

func (s *Orders) decisionSteps(ctx context.Context, t *Timeline) error {
	rows, err := s.q.DecisionsOfOrder(ctx, s.deps.Pool, t.Order.OrderNo)
	if err != nil {
		return fmt.Errorf("decisions about order %s: %w", t.Order.OrderNo, err)
	}
	steps := make([]Step, len(rows))
	for n, r := range rows {
		steps[n] = Step{
			At:       r.At,
			Kind:     StepDecision,
			State:    r.Outcome,
			Previous: r.Occasion,
			Cause:    r.Rule,
			Reason:   r.Reason,
			Actor:    "system",
		}
		var facts map[string]string
		if err := json.Unmarshal(r.Facts, &facts); err != nil {
			return fmt.Errorf("facts of a decision about order %s: %w", t.Order.OrderNo, err)
		}
		steps[n].Provider = facts["kind"]
		delete(facts, "kind")
		for _, name := range slices.Sorted(maps.Keys(facts)) {
			steps[n].Facts = append(steps[n].Facts, fact(name, facts[name]))
		}
	}
	t.add(StepDecision, steps)
	return nil
}
