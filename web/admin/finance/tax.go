package finance

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/tax"
	financeview "videomall/views/admin/finance"
	"videomall/views/ui"
	"videomall/web/csvfile"
	"videomall/web/formvalue"
	"videomall/web/page"
)

func (d Deps) showTax(c *page.Ctx) error {
	zone := d.Taxes.Shop().Zone
	return d.renderTax(c, http.StatusOK, financeview.RateForm{From: zone.DayOf(c.Now).Format(time.DateOnly)})
}

func (d Deps) renderTax(c *page.Ctx, status int, f financeview.RateForm) (err error) {
	p := financeview.TaxPage{
		Shop: d.Taxes.Shop(),
		Now:  c.Now,
		Form: f,
	}
	if p.Rates, err = d.Taxes.Rates(c.Request().Context()); err != nil {
		return err
	}
	return c.Render(status, c.Text.T("tax.title"), financeview.Tax(p))
}

// addRate adds a rate from a day of the shop's zone. A second click is refused, since the country has that rate then.
func (d Deps) addRate(c *page.Ctx) error {
	f := financeview.RateForm{
		Country: c.FormValue("country"),
		Name:    c.FormValue("name"),
		Rate:    c.FormValue("rate"),
		From:    c.FormValue("from"),
	}
	from, _ := d.startOf(f.From)
	err := d.Taxes.AddRate(c.Request().Context(), tax.NewRate{
		Country:     f.Country,
		Name:        f.Name,
		BasisPoints: int(money.ParseDecimal(f.Rate, "", 2)), // two decimals of a percent
		From:        from,
		ActorID:     c.Viewer.UserID,
	})
	switch {
	case err == nil:
		c.Flash(ui.Success, "tax_rate_added")
		return c.Redirect("/admin/tax")
	case errors.Is(err, tax.ErrRateOverlap):
		f.Errors = map[string]string{"from": tax.ErrRateOverlap.Slug}
		return d.renderTax(c, http.StatusConflict, f)
	case errors.Is(err, tax.ErrRate):
		f.Errors = fault.From(err).Fields
		return d.renderTax(c, http.StatusUnprocessableEntity, f)
	}
	return err
}

// startOf returns when a day of the shop's zone begins; ok is false for what is no day.
func (d Deps) startOf(day string) (at time.Time, ok bool) {
	parsed, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Time{}, false
	}
	return d.Taxes.Shop().Zone.Start(parsed), true
}

func (d Deps) endRate(c *page.Ctx) error {
	until, ok := d.startOf(c.FormValue("on"))
	if !ok {
		return page.ErrBadRequest(fmt.Errorf("no day: %.40q", c.FormValue("on")))
	}
	err := d.Taxes.EndRate(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")), until)
	switch {
	case err == nil:
		c.Flash(ui.Success, "tax_rate_ended")
	case errors.Is(err, tax.ErrRateEnded):
		c.Flash(ui.Info, "tax_rate_gone")
	default:
		return err
	}
	return c.Redirect("/admin/tax")
}

// The periods that the report offers.
const (
	reportMonths   = 24
	reportQuarters = 8
)

// periods returns the months and quarters of the shop's zone that can be reported, the latest first, each by its name.
func (d Deps) periods(now time.Time) (names []string, months map[string][2]time.Time) {
	zone, months := d.Taxes.Shop().Zone, map[string][2]time.Time{}
	add := func(name string, first time.Time, n int) {
		names = append(names, name)
		months[name] = [2]time.Time{zone.Start(first), zone.Start(first.AddDate(0, n, 0))}
	}
	month := zone.MonthOf(now)
	for n := range reportMonths {
		first := month.AddDate(0, -n, 0)
		add(first.Format("2006-01"), first, 1)
	}
	quarter := month.AddDate(0, -(int(month.Month())-1)%3, 0)
	for n := range reportQuarters {
		first := quarter.AddDate(0, -3*n, 0)
		add(fmt.Sprintf("%d-Q%d", first.Year(), (first.Month()+2)/3), first, 3)
	}
	return names, months
}

// taxReport reads the period that the address names; the present month if it names none.
func (d Deps) taxReport(c *page.Ctx) (p financeview.TaxReportPage, err error) {
	names, bounds := d.periods(c.Now)
	p.Period, p.Periods = c.QueryParam("period"), names
	if !slices.Contains(names, p.Period) {
		p.Period = names[0]
	}
	p.CSV = "/admin/tax/report.csv?period=" + p.Period
	p.Sums, err = d.Orders.TaxSums(c.Request().Context(), bounds[p.Period][0], bounds[p.Period][1])
	return p, err
}

func (d Deps) showTaxReport(c *page.Ctx) error {
	p, err := d.taxReport(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("tax.report_title"), financeview.TaxReport(p))
}

func (d Deps) exportTaxReport(c *page.Ctx) error {
	p, err := d.taxReport(c)
	if err != nil {
		return err
	}
	records := [][]string{{
		"period", "country", "kind", "rate_percent", "currency", "sold", "tax", "refunded", "tax_refunded", "tax_owed",
	}}
	for _, s := range p.Sums {
		of := []string{p.Period, s.Country, string(s.Kind), percent(s.BasisPoints), s.Currency}
		records = append(records, append(of, sums(s)...))
	}
	return c.Attach("tax-"+p.Period+".csv", csvfile.Type, csvfile.Bytes(records))
}

// percent writes basis points with two decimals: 19.00.
func percent(basisPoints int) string {
	return strconv.Itoa(basisPoints/100) + "." + fmt.Sprintf("%02d", basisPoints%100)
}

func sums(s order.TaxSum) (cells []string) {
	for _, amount := range []int64{s.Sold, s.Tax, s.Refunded, s.TaxRefunded, s.Owed()} {
		cells = append(cells, decimal(amount, s.Currency))
	}
	return cells
}
