package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"videomall/mall/outbox"
	adminview "videomall/views/admin"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

func (d Deps) listLetters(c *page.Ctx) error {
	ctx, p := c.Request().Context(), adminview.LettersPage{Now: c.Now}
	dead, err := d.Outbox.Dead(ctx, maxListed)
	if err != nil {
		return err
	}
	refused, err := d.Outbox.Refused(ctx, maxListed)
	if err != nil {
		return err
	}
	jobs, err := d.discarded(ctx)
	if err != nil {
		return err
	}
	failed, err := d.Jobs.JobList(ctx, river.NewJobListParams().States(rivertype.JobStateRetryable).
		OrderBy(river.JobListOrderByTime, river.SortOrderAsc).First(maxListed))
	if err != nil {
		return err
	}
	p.Events, p.TryingEvents = eventLetters(dead), eventLetters(refused)
	p.Jobs, p.TryingJobs = jobLetters(jobs), jobLetters(failed.Jobs)
	return c.Render(http.StatusOK, c.Text.T("admin.letters"), adminview.Letters(p))
}

// discarded lists the jobs that failed for the last time, the latest first, at most maxListed.
func (d Deps) discarded(ctx context.Context) ([]*rivertype.JobRow, error) {
	found, err := d.Jobs.JobList(ctx, river.NewJobListParams().States(rivertype.JobStateDiscarded).
		OrderBy(river.JobListOrderByFinalizedAt, river.SortOrderDesc).First(maxListed))
	if err != nil {
		return nil, err
	}
	return found.Jobs, nil
}

// eventURL is the address of an event that failed at a subscriber.
func eventURL(l outbox.DeadLetter) string { return "/admin/dead-letters" + eventPath(l) }

// jobURL is the address of a job that failed.
func jobURL(id int64) string { return "/admin/dead-letters" + jobPath(id) }

func eventPath(l outbox.DeadLetter) string {
	return "/events/" + url.PathEscape(l.Subscriber) + "/" + strconv.FormatInt(l.Event.ID, 10)
}

func jobPath(id int64) string { return "/jobs/" + strconv.FormatInt(id, 10) }

func eventLetters(list []outbox.DeadLetter) (out []adminview.Letter) {
	for _, l := range list {
		out = append(out, eventLetter(l))
	}
	return out
}

func eventLetter(l outbox.DeadLetter) adminview.Letter {
	v := adminview.Letter{
		Path:     eventPath(l),
		Kind:     l.Event.Type,
		Whose:    l.Subscriber,
		About:    l.Event.Aggregate,
		Tries:    l.Attempts,
		At:       l.DiedAt,
		Error:    l.LastError,
		Contents: l.Event.Payload,
	}
	if l.Trying() {
		v.Trying, v.At = true, l.NextAt
	}
	return v
}

func jobLetters(jobs []*rivertype.JobRow) (out []adminview.Letter) {
	for _, j := range jobs {
		out = append(out, jobLetter(j))
	}
	return out
}

func jobLetter(j *rivertype.JobRow) adminview.Letter {
	l := adminview.Letter{
		Path:     jobPath(j.ID),
		Kind:     j.Kind,
		Whose:    j.Queue,
		Tries:    j.Attempt,
		At:       j.CreatedAt,
		Contents: j.EncodedArgs,
	}
	switch {
	case j.State == rivertype.JobStateRetryable:
		l.Trying, l.At = true, j.ScheduledAt
	case j.FinalizedAt != nil:
		l.At = *j.FinalizedAt
	}
	for _, e := range j.Errors {
		l.Errors = append(l.Errors, adminview.LetterError{
			Try:   e.Attempt,
			At:    e.At,
			Error: e.Error,
		})
		l.Error = e.Error
	}
	return l
}

func (d Deps) showEvent(c *page.Ctx) error {
	letters, err := d.Outbox.Lookup(c.Request().Context(), formvalue.ID(c.Param("id")))
	if err != nil {
		return err
	}
	for _, l := range letters {
		if l.Subscriber == c.Param("subscriber") {
			return c.Render(http.StatusOK, l.Event.Type, adminview.LetterShown(eventLetter(l)))
		}
	}
	return outbox.ErrNotDead.Because("event %s of %s", c.Param("id"), c.Param("subscriber"))
}

func (d Deps) retryEvent(c *page.Ctx) error {
	return d.settle(c, "letter_retried",
		d.Outbox.Retry(c.Request().Context(), c.Viewer.UserID, c.Param("subscriber"), formvalue.ID(c.Param("id"))))
}

func (d Deps) discardEvent(c *page.Ctx) error {
	return d.settle(c, "letter_discarded",
		d.Outbox.Discard(c.Request().Context(), c.Viewer.UserID, c.Param("subscriber"), formvalue.ID(c.Param("id"))))
}

func (d Deps) cancelEvent(c *page.Ctx) error {
	return d.settle(c, "letter_cancelled",
		d.Outbox.Cancel(c.Request().Context(), c.Viewer.UserID, c.Param("subscriber"), formvalue.ID(c.Param("id"))))
}

// showJob shows a job that failed. A job in any other state is not found, because operators must not touch it here.
func (d Deps) showJob(c *page.Ctx) error {
	j, err := d.Jobs.JobGet(c.Request().Context(), formvalue.ID(c.Param("id")))
	if errors.Is(err, rivertype.ErrNotFound) ||
		err == nil && j.State != rivertype.JobStateDiscarded && j.State != rivertype.JobStateRetryable {
		return outbox.ErrNotDead.Because("job %s", c.Param("id"))
	}
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, j.Kind, adminview.LetterShown(jobLetter(j)))
}

func (d Deps) retryJob(c *page.Ctx) error {
	return d.settle(c, "letter_retried",
		d.FailedJobs.Retry(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id"))))
}

func (d Deps) discardJob(c *page.Ctx) error {
	return d.settle(c, "letter_discarded",
		d.FailedJobs.Discard(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id"))))
}

func (d Deps) cancelJob(c *page.Ctx) error {
	return d.settle(c, "letter_cancelled",
		d.FailedJobs.Cancel(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id"))))
}

// settle goes back to the list. It is no error when somebody else settled the letter first.
func (d Deps) settle(c *page.Ctx, done string, err error) error {
	switch {
	case err == nil:
		c.Flash(ui.Success, done)
	case errors.Is(err, outbox.ErrNotDead), errors.Is(err, rivertype.ErrNotFound):
		c.Flash(ui.Info, "letter_gone")
	default:
		return err
	}
	return c.Redirect("/admin/dead-letters")
}
