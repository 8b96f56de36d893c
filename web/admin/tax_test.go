package admin_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"videomall/web/webtest"
)

func TestTax_rates_and_report(t *testing.T) {
	d := open(t)
	d.b.Get("/admin/tax").Wants(200).Shows("No rates yet", "Germany", "with tax")
	today := d.Now().UTC()
	add := func(country, rate, from string, status int) webtest.Answer {
		t.Helper()
		return d.b.Post("/admin/tax/rates", url.Values{
			"country": {country}, "name": {"MwSt."}, "rate": {rate}, "from": {from},
		}).Wants(status)
	}
	day := func(n int) string { return today.AddDate(0, 0, n).Format(time.DateOnly) }
	for _, rate := range []string{"0", "50.01", "1.234", "-5", "x"} {
		add("DE", rate, day(0), 422).Shows("percentage")
	}
	add("UK", "20", day(0), 422).Shows("Choose a country from the list.")
	add("DE", "19", day(-1), 422).Shows("Choose a day from today on")
	add("DE", "19", "soon", 422).Shows("Choose a day from today on")
	add("DE", "19", day(0), 303)
	add("DE", "20,5", day(40), 303)
	add("DE", "21", day(20), 409).Shows("A rate of this country begins on that day or later.")
	d.b.Get("/admin/tax").Wants(200).Shows("19%", "20.5%", "Planned", "Applies", day(40))

	o := d.Bought(d.mia.ID, d.Video(1190, -1))
	month := today.Format("2006-01")
	d.b.Get("/admin/tax/report").Wants(200).Shows("Germany", "19%", "¥10.00", "¥1.90")
	quarter := fmt.Sprintf("%d-Q%d", today.Year(), (today.Month()+2)/3)
	csv := d.b.Get("/admin/tax/report.csv?period=" + quarter).Wants(200)
	if want := quarter + ",DE,standard,19.00,CNY,10.00,1.90,0.00,0.00,1.90\r\n"; !strings.HasSuffix(csv.Body, want) {
		t.Errorf("the file is\n%s, wanted\n%s", csv.Body, want)
	}
	if next := d.b.Get("/admin/tax/report.csv?period=1999-01").Wants(200); !strings.Contains(next.Body, month+",DE") {
		t.Errorf("an unknown period: %s", next.Body)
	}
	d.b.Get("/admin/orders/" + o.OrderNo).Wants(200).Shows("Includes 19% MwSt.: CN¥1.90")

	ids := webtest.Query[int64](d.Mall, "select id from tax_rate order by valid_from")
	end := func(id int64, on string) {
		t.Helper()
		d.b.Post(fmt.Sprintf("/admin/tax/rates/%d/end", id), url.Values{"on": {on}}).Wants(303)
	}
	end(ids[1], day(1)) // it would not have begun
	if left := webtest.Query[bool](d.Mall, "select valid_until is null from tax_rate"); len(left) != 1 || !left[0] {
		t.Errorf("after the planned rate was removed: %v", left)
	}
	end(ids[0], day(0))
	end(ids[0], day(3)) // has ended
	d.b.Get("/admin/tax").Wants(200).Shows("This rate had ended already.", "Over")
	d.b.Post("/admin/tax/rates/4711/end", url.Values{"on": {day(0)}}).Wants(404)
	d.b.Post(fmt.Sprintf("/admin/tax/rates/%d/end", ids[0]), url.Values{"on": {"x"}}).Wants(400)
	if p := d.Bought(d.mia.ID, d.Video(1190, -1)); !p.Tax.Amount.IsZero() {
		t.Errorf("after the end: %+v", p.Tax)
	}
}
