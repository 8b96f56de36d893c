package finance

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"videomall/mall/money"
	"videomall/mall/reconcile"
	"videomall/views/ui"
	"videomall/web/csvfile"
	"videomall/web/formvalue"
	"videomall/web/page"

	financeview "videomall/views/admin/finance"
)

const (
	comparedDays = 31    // listed
	exported     = 10000 // differences in a file
)

// differencesOf reads which differences the address asks for.
func (d Deps) differencesOf(c *page.Ctx) (f reconcile.Filter, asked url.Values) {
	f = reconcile.Filter{
		Day:    c.QueryParam("day"),
		Closed: c.QueryParam("state") == "closed",
		Before: formvalue.ID(c.QueryParam("before")),
	}
	if p := c.QueryParam("provider"); slices.Contains(d.Payments.Providers(), p) {
		f.Provider = p
	}
	if cause := reconcile.Cause(c.QueryParam("cause")); slices.Contains(reconcile.Causes, cause) {
		f.Cause = cause
	}
	if c.QueryParam("owner") == "me" {
		f.Owner = c.Viewer.UserID
	}
	if _, err := time.Parse(time.DateOnly, f.Day); err != nil {
		f.Day = ""
	}
	asked = url.Values{}
	for name, value := range map[string]string{
		"provider": f.Provider, "cause": string(f.Cause), "day": f.Day, "owner": "", "state": "",
	} {
		if value != "" {
			asked.Set(name, value)
		}
	}
	if f.Owner != 0 {
		asked.Set("owner", "me")
	}
	if f.Closed {
		asked.Set("state", "closed")
	}
	return f, asked
}

func (d Deps) showReconciliation(c *page.Ctx) error {
	return d.renderReconciliation(c, http.StatusOK, 0, "")
}

// renderReconciliation draws the page; refused is the difference whose note was refused, with what was typed.
func (d Deps) renderReconciliation(c *page.Ctx, status int, refused int64, note string) (err error) {
	ctx := c.Request().Context()
	p := financeview.ReconciliationPage{
		Now:       c.Now,
		Key:       rand.Text(),
		Providers: d.Payments.Providers(),
		Refused:   refused,
		Note:      note,
	}
	var asked url.Values
	p.Filter, asked = d.differencesOf(c)
	if p.Open, err = d.Reconciler.Open(ctx); err != nil {
		return err
	}
	if p.Overdue, err = d.Reconciler.Overdue(ctx); err != nil {
		return err
	}
	if p.Days, err = d.Reconciler.Days(ctx, c.Now.UTC().AddDate(0, 0, -comparedDays)); err != nil {
		return err
	}
	for _, name := range p.Providers {
		last, err := d.Reconciler.LastDay(name)
		if err != nil {
			return err
		}
		if day := last.Format(time.DateOnly); p.LastDay == "" || day > p.LastDay {
			p.LastDay = day
		}
	}
	if p.Differences, err = d.Reconciler.Differences(ctx, p.Filter, listed+1); err != nil {
		return err
	}
	at := "/admin/reconciliation?" + asked.Encode()
	p.CSV = "/admin/reconciliation.csv?" + asked.Encode()
	if p.Filter.Before > 0 {
		p.First = at
	}
	if len(p.Differences) > listed {
		p.Differences = p.Differences[:listed]
		p.Next = at + "&before=" + strconv.FormatInt(p.Differences[listed-1].ID, 10)
	}
	owners := make([]int64, len(p.Differences))
	for n, one := range p.Differences {
		owners[n] = one.Owner
	}
	if p.People, err = d.Accounts.Users(ctx, owners...); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("reconcile.title"), financeview.Reconciliation(p))
}

// exportReconciliation writes the chosen differences as a file, the latest first.
func (d Deps) exportReconciliation(c *page.Ctx) error {
	f, _ := d.differencesOf(c)
	list, err := d.Reconciler.Differences(c.Request().Context(), f, exported)
	if err != nil {
		return err
	}
	records := [][]string{{
		"id", "provider", "day", "kind", "number", "cause", "reference", "stated", "ours", "booked", "currency",
		"difference", "found_at", "age_hours", "owner_id", "note", "error", "mended_by", "closed_at", "closed_by",
	}}
	sum := func(amount *int64, currency string) string {
		if amount == nil {
			return ""
		}
		return decimal(*amount, currency)
	}
	for _, l := range list {
		owner, closed := "", ""
		until := c.Now
		if l.Owner != 0 {
			owner = strconv.FormatInt(l.Owner, 10)
		}
		if l.ClosedAt != nil {
			until = *l.ClosedAt
			closed = until.UTC().Format(time.RFC3339)
		}
		ours := l.Currency
		if l.OursCurrency != "" {
			ours = l.OursCurrency
		}
		records = append(records, []string{
			strconv.FormatInt(l.ID, 10), l.Provider, l.Day.Format(time.DateOnly), l.Kind, csvfile.Inert(l.Number),
			string(l.Cause), csvfile.Inert(l.Reference), sum(l.Stated, l.Currency), sum(l.Ours, ours),
			sum(l.Booked, l.Currency), l.Currency, decimal(l.Amount.Amount, l.Amount.Currency),
			l.FoundAt.UTC().Format(time.RFC3339), strconv.Itoa(int(until.Sub(l.FoundAt).Hours())), owner,
			csvfile.Inert(l.Note), csvfile.Inert(l.Error), l.MendedBy, closed, l.ClosedBy,
		})
	}
	return c.Attach("reconciliation.csv", csvfile.Type, csvfile.Bytes(records))
}

// decimal writes a sum, which may be below zero, with the digits of its currency.
func decimal(amount int64, currency string) string {
	if amount < 0 {
		return "-" + money.Of(-amount, currency).Decimal()
	}
	return money.Of(amount, currency).Decimal()
}

// runReconciliation enqueues a run; the form's key makes a second click the same run.
func (d Deps) runReconciliation(c *page.Ctx) error {
	day, err := time.Parse(time.DateOnly, c.FormValue("day"))
	if err == nil {
		err = d.Reconciler.Ask(c.Request().Context(), c.Viewer.UserID, c.FormValue("provider"), day, c.FormValue("key"))
	} else {
		err = reconcile.ErrDayNotOver
	}
	switch {
	case err == nil:
		c.Flash(ui.Success, "reconciliation_asked")
	case errors.Is(err, reconcile.ErrDayNotOver):
		c.Flash(ui.Warning, "reconciliation_day")
	default:
		return err
	}
	return c.Redirect("/admin/reconciliation")
}

func (d Deps) takeDifference(c *page.Ctx) error {
	return d.differenceDone(c, "difference_taken",
		d.Reconciler.Take(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id"))))
}

func (d Deps) closeDifference(c *page.Ctx) error {
	id, note := formvalue.ID(c.Param("id")), c.FormValue("note")
	err := d.Reconciler.Close(c.Request().Context(), c.Viewer.UserID, id, note)
	if errors.Is(err, reconcile.ErrNote) {
		return d.renderReconciliation(c, http.StatusUnprocessableEntity, id, note)
	}
	return d.differenceDone(c, "difference_settled", err)
}

func (d Deps) differenceDone(c *page.Ctx, done string, err error) error {
	switch {
	case err == nil:
		c.Flash(ui.Success, done)
	case errors.Is(err, reconcile.ErrClosed):
		c.Flash(ui.Info, "difference_gone")
	default:
		return err
	}
	return c.Redirect("/admin/reconciliation")
}
