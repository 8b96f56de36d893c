package order

import (
	"context"
	"strconv"
	"time"

	"videomall/mall/entitlement"
	"videomall/mall/inventory"
	"videomall/mall/outbox"
)

func (s *Orders) stockSteps(ctx context.Context, t *Timeline) error {
	list, err := s.deps.Inventory.OfOrder(ctx, t.Order.OrderNo, mostOfKind)
	if err != nil {
		return err
	}
	for _, h := range list {
		t.Steps = append(t.Steps, stockSteps(h)...)
	}
	return nil
}

func stockSteps(h inventory.Held) []Step {
	first := Step{
		At:    h.CreatedAt,
		Kind:  StepReserved,
		SKUID: h.SKUID,
		Count: int64(h.Qty),
		Cause: "placed",
		Until: &h.ExpiresAt,
		Facts: []Fact{number("flashSale", h.CampaignID)},
	}
	if h.SettledAt == nil {
		return []Step{first}
	}
	end := Step{
		At:    *h.SettledAt,
		Kind:  StepReleased,
		SKUID: h.SKUID,
		Count: int64(h.Qty),
	}
	if h.State == "sold" {
		end.Kind, end.Cause = StepSold, "notice"
	}
	return []Step{first, end}
}

func (s *Orders) accessSteps(ctx context.Context, t *Timeline) error {
	grants, err := s.deps.Entitlements.OfReference(ctx, t.Order.OrderNo)
	if err != nil {
		return err
	}
	for _, g := range grants {
		t.Steps = append(t.Steps, accessSteps(g)...)
	}
	return nil
}

func accessSteps(g entitlement.Entitlement) []Step {
	granted := Step{
		At:     g.GrantedAt,
		Kind:   StepGranted,
		Number: g.Source,
		SKUID:  g.SKUID,
		SPUID:  g.SPUID,
		Cause:  "granted",
		Until:  g.ExpiresAt,
		Facts:  []Fact{fact("access", g.Kind+" "+g.Quality)},
	}
	if g.FirstPlayedAt != nil {
		granted.Facts = append(granted.Facts, fact("firstPlayedAt", g.FirstPlayedAt.UTC().Format(time.RFC3339)))
	}
	if g.RevokedAt == nil {
		return []Step{granted}
	}
	return []Step{granted, {
		At:     *g.RevokedAt,
		Kind:   StepRevoked,
		Number: g.Source,
		SKUID:  g.SKUID,
		SPUID:  g.SPUID,
		Cause:  g.RevokedCause,
	}}
}

func (s *Orders) eventSteps(ctx context.Context, t *Timeline) error {
	told, err := s.deps.Outbox.OfAggregate(ctx, aggregate(t.Order.OrderNo), mostOfKind+1)
	if err != nil {
		return err
	}
	if len(told) > mostOfKind {
		told = told[1:]
		t.Left = append(t.Left, Left{Kind: StepEvent})
	}
	for _, e := range told {
		t.Steps = append(t.Steps, Step{
			At:       e.CreatedAt,
			Kind:     StepEvent,
			State:    delivery(e),
			Number:   strconv.FormatInt(e.ID, 10),
			Provider: e.Type,
			Facts: []Fact{
				number("pending", e.Pending),
				number("delivered", e.Delivered),
				number("dead", e.Dead),
			},
		})
	}
	return nil
}

// delivery says how far the delivery of an event is.
func delivery(e outbox.Told) string {
	switch {
	case e.Dead > 0:
		return "dead"
	case e.Pending > 0:
		return "pending"
	case e.Delivered > 0:
		return "delivered"
	}
	return "told"
}
