package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/risk"
	"videomall/web/page"

	adminview "videomall/views/admin"
)

// mostSteps bounds what a timeline has of what other modules know.
const mostSteps = 100

// showTimeline replays an order: what happened to it, in the order of time, each with its reason.
func (d Deps) showTimeline(c *page.Ctx) error {
	p, err := d.timeline(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("timeline.title")+" "+p.Order.OrderNo, adminview.Timeline(p))
}

func (d Deps) timeline(c *page.Ctx) (p adminview.TimelinePage, err error) {
	ctx := c.Request().Context()
	known, err := d.Orders.Timeline(ctx, c.Param("orderNo"))
	if err != nil {
		return p, err
	}
	p = adminview.TimelinePage{
		Order: known.Order,
		Steps: known.Steps,
		Next:  known.Next,
		Left:  known.Left,
		Now:   c.Now,
	}
	for _, add := range []func(context.Context, *adminview.TimelinePage) error{
		d.addPlays, d.addRisk, d.addRecords, d.addJobs,
	} {
		if err := add(ctx, &p); err != nil {
			return p, err
		}
	}
	order.SortSteps(p.Steps)
	order.SortSteps(p.Next)
	p.People, err = d.Accounts.Users(ctx, actorsOf(p)...)
	return p, err
}

// addPlays adds the days on which the buyer has played what was bought, since it was paid for.
func (d Deps) addPlays(ctx context.Context, p *adminview.TimelinePage) error {
	if d.PlayDays == nil || p.Order.PaidAt == nil {
		return nil
	}
	videos := videosOf(p.Order)
	days, err := d.PlayDays(ctx, p.Order.UserID, videos, *p.Order.PaidAt, mostSteps+1)
	if err != nil {
		return err
	}
	if len(days) > mostSteps {
		days = days[:mostSteps]
		p.Left = append(p.Left, order.Left{Kind: order.StepPlayed})
	}
	watched, err := d.Watched(ctx, p.Order.UserID, videos)
	if err != nil {
		return err
	}
	for _, g := range days {
		p.Steps = append(p.Steps, order.Step{
			At:    g.FirstAt,
			Kind:  order.StepPlayed,
			Actor: shopperOf(p.Order),
			SPUID: g.SPUID,
			Count: g.Plays,
			Facts: []order.Fact{
				{Name: "lastAlive", Value: g.LastAt.UTC().Format(time.RFC3339)},
				{Name: "devices", Value: strconv.FormatInt(g.Devices, 10)},
				{Name: "ran", Value: strconv.FormatInt(g.Seconds, 10) + " s"},
				{Name: "watchedByNow", Value: strconv.Itoa(watched[g.SPUID]) + "%"},
			},
		})
	}
	return nil
}

// addRisk adds the decisions to deny or allow the buyer's account that were in force since the order was placed.
func (d Deps) addRisk(ctx context.Context, p *adminview.TimelinePage) error {
	if d.Lists == nil {
		return nil
	}
	entries, err := d.Lists.About(ctx, p.Order.UserID, nil, mostSteps)
	if err != nil {
		return err
	}
	for _, e := range entries {
		end := endOf(e)
		if end != nil && end.Before(p.Order.CreatedAt) {
			continue
		}
		step := order.Step{
			At:     e.CreatedAt,
			Kind:   order.StepRisk,
			State:  string(e.Effect),
			Number: strconv.FormatInt(e.ID, 10),
			Reason: e.Reason,
			Actor:  operator(e.AuthorID),
			Until:  e.ExpiresAt,
		}
		p.Steps = append(p.Steps, step)
		if end == nil || end.After(p.Now) {
			continue
		}
		step.At, step.Kind, step.Reason, step.Actor, step.Until = *end, order.StepRiskEnded, "", "system", nil
		if e.EndedBy != 0 {
			step.Actor = operator(e.EndedBy)
		}
		p.Steps = append(p.Steps, step)
	}
	return nil
}

// endOf is when a decision ceased, or will; nil if it holds until somebody ends it.
func endOf(e risk.Entry) *time.Time {
	if e.EndedAt != nil {
		return e.EndedAt
	}
	return e.ExpiresAt
}

// addRecords adds what the staff did to the order, its cases and its disputes.
func (d Deps) addRecords(ctx context.Context, p *adminview.TimelinePage) error {
	var cases []string
	for _, s := range p.Steps {
		if s.Kind == order.StepCase {
			cases = append(cases, s.Number)
		}
	}
	records, err := d.Audit.About(ctx, auditSubjects(p.Order.OrderNo, cases), mostSteps+1)
	if err != nil {
		return err
	}
	if len(records) > mostSteps {
		records = records[:mostSteps]
		p.Left = append(p.Left, order.Left{Kind: order.StepStaff})
	}
	for _, r := range records {
		p.Steps = append(p.Steps, order.Step{
			At:     r.At,
			Kind:   order.StepStaff,
			State:  r.Verb,
			Number: strconv.FormatInt(r.ID, 10),
			Actor:  operator(r.ActorID),
			Body:   r.Detail,
		})
	}
	return nil
}

// waits are the states of a job that will run.
var waits = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning,
	rivertype.JobStateScheduled,
}

// addJobs adds the jobs that wait for the order and for its refunds.
func (d Deps) addJobs(ctx context.Context, p *adminview.TimelinePage) error {
	about := []map[string]string{{"orderNo": p.Order.OrderNo}}
	for _, s := range p.Steps {
		if s.Kind == order.StepRefund && (s.State == payment.Pending || s.State == payment.Submitted) {
			about = append(about, map[string]string{"refundNo": s.Number})
		}
	}
	var where []string
	args := river.NamedArgs{}
	for n, a := range about[:min(len(about), 20)] {
		name := "args" + strconv.Itoa(n)
		body, err := json.Marshal(a)
		if err != nil {
			return err
		}
		where, args[name] = append(where, "args @> @"+name+"::text::jsonb"), string(body)
	}
	found, err := d.Jobs.JobList(ctx, river.NewJobListParams().States(waits...).
		Where("("+strings.Join(where, " OR ")+")", args).
		OrderBy(river.JobListOrderByID, river.SortOrderAsc).First(mostSteps))
	if err != nil {
		return err
	}
	for _, j := range found.Jobs {
		step := order.Step{
			At:       j.ScheduledAt,
			Kind:     order.StepJob,
			State:    string(j.State),
			Number:   strconv.FormatInt(j.ID, 10),
			Provider: j.Kind,
			Actor:    "system",
			Count:    int64(j.Attempt),
		}
		if last := len(j.Errors); last > 0 {
			step.Reason = j.Errors[last-1].Error
		}
		p.Next = append(p.Next, step)
	}
	return nil
}

func shopperOf(o order.Order) string { return "shopper:" + strconv.FormatInt(o.UserID, 10) }

// actorsOf are the accounts of those who did something.
func actorsOf(p adminview.TimelinePage) []int64 {
	ids := []int64{p.Order.UserID}
	for _, s := range p.Steps {
		if id := adminview.ActorID(s.Actor); id > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}
