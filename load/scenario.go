package load

import "context"

// Scenario is what each of a crowd does.
type Scenario struct {
	Name   string
	Writes bool // leaves orders, payments or entitlements behind
	// What has to lie ready: a limited SKU, people with sessions, the sandbox's secret.
	NeedsStock, NeedsSessions, NeedsSign bool
	// people is how many accounts so many visits need.
	people func(visits int) int
	// open prepares what the crowd shares and returns what one visit does; that names how the visit ended.
	open func(context.Context, *Crowd) (func(context.Context, *Visit) string, error)
}

// Scenarios are all there are.
func Scenarios() []Scenario {
	nobody := func(int) int { return 0 }
	each := func(visits int) int { return visits }
	return []Scenario{
		{
			Name:   "browse",
			people: nobody,
			open:   browse,
		},
		{
			Name:   "buy",
			Writes: true,
			people: each,
			open:   buy,
		},
		{
			Name:       "flash",
			Writes:     true,
			NeedsStock: true,
			people:     each,
			open:       flash,
		},
		{
			Name:      "notices",
			Writes:    true,
			NeedsSign: true,
			people:    payments,
			open:      notices,
		},
		{
			Name:          "play",
			Writes:        true,
			NeedsSessions: true,
			people:        each,
			open:          play,
		},
	}
}

// Find returns a scenario; nil for one that there is not.
func Find(name string) *Scenario {
	for _, s := range Scenarios() {
		if s.Name == name {
			return &s
		}
	}
	return nil
}

// Scenario is what this crowd does.
func (c *Crowd) Scenario() Scenario { return *c.scenario }

// How visits end, where it is no slug of the mall's own.
const (
	left      = "left"
	placed    = "order placed"
	delivered = "delivered"
	inDoubt   = "in doubt"
	gaveUp    = "gave up waiting"
)
