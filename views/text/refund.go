package text

import "time"

// RefundPolicy says until when something bought can be given back: within a time of paying, if no more than so many
// percent of it have been watched. byRule is whether this is decided at once.
func (p *Printer) RefundPolicy(within time.Duration, watched int, byRule bool) string {
	key := "refund.policy"
	if !byRule {
		key = "refund.policy_staff"
	}
	return p.T(key, "Time", p.days(within), "Percent", p.Percent(watched))
}

// days writes a time in days where it is of whole days, otherwise in hours, rounded up.
func (p *Printer) days(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return p.N("refund.days", int(d/(24*time.Hour)))
	}
	return p.N("refund.hours", int((d+time.Hour-1)/time.Hour))
}
