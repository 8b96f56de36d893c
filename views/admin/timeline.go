package admin

import (
	"strconv"
	"strings"
	"time"

	"videomall/mall/account"
	"videomall/mall/locale"
	"videomall/mall/order"
	"videomall/views/text"
	"videomall/views/ui"
)

// TimelinePage replays an order. Next is what is going to happen.
type TimelinePage struct {
	Order  order.Order
	People account.Users
	Steps  []order.Step
	Next   []order.Step
	Left   []order.Left
	Now    time.Time
}

// WhatIfPage says what would happen if a notice came again, or for the first time. Refused is why the notice could not
// be applied; empty if it could.
type WhatIfPage struct {
	Order    order.Order
	NoticeID int64
	First    bool
	Found    order.WhatIf
	Refused  string
}

// TimelineURL is the address of an order's timeline.
func TimelineURL(orderNo string) string { return OrderURL(orderNo) + "/timeline" }

// WhatIfURL is the address that answers what a notice of an order would do.
func WhatIfURL(orderNo string, noticeID int64) string {
	return OrderURL(orderNo) + "/notices/" + id(noticeID) + "/what-if"
}

// ActorID is the account that an actor such as "operator:2" is; 0 for any other.
func ActorID(actor string) int64 {
	kind, number, _ := strings.Cut(actor, ":")
	if kind != "operator" && kind != "shopper" && kind != "creator" {
		return 0
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// stepState is what became of a step, in words.
func stepState(t *text.Printer, s order.Step) string {
	switch s.Kind {
	case order.StepMove:
		return moveWords(t, order.Status(s.Previous), order.Status(s.State))
	case order.StepNotice:
		return Word(t, "admin.outcome."+s.State, s.State)
	case order.StepAsked, order.StepAnswered:
		return Word(t, "refund.state."+s.State, s.State)
	case order.StepDispute, order.StepDisputeEnded:
		return Word(t, "refund.dispute."+s.State, s.State)
	case order.StepCase, order.StepCaseClosed:
		return Word(t, "admin.case."+s.State, s.State)
	case order.StepEvent:
		return Word(t, "timeline.told."+s.State, s.State)
	case order.StepRisk, order.StepRiskEnded, order.StepDecision:
		return Word(t, "timeline.effect."+s.State, s.State)
	case order.StepStaff:
		return Word(t, "audit.verb."+s.State, s.State)
	case order.StepJob:
		return Word(t, "timeline.job_state."+s.State, s.State)
	}
	return Word(t, "admin.status."+s.State, s.State)
}

// stepTone is the colour of a step's state.
func stepTone(s order.Step) ui.Tone {
	switch s.Kind {
	case order.StepMove:
		return stateTone(order.Status(s.State))
	case order.StepNotice:
		switch s.State {
		case order.OutcomePaid, order.OutcomeRevived, order.OutcomeRefundSettled, order.OutcomeDisputeWon:
			return ui.Success
		case order.OutcomeAmountMismatch, order.OutcomeCurrencyMismatch, order.OutcomeUnknownOrder,
			order.OutcomeRefundFailed, order.OutcomeRefundUnmatched, order.OutcomeDisputeLost:
			return ui.Error
		case order.OutcomeDispute, order.OutcomePaidTwice, order.OutcomePaidAfterClose:
			return ui.Warning
		}
		return ui.Plain
	case order.StepAsked, order.StepAnswered:
		return askedTone(s.State)
	case order.StepCase:
		return ui.Warning
	case order.StepRisk, order.StepDecision:
		if s.State == "deny" {
			return ui.Error
		}
		return ui.Plain
	}
	return tone(s.State)
}

// stepReasons are why a step happened: in our words, and in somebody's.
func stepReasons(t *text.Printer, s order.Step) (list []string) {
	add := func(key string) {
		if t.Has(key) {
			list = append(list, t.T(key))
		}
	}
	switch {
	case s.Kind == order.StepNotice, s.Kind == order.StepCapture:
		add("timeline.why." + string(s.Kind) + "." + s.State)
	case s.Kind == order.StepDecision:
		add("timeline.occasion." + s.Previous)
		add("timeline.why.decision." + s.Cause + "." + s.State + "." + s.Provider)
	case s.Kind == order.StepJob:
		add("timeline.why." + string(s.Kind) + "." + s.Provider)
	case s.Kind == order.StepCase:
		add("admin.case_help." + s.State)
	case s.Kind == order.StepAsked && s.Cause != "":
		add("refund.why." + s.Cause)
	case s.Kind == order.StepAnswered && s.Cause != "":
		add("refund.by_rule")
	case s.Cause != "" && (s.Kind == order.StepMove || s.Kind == order.StepRefund || s.Kind == order.StepRefundEnded):
		list = append(list, Word(t, "admin.cause."+s.Cause, s.Cause))
	default:
		add("timeline.why." + string(s.Kind))
	}
	if s.Reason != "" {
		list = append(list, s.Reason)
	}
	return list
}

// stepItem is the title of the video that a step is about; "" for the whole order.
func stepItem(t *text.Printer, o order.Order, s order.Step) string {
	for _, i := range o.Items {
		if s.SKUID == i.SKUID && s.SKUID != 0 {
			return title(t, i) + " · " + skuName(t, i)
		}
		if s.SKUID == 0 && s.SPUID == i.SPUID && s.SPUID != 0 {
			return title(t, i)
		}
	}
	return ""
}

// stepCount is how often, or of how many, in words.
func stepCount(t *text.Printer, s order.Step) string {
	if s.Count == 0 {
		return ""
	}
	switch s.Kind {
	case order.StepReserved, order.StepSold, order.StepReleased, order.StepItem:
		return t.N("timeline.units", int(s.Count))
	case order.StepPlayed:
		return t.N("timeline.plays", int(s.Count))
	case order.StepNotice:
		return t.N("timeline.replays", int(s.Count))
	case order.StepRefund, order.StepJob:
		return t.N("admin.tries", int(s.Count))
	}
	return ""
}

// stepUntil says until when a step holds or is waited for.
func stepUntil(t *text.Printer, s order.Step) string {
	if s.Until == nil {
		return ""
	}
	if s.Kind == order.StepDispute {
		return t.T("refund.evidence_due") + ": " + t.DateTime(*s.Until)
	}
	return t.T("timeline.until", "Moment", t.DateTime(*s.Until))
}

// stepFacts are the stored values of a step that say something, the exact moment first.
func stepFacts(t *text.Printer, s order.Step) []fact {
	list := []fact{{t.T("timeline.exactly"), s.At.UTC().Format("2006-01-02 15:04:05.000 UTC")}}
	for _, f := range s.Facts {
		value := f.Value
		if f.Sum.Currency != "" && !f.Sum.IsZero() {
			value = t.Money(f.Sum)
		}
		if value != "" {
			list = append(list, fact{Word(t, "admin.fact."+f.Name, f.Name), value})
		}
	}
	for _, f := range facts(t, s.Detail) {
		if f.name != "note" && f.value != "" { // the note is the reason of the close
			list = append(list, fact{Word(t, "admin.fact."+f.name, f.name), f.value})
		}
	}
	return list
}

// sentence reports whether the state of a step is too long for a badge.
func sentence(s order.Step) bool {
	return s.Kind == order.StepCase || s.Kind == order.StepCaseClosed || s.Kind == order.StepStaff
}

// numbered are the kinds whose number says nothing to an operator.
func numbered(s order.Step) bool {
	switch s.Kind {
	case order.StepAsked, order.StepAnswered, order.StepCaseClosed, order.StepJob, order.StepEvent, order.StepStaff,
		order.StepRisk, order.StepRiskEnded:
		return false
	}
	return s.Number != ""
}

// actorWord names who did something and has no account.
func actorWord(t *text.Printer, actor string) string {
	kind, name, _ := strings.Cut(actor, ":")
	switch kind {
	case "rule":
		return t.T("timeline.rule")
	case "system":
		return t.T("timeline.system")
	case "provider":
		return t.T("timeline.provider", "Name", t.Provider(name))
	}
	return actor
}

// changed says how many rows of a table would be new, changed and gone.
func changed(t *text.Printer, inserted, updated, deleted int64) string {
	var parts []string
	for _, p := range []struct {
		key string
		n   int64
	}{{"timeline.rows_new", inserted}, {"timeline.rows_changed", updated}, {"timeline.rows_gone", deleted}} {
		if p.n != 0 {
			parts = append(parts, t.N(p.key, int(p.n)))
		}
	}
	comma := ", "
	if t.Lang == locale.ZhCN {
		comma = "，"
	}
	return strings.Join(parts, comma)
}
