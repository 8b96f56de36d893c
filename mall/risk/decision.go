package risk

import (
	"context"
	"strconv"
	"time"
)

// RuleLists is the rule of a Decision that an entry of the lists made.
const RuleLists = "lists"

// Decision is what a rule decided about a request that goes on: something other than to treat it like any other. It
// names no address and no device, but orders keep the reason, which may name anybody.
type Decision struct {
	Rule    string // a code
	Outcome string // a code, such as "allow"
	Reason  string // as the operator who set the rule wrote it
	Facts   map[string]string
	At      time.Time
}

// Explain returns the decision of the lists about a subject, or nil if no entry applies.
func (l *Lists) Explain(ctx context.Context, s Subject) *Decision {
	l.refresh(ctx)
	known, now := l.known.Load(), l.now()
	if known == nil {
		return nil
	}
	e, kind := known.entryOf(s, now)
	if e.effect == "" {
		return nil
	}
	d := &Decision{
		Rule:    RuleLists,
		Outcome: string(e.effect),
		Reason:  e.reason,
		Facts:   map[string]string{"entry": strconv.FormatInt(e.id, 10), "kind": string(kind)},
		At:      now,
	}
	if e.expires != nil {
		d.Facts["expires"] = e.expires.UTC().Format(time.RFC3339)
	}
	return d
}

type decisionsKey struct{}

// WithDecision returns the context of a request about which a rule has decided something.
func WithDecision(ctx context.Context, d Decision) context.Context {
	return context.WithValue(ctx, decisionsKey{}, append(Decisions(ctx), d))
}

// Decisions returns what rules have decided about the request of a context, the first decision first.
func Decisions(ctx context.Context) []Decision {
	list, _ := ctx.Value(decisionsKey{}).([]Decision)
	return list[:len(list):len(list)] // so that an append copies it
}
