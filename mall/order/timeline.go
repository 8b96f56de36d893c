package order

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
)

// mostOfKind bounds what a timeline has of each kind: a provider may send thousands of notices.
const mostOfKind = 100

// StepKind says what a Step is about.
type StepKind string

// The kinds of steps. Those of the last group are not the order's own: whoever knows them adds them.
const (
	StepPlaced       StepKind = "placed"
	StepItem         StepKind = "item"
	StepReserved     StepKind = "reserved" // units of the stock are held
	StepSold         StepKind = "sold"
	StepReleased     StepKind = "released"
	StepAttempt      StepKind = "attempt"
	StepAsk          StepKind = "ask" // the provider is asked about a silent attempt
	StepNotice       StepKind = "notice"
	StepCapture      StepKind = "capture"
	StepMove         StepKind = "move"
	StepGranted      StepKind = "granted"
	StepRevoked      StepKind = "revoked"
	StepAsked        StepKind = "asked" // the buyer asked for a refund
	StepAnswered     StepKind = "answered"
	StepRefund       StepKind = "refund"
	StepRefundEnded  StepKind = "refund_ended"  // succeeded or failed
	StepRefundMoved  StepKind = "refund_moved"  // came back after that, or was transferred
	StepDispute      StepKind = "dispute"       // opened
	StepWithdrawn    StepKind = "withdrawn"     // the provider took a disputed sum
	StepReinstated   StepKind = "reinstated"    // and gave it back
	StepDisputeEnded StepKind = "dispute_ended" // won or lost
	StepCase         StepKind = "case"
	StepCaseClosed   StepKind = "case_closed"
	StepEvent        StepKind = "event"
	StepDecision     StepKind = "decision" // of a rule about unwanted visitors, when its buyer placed it or went to pay

	StepPlayed    StepKind = "played"
	StepRisk      StepKind = "risk"
	StepRiskEnded StepKind = "risk_ended"
	StepStaff     StepKind = "staff" // an entry of the audit log
	StepJob       StepKind = "job"
)

// Step is one thing that happened to an order, with its reason. Codes are those of the module that it comes from; a
// field that says nothing about a kind is empty.
type Step struct {
	At       time.Time
	Kind     StepKind
	State    string      // what became of it: a status, an outcome, a kind of case, the type of an event
	Previous string      // the state before a move, the occasion of a decision
	Number   string      // of what it is about
	Provider string      // or the method, kind or subject that the number belongs to
	Amount   money.Money // without a currency if there is none
	Cause    string      // a code
	Reason   string      // somebody's words
	Actor    string      // such as "shopper:7", "provider:stripe" and "system"
	SKUID    int64       // of the item, 0 for the whole order
	SPUID    int64
	Count    int64      // units, replays, plays
	Until    *time.Time // how long it holds, or when it is due
	NoticeID int64
	Body     string          // of a notice, masked
	Facts    []Fact          // what else is stored of it
	Detail   json.RawMessage // of a case
}

// Fact is a stored value, or a stored sum, by its name. One that is empty says nothing.
type Fact struct {
	Name  string
	Value string
	Sum   money.Money
}

func fact(name, value string) Fact { return Fact{Name: name, Value: value} }

func sum(name string, m money.Money) Fact { return Fact{Name: name, Sum: m} }

// number is a fact that says nothing if it is 0.
func number(name string, n int64) Fact {
	if n == 0 {
		return fact(name, "")
	}
	return fact(name, strconv.FormatInt(n, 10))
}

// Left says that a timeline leaves out earlier steps of a kind. Count is their number, 0 if it is not known.
type Left struct {
	Kind  StepKind
	Count int64
}

// Timeline is what happened to an order, and what will, as far as its own modules know, in no order: see SortSteps.
type Timeline struct {
	Order Order
	Steps []Step
	Next  []Step
	Left  []Left
}

// SortSteps puts steps in the order of time. Steps of one moment keep their order, which is that of cause and effect as
// far as Timeline knows it.
func SortSteps(steps []Step) {
	slices.SortStableFunc(steps, func(a, b Step) int { return a.At.Compare(b.At) })
}

// Timeline reads what happened to an order: at most a hundred steps of each kind, the latest. It shows no secrets and
// names nobody: bodies of notices are masked. Errors: ErrNotFound.
func (s *Orders) Timeline(ctx context.Context, orderNo string) (t Timeline, err error) {
	if t.Order, err = s.GetAny(ctx, orderNo); err != nil {
		return Timeline{}, err
	}
	t.Steps = placedSteps(t.Order)
	for _, read := range []func(context.Context, *Timeline) error{
		s.decisionSteps, s.stockSteps, s.attemptSteps, s.noticeSteps, s.moveSteps, s.accessSteps, s.askedSteps, s.refundSteps,
		s.disputeSteps, s.caseSteps, s.eventSteps,
	} {
		if err := read(ctx, &t); err != nil {
			return Timeline{}, err
		}
	}
	return t, nil
}

