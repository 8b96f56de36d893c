package order

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"videomall/mall/payment"
)

func (s *Orders) askedSteps(ctx context.Context, t *Timeline) error {
	list, err := s.refunds.Asked(ctx, t.Order.OrderNo)
	if err != nil {
		return err
	}
	var steps []Step
	for _, a := range list {
		asked := Step{
			At:     a.CreatedAt,
			Kind:   StepAsked,
			State:  a.Status,
			Number: strconv.FormatInt(a.ID, 10),
			Cause:  a.Outside,
			Reason: a.Reason,
			Actor:  shopper(t.Order.UserID),
		}
		for _, i := range a.Items {
			asked.Facts = append(asked.Facts,
				fact("watched", lineOf(t.Order, i.ItemID)+": "+strconv.Itoa(i.Watched)+"%"))
		}
		if a.DecidedAt != nil {
			asked.State = "" // the answer tells it
		}
		steps = append(steps, asked)
		if a.DecidedAt == nil {
			continue
		}
		answer := Step{
			At:     *a.DecidedAt,
			Kind:   StepAnswered,
			State:  a.Status,
			Number: strconv.FormatInt(a.ID, 10),
			Reason: a.Answer,
			Actor:  a.DecidedBy,
			Facts:  []Fact{fact("refundNo", a.RefundNo)},
		}
		if a.ByRule {
			answer.Cause = "by_rule"
		}
		steps = append(steps, answer)
	}
	t.add(StepAsked, steps)
	return nil
}

func (s *Orders) refundSteps(ctx context.Context, t *Timeline) error {
	list, err := s.refunds.OfOrder(ctx, t.Order.OrderNo)
	if err != nil {
		return err
	}
	sent, err := s.deps.Payments.Refunds(ctx, t.Order.OrderNo)
	if err != nil {
		return err
	}
	atProvider := map[string]payment.Refund{}
	for _, r := range sent {
		atProvider[r.RefundNo] = r
	}
	var steps []Step
	for _, r := range list {
		steps = append(steps, refundSteps(t.Order, r, atProvider[r.RefundNo])...)
	}
	t.add(StepRefund, steps)
	return nil
}

// refundSteps are how a refund began, how it ended, and what became of it after that. The steps between, such as tries
// at the provider, are counted and not kept one by one.
func refundSteps(o Order, r Refund, sent payment.Refund) []Step {
	first := Step{
		At:       r.CreatedAt,
		Kind:     StepRefund,
		State:    sent.Status,
		Number:   r.RefundNo,
		Provider: sent.Provider,
		Amount:   r.Amount,
		Cause:    r.Cause,
		Reason:   r.Reason,
		Actor:    r.Actor,
		Count:    int64(sent.Attempts),
		Facts: []Fact{
			fact("channelTxnNo", sent.ChannelTxnNo),
			fact("channelRefundNo", sent.ChannelRefundNo),
			number("tries", int64(sent.Attempts)),
			fact("lastError", sent.LastError),
		},
	}
	for _, i := range r.Items {
		first.Facts = append(first.Facts, sum(lineOf(o, i.ItemID), i.Amount))
	}
	if r.SettledAt == nil {
		return []Step{first}
	}
	first.State = "" // the next step tells it
	steps := []Step{first}
	ended := Step{
		At:       *r.SettledAt,
		Kind:     StepRefundEnded,
		State:    r.Status,
		Number:   r.RefundNo,
		Provider: sent.Provider,
		Amount:   r.Amount,
		Actor:    "provider:" + sent.Provider,
		Cause:    r.Cause,
	}
	if sent.Provider == "" { // nothing was to be paid back
		ended.Actor = "system"
	}
	if r.Status == payment.Failed {
		ended.Reason = sent.LastError
	}
	if r.Status != payment.Returned && r.Status != payment.Transferred {
		return append(steps, ended)
	}
	ended.State = payment.Succeeded // it had, before it came back
	return append(steps, ended, Step{
		At:       sent.UpdatedAt,
		Kind:     StepRefundMoved,
		State:    r.Status,
		Number:   r.RefundNo,
		Provider: sent.Provider,
		Amount:   r.Amount,
		Reason:   sent.LastError,
		Facts:    []Fact{fact("transfer", sent.Transfer)},
	})
}

func (s *Orders) disputeSteps(ctx context.Context, t *Timeline) error {
	list, err := s.deps.Payments.Disputes(ctx, t.Order.OrderNo)
	if err != nil {
		return err
	}
	var steps []Step
	for _, d := range list {
		steps = append(steps, disputeSteps(d)...)
	}
	t.add(StepDispute, steps)
	return nil
}

func disputeSteps(d payment.DisputeRecord) []Step {
	at := func(when *time.Time, kind StepKind, state string) []Step {
		if when == nil {
			return nil
		}
		return []Step{{
			At:       *when,
			Kind:     kind,
			State:    state,
			Number:   d.DisputeNo,
			Provider: d.Provider,
			Amount:   d.Amount,
			Reason:   d.Reason,
			Actor:    "provider:" + d.Provider,
			Facts:    []Fact{fact("refundNo", d.RefundNo)},
		}}
	}
	opened := at(&d.OpenedAt, StepDispute, payment.DisputeIsOpen)
	opened[0].Until = d.EvidenceDue
	return slices.Concat(opened, at(d.WithdrawnAt, StepWithdrawn, ""), at(d.ReinstatedAt, StepReinstated, ""),
		at(d.ClosedAt, StepDisputeEnded, d.Status))
}

func (s *Orders) caseSteps(ctx context.Context, t *Timeline) error {
	cases, err := s.CasesOf(ctx, t.Order.OrderNo)
	if err != nil {
		return err
	}
	var steps []Step
	for _, c := range cases {
		steps = append(steps, Step{
			At:     c.CreatedAt,
			Kind:   StepCase,
			State:  c.Kind,
			Number: strconv.FormatInt(c.ID, 10),
			Detail: c.Detail,
			Facts:  []Fact{fact("reference", c.Reference)},
		})
		if c.ClosedAt != nil {
			steps = append(steps, Step{
				At:     *c.ClosedAt,
				Kind:   StepCaseClosed,
				State:  c.Kind,
				Number: strconv.FormatInt(c.ID, 10),
				Reason: noteOf(c.Detail),
				Actor:  c.ClosedBy,
			})
		}
	}
	t.add(StepCase, steps)
	return nil
}

// lineOf names an item by its line in the order.
func lineOf(o Order, itemID int64) string {
	if i, ok := o.Item(itemID); ok {
		return "line " + strconv.Itoa(i.LineNo)
	}
	return ""
}

// noteOf is what an operator wrote when a case was closed.
func noteOf(detail json.RawMessage) string {
	var d struct {
		Note string `json:"note"`
	}
	_ = json.Unmarshal(detail, &d) // a detail of another form has no note
	return d.Note
}
