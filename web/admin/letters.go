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
	"videomall/web/page"
	"videomall/web/typed"
)

func (d Deps) listLetters(c *page.Ctx) error {
	ctx, p := c.Request().Context(), adminview.LettersPage{Now: c.Now}
	dead, err := d.Outbox.Dead(ctx, maxListed)
	if err != nil {
		return err
	}
	for _, l := range dead {
		p.Events = append(p.Events, eventLetter(l))
	}
	jobs, err := d.discarded(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		p.Jobs = append(p.Jobs, jobLetter(j))
	}
	return c.Render(http.StatusOK, c.Text.T("admin.letters"), adminview.Letters(p))
}

// discarded lists the jobs whose tries ran out, the latest first, at most maxListed.
func (d Deps) discarded(ctx context.Context) ([]*rivertype.JobRow, error) {
	found, err := d.Jobs.JobList(ctx, river.NewJobListParams().States(rivertype.JobStateDiscarded).
		OrderBy(river.JobListOrderByFinalizedAt, river.SortOrderDesc).First(maxListed))
	if err != nil {
		return nil, err
	}
	return found.Jobs, nil
}

func eventLetter(l outbox.DeadLetter) adminview.Letter {
	return adminview.Letter{Path: "/events/" + url.PathEscape(l.Subscriber) + "/" + strconv.FormatInt(l.Event.ID, 10), Kind: l.Event.Type,
		Whose: l.Subscriber, About: l.Event.Aggregate, Tries: l.Attempts, At: l.DiedAt, Error: l.LastError, Contents: l.Event.Payload}
}

func jobLetter(j *rivertype.JobRow) adminview.Letter {
	l := adminview.Letter{Path: "/jobs/" + strconv.FormatInt(j.ID, 10), Kind: j.Kind, Whose: j.Queue, Tries: j.Attempt, At: j.CreatedAt,
		Contents: j.EncodedArgs}
	if j.FinalizedAt != nil {
		l.At = *j.FinalizedAt
	}
	for _, e := range j.Errors {
		l.Errors = append(l.Errors, adminview.LetterError{Try: e.Attempt, At: e.At, Error: e.Error})
		l.Error = e.Error
	}
	return l
}

func (d Deps) showEvent(c *page.Ctx) error {
	dead, err := d.Outbox.Dead(c.Request().Context(), maxListed)
	if err != nil {
		return err
	}
	for _, l := range dead {
		if l.Subscriber == c.Param("subscriber") && l.Event.ID == typed.ID(c.Param("id")) {
			return c.Render(http.StatusOK, l.Event.Type, adminview.LetterShown(eventLetter(l)))
		}
	}
	return outbox.ErrNotDead
}

func (d Deps) retryEvent(c *page.Ctx) error {
	return d.settle(c, "letter_retried", d.Outbox.Retry(c.Request().Context(), c.Viewer.UserID, c.Param("subscriber"), typed.ID(c.Param("id"))))
}

func (d Deps) discardEvent(c *page.Ctx) error {
	return d.settle(c, "letter_discarded", d.Outbox.Discard(c.Request().Context(), c.Viewer.UserID, c.Param("subscriber"), typed.ID(c.Param("id"))))
}

// job finds a discarded job; one in any other state is no dead letter, and is not to be touched from here.
func (d Deps) job(c *page.Ctx) (*rivertype.JobRow, error) {
	j, err := d.Jobs.JobGet(c.Request().Context(), typed.ID(c.Param("id")))
	if errors.Is(err, rivertype.ErrNotFound) || err == nil && j.State != rivertype.JobStateDiscarded {
		return nil, outbox.ErrNotDead.Because("job %s", c.Param("id"))
	}
	return j, err
}

func (d Deps) showJob(c *page.Ctx) error {
	j, err := d.job(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, j.Kind, adminview.LetterShown(jobLetter(j)))
}

func (d Deps) retryJob(c *page.Ctx) error {
	return d.settle(c, "letter_retried", d.DeadJobs.Retry(c.Request().Context(), c.Viewer.UserID, typed.ID(c.Param("id"))))
}

func (d Deps) discardJob(c *page.Ctx) error {
	return d.settle(c, "letter_discarded", d.DeadJobs.Discard(c.Request().Context(), c.Viewer.UserID, typed.ID(c.Param("id"))))
}

// settle goes back to the list; a letter that somebody else settled first is no mistake.
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