// add adds the latest of some steps of a kind.
func (t *Timeline) add(kind StepKind, steps []Step) {
	if more := len(steps) - mostOfKind; more > 0 {
		SortSteps(steps)
		t.Left = append(t.Left, Left{kind, int64(more)})
		steps = steps[more:]
	}
	t.Steps = append(t.Steps, steps...)
}

func placedSteps(o Order) []Step {
	first := Step{
		At:     o.CreatedAt,
		Kind:   StepPlaced,
		Amount: o.Total,
		Actor:  shopper(o.UserID),
		Count:  int64(len(o.Items)),
		Until:  &o.PayBefore,
		Facts: []Fact{
			fact("coupon", o.CouponCode),
			number("bundle", o.BundleID),
		},
	}
	steps := []Step{first}
	for _, i := range o.Items {
		steps = append(steps, Step{
			At:     o.CreatedAt,
			Kind:   StepItem,
			SKUID:  i.SKUID,
			SPUID:  i.SPUID,
			Count:  int64(i.Quantity),
			Amount: i.Net(),
			Facts: []Fact{
				sum("price", i.UnitAmount),
				sum("discount", i.Discount),
				number("flashSale", i.campaignID),
			},
		})
	}
	return steps
}

func (s *Orders) attemptSteps(ctx context.Context, t *Timeline) error {
	attempts, err := s.deps.Payments.Attempts(ctx, t.Order.OrderNo)
	if err != nil {
		return err
	}
	steps := make([]Step, len(attempts))
	for n, a := range attempts {
		steps[n] = attemptStep(a)
		steps[n].Actor = shopper(t.Order.UserID)
		if a.AskAt != nil {
			t.Next = append(t.Next, Step{
				At:       *a.AskAt,
				Kind:     StepAsk,
				Number:   a.AttemptNo,
				Provider: a.Provider,
				Actor:    "system",
				Facts:    []Fact{number("asks", int64(a.Asks))},
			})
		}
	}
	t.add(StepAttempt, steps)
	captures, err := s.deps.Payments.Captures(ctx, t.Order.OrderNo)
	if err != nil {
		return err
	}
	steps = make([]Step, len(captures))
	for n, c := range captures {
		steps[n] = Step{
			At:       c.CapturedAt,
			Kind:     StepCapture,
			State:    string(c.State),
			Number:   c.ChannelTxnNo,
			Provider: c.Provider,
			Amount:   c.Amount,
			Actor:    "provider:" + c.Provider,
			Facts: []Fact{
				fact("attemptNo", c.AttemptNo),
				sum("refunded", c.Refunded),
				sum("refundable", c.Refundable),
			},
		}
	}
	t.add(StepCapture, steps)
	return nil
}

func attemptStep(a payment.Attempt) Step {
	return Step{
		At:       a.CreatedAt,
		Kind:     StepAttempt,
		State:    a.Status,
		Number:   a.AttemptNo,
		Provider: a.Provider,
		Amount:   a.Amount,
		Until:    &a.ExpiresAt,
		Facts: []Fact{
			fact("method", a.Method),
			fact("providerRef", a.ProviderRef),
			fact("channelTxnNo", a.ChannelTxnNo),
			number("asks", int64(a.Asks)),
		},
	}
}

func (s *Orders) noticeSteps(ctx context.Context, t *Timeline) error {
	notices, err := s.deps.Payments.Notices(ctx, t.Order.OrderNo, mostOfKind)
	if err != nil {
		return err
	}
	for _, n := range notices {
		t.Steps = append(t.Steps, Step{
			At:       n.ReceivedAt,
			Kind:     StepNotice,
			State:    n.Outcome,
			Number:   n.EventID,
			Provider: n.Type,
			Amount:   n.Amount,
			Actor:    "provider:" + n.Provider,
			Count:    int64(n.Replays),
			NoticeID: n.ID,
			Body:     payment.Mask(n.Raw),
			Facts: []Fact{
				fact("attemptNo", n.AttemptNo),
				fact("channelTxnNo", n.ChannelTxnNo),
				fact("refundNo", n.RefundNo),
				fact("occurredAt", n.OccurredAt.UTC().Format(time.RFC3339)),
			},
		})
	}
	if len(notices) < mostOfKind {
		return nil
	}
	all, err := s.deps.Payments.CountNotices(ctx, t.Order.OrderNo)
	if more := all - int64(len(notices)); more > 0 {
		t.Left = append(t.Left, Left{StepNotice, more})
	}
	return err
}

func (s *Orders) moveSteps(ctx context.Context, t *Timeline) error {
	moves, err := s.History(ctx, t.Order.OrderNo)
	if err != nil {
		return err
	}
	steps := make([]Step, len(moves))
	for n, m := range moves {
		steps[n] = Step{
			At:       m.At,
			Kind:     StepMove,
			State:    string(m.To),
			Previous: string(m.From),
			Cause:    m.Cause,
			Actor:    m.Actor,
			Facts:    []Fact{number("version", int64(m.Version))},
		}
	}
	t.add(StepMove, steps)
	return nil
}
