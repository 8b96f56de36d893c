package admin

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"videomall/mall/audit"
	"videomall/web/csvfile"
	"videomall/web/formvalue"
	"videomall/web/page"

	adminview "videomall/views/admin"
)

const (
	auditPerPage = 50
	// auditExported limits the entries of one file; the filter narrows the time where that is too few.
	auditExported = 50_000
)

// auditFilter reads which entries to show. Days are in the reader's time zone; the last day is included.
func auditFilter(c *page.Ctx) (adminview.AuditForm, audit.Filter) {
	form := adminview.AuditForm{
		Actor:   strings.TrimSpace(c.QueryParam("actor")),
		Verb:    c.QueryParam("verb"),
		Subject: strings.TrimSpace(c.QueryParam("subject")),
		Since:   c.QueryParam("since"),
		Until:   c.QueryParam("until"),
	}
	f := audit.Filter{
		Verb:    form.Verb,
		Subject: form.Subject,
		Actor:   form.Actor,
	}
	if id, err := strconv.ParseInt(form.Actor, 10, 64); err == nil && id > 0 {
		f.ActorID, f.Actor = id, ""
	}
	day := func(s string) (time.Time, bool) {
		at, err := time.ParseInLocation(time.DateOnly, s, c.Text.Here())
		return at, err == nil
	}
	if at, ok := day(form.Since); ok {
		f.Since = at
	}
	if at, ok := day(form.Until); ok {
		f.Until = at.AddDate(0, 0, 1)
	}
	return form, f
}

func auditQuery(f adminview.AuditForm) url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"actor": f.Actor, "verb": f.Verb, "subject": f.Subject, "since": f.Since,
		"until": f.Until,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// showAudit lists who did what, and says whether the chain is whole. It verifies the chain from its first entry each
// time, because nothing less proves it.
func (d Deps) showAudit(c *page.Ctx) error {
	ctx := c.Request().Context()
	form, f := auditFilter(c)
	p := adminview.AuditPage{Form: form, Now: c.Now}
	f.Before = formvalue.ID(c.QueryParam("before"))
	f.Most = auditPerPage + 1
	var err error
	if p.Records, err = d.Audit.List(ctx, f); err != nil {
		return err
	}
	q := auditQuery(form)
	p.Export = "/admin/audit.csv?" + q.Encode()
	if f.Before > 0 {
		p.First = "/admin/audit?" + q.Encode()
	}
	if len(p.Records) > auditPerPage {
		p.Records = p.Records[:auditPerPage]
		q.Set("before", strconv.FormatInt(p.Records[auditPerPage-1].ID, 10))
		p.Next = "/admin/audit?" + q.Encode()
	}
	if p.Verbs, err = d.Audit.Verbs(ctx); err != nil {
		return err
	}
	if p.State, err = d.Audit.Verify(ctx); err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("admin.audit"), adminview.Audit(p))
}

// exportAudit writes the chosen entries as a file, the latest first, with their hashes. A copy kept elsewhere proves
// later what the log said on that day.
func (d Deps) exportAudit(c *page.Ctx) error {
	_, f := auditFilter(c)
	f.Most = auditExported
	records, err := d.Audit.List(c.Request().Context(), f)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	// writing to a buffer does not fail
	_ = w.Write([]string{"id", "at", "actor_id", "actor", "verb", "subject", "detail", "prev_hash", "hash"})
	for _, r := range records {
		_ = w.Write(
			[]string{
				strconv.FormatInt(r.ID, 10), r.At.UTC().Format(time.RFC3339Nano), strconv.FormatInt(r.ActorID, 10),
				csvfile.Inert(r.Actor), r.Verb,
				csvfile.Inert(r.Subject), csvfile.Inert(r.Detail), adminview.Hex(r.PrevHash), adminview.Hex(r.Hash),
			})
	}
	w.Flush()
	return c.Attach("audit.csv", csvfile.Type, out.Bytes())
}
