package campaigns_test

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/account"
	"videomall/mall/exchange"
	"videomall/mall/payment"
	"videomall/mall/promotion"
	"videomall/web/webtest"
)

// typed returns a form for a sale of one video at 4.90 that starts in an hour and lasts one hour, with times in the
// reader's zone.
func (f *fair) typed(zone *time.Location, sku int64, change ...string) url.Values {
	at := func(in time.Duration) string { return f.Now().Add(in).In(zone).Format("2006-01-02T15:04") }
	v := url.Values{
		"name_en":   {"Midnight sale"},
		"name_zh":   {"午夜抢购"},
		"starts_at": {at(time.Hour)},
		"ends_at":   {at(2 * time.Hour)},
		"sku":       {strconv.FormatInt(sku, 10)},
		"price":     {"4.90"},
		"units":     {"5"},
		"per_user":  {"1"},
		"do":        {"save"},
	}
	for i := 0; i+1 < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

var beijing = time.FixedZone("CST", 8*3600)

func (f *fair) campaign(id int64) promotion.Campaign {
	f.t.Helper()
	list, err := f.Promotions.Find(f.t.Context(), []int64{id})
	f.ok(err)
	return list[0]
}

// created returns the campaign that the answer of the form redirects to.
func (f *fair) created(a webtest.Answer, base string) promotion.Campaign {
	f.t.Helper()
	a.Wants(303)
	id, err := strconv.ParseInt(strings.TrimPrefix(a.Location, base+"/sales/"), 10, 64)
	f.ok(err)
	return f.campaign(id)
}

func TestCampaigns_create_edit_schedule_stop(t *testing.T) {
	f := open(t)
	sku := f.Video(990, 20)
	b := f.Browser(f.creator.ID)
	b.Get("/studio/sales").Wants(200).Shows("No sale yet")
	b.Get("/studio/sales/new").Wants(200).Shows("Film 1", "CN¥9.90", "Time zone: UTC")
	c := f.created(b.Post("/studio/sales", f.typed(time.UTC, sku)), "/studio")
	if c.OwnerID != f.creator.ID || c.Name.En != "Midnight sale" || len(c.Items) != 1 ||
		c.Items[0].Amount.Amount != 490 ||
		c.Items[0].Units != 5 {
		t.Fatalf("created campaign: got %+v", c)
	}
	if in := c.StartsAt.Sub(f.Now()); in < 58*time.Minute || in > time.Hour {
		t.Errorf("time until the start: got %s, want about an hour", in)
	}
	here := "/studio" + path(c)
	draft := b.Get(here).Wants(200).Shows("Draft", "Schedule")
	form := draft.Form(here)
	if form.Get("price") != "4.90" || form.Get("name_zh") != "午夜抢购" || form.Get("version") != strconv.Itoa(c.Version) {
		t.Errorf("form: got %v, want what was saved", form)
	}
	form.Set("units", "7")
	if a := b.Post(here, form).Wants(303); a.Location != here || f.campaign(c.ID).Items[0].Units != 7 {
		t.Errorf("campaign after the edit: got %+v, want 7 units", f.campaign(c.ID))
	}
	if a := b.Post(here, form).Wants(303); a.Location != here { // the same form again, which is outdated now
		t.Errorf("redirect of an old form: got %s, want %s", a.Location, here)
	}
	b.Get(here).Wants(200).Shows("The sale has changed since you looked")
	b.Post(here+"/schedule", b.Get(here).Form(here+"/schedule")).Wants(303)
	b.Get(here).Wants(200).Shows("Scheduled", "Film 1", "7").Hides("Save draft")
	f.TurnSales(61 * time.Minute)
	f.SetSaleStock(c, 4, 2, 1)
	running := b.Get(here).Wants(200).Shows("On now", "7 4 2 1")
	b.Post(here+"/stop", running.Form(here+"/stop")).Wants(303)
	b.Get(here).Wants(200).Shows("The sale is over", "Over")
	b.Get("/studio/sales").Wants(200).Shows("Midnight sale", "Over")
	if left, err := f.Inventory.Available(t.Context(), []int64{sku}); err != nil || left[sku] != 17 {
		t.Errorf("normal stock: got %d, %v, want 17", left[sku], err)
	}
}

func TestCampaigns_zone(t *testing.T) {
	f := open(t)
	sku := f.Video(990, -1)
	b := f.Browser(f.olga.ID)
	b.Lang = "zh-CN"
	b.Get("/admin/sales/new").Wants(200).Shows("时区：北京时间（UTC+8）")
	c := f.created(b.Post("/admin/sales", f.typed(beijing, sku)), "/admin")
	if in := c.StartsAt.Sub(f.Now()); in < 58*time.Minute || in > time.Hour {
		t.Errorf("time until the start: got %s, want about an hour", in)
	}
	here := "/admin" + path(c)
	if got := b.Get(here).Form(here).Get("starts_at"); got != c.StartsAt.In(beijing).Format("2006-01-02T15:04") {
		t.Errorf("start in the Chinese form: got %s, want it in Beijing time", got)
	}
	b.Lang = "en"
	if got := b.Get(here).Form(here).Get("starts_at"); got != c.StartsAt.UTC().Format("2006-01-02T15:04") {
		t.Errorf("start in the English form: got %s, want it in UTC", got)
	}
}

func TestCampaigns_wrong_form_comes_back(t *testing.T) {
	f := open(t)
	sku := f.Video(990, -1)
	b := f.Browser(f.creator.ID)
	for _, c := range []struct{ field, value, id, says string }{
		{"name_en", "", "name_en", "Give it a name."},
		{"name_zh", strings.Repeat("长", 81), "name_zh", "That is more than 80 letters."},
		{"starts_at", "tomorrow", "starts_at", "Give a date and a time."},
		{"ends_at", "2020-01-01T00:00", "ends_at", "The end must come after the start."},
		{"sku", "", "sku-0", "Choose a video that is for sale."},
		{"price", "9,90", "price-0", "It must be lower than the normal price."},
		{"price", "cheap", "price-0", "Type a price such as 9.90."},
		{"price", "4.905", "price-0", "Type a price such as 9.90."},
		{"units", "1.5", "units-0", "A whole number from 1 to 1,000,000."},
		{"per_user", "101", "per-user-0", "A whole number from 1 to 100."},
	} {
		a := b.Post("/studio/sales", f.typed(time.UTC, sku, c.field, c.value)).Wants(422).Shows(c.says)
		if !a.Has(`id="` + c.id + `-error"`) {
			t.Errorf("%s=%q: field has no error", c.field, c.value)
		}
		if form := a.Form("/studio/sales"); form.Get("name_en") != f.typed(time.UTC, sku, c.field, c.value).
			Get("name_en") || form.Get(c.field) != c.value {
			t.Errorf("%s=%q: form: got %v, want what was typed", c.field, c.value, form)
		}
	}
	if n := webtest.Query[int64](f.Mall, `select count(*) from promotion_campaign`)[0]; n != 0 {
		t.Errorf("campaigns: got %d, want 0", n)
	}
}

func TestCampaigns_add_and_remove_videos(t *testing.T) {
	f := open(t)
	one, two := f.Video(990, -1), f.Video(1990, -1)
	b := f.Browser(f.creator.ID)
	form := b.Post("/studio/sales", f.typed(time.UTC, one, "do", "add")).Wants(200).Form("/studio/sales")
	if len(form["sku"]) != 2 || form.Get("name_en") != "Midnight sale" || form["price"][0] != "4.90" {
		t.Fatalf("form with another row: got %v", form)
	}
	form["sku"][1] = strconv.FormatInt(two, 10)
	form["price"][1] = "5"
	form["units"][1] = "3"
	form.Set("do", "save")
	c := f.created(b.Post("/studio/sales", form), "/studio")
	if len(c.Items) != 2 || c.Items[1].SKUID != two || c.Items[1].Amount.Amount != 500 {
		t.Fatalf("items of the campaign: got %+v, want two", c.Items)
	}
	here := "/studio" + path(c)
	form = b.Get(here).Form(here)
	form.Set("do", "remove-0")
	form = b.Post(here, form).Wants(200).Form(here)
	if diff := cmp.Diff([]string{strconv.FormatInt(two, 10)}, form["sku"]); diff != "" {
		t.Fatalf("form without the first row: %v (-want +got):\n%s", form, diff)
	}
	form.Set("do", "remove-0")
	form = b.Post(here, form).Wants(200).Form(here)
	form.Set("do", "save")
	b.Post(here, form).Wants(422).Shows("Choose at least one video.")
}

func TestCampaigns_schedule_refused(t *testing.T) {
	f := open(t)
	sku := f.Video(990, 4)
	b := f.Browser(f.creator.ID)
	c := f.created(b.Post("/studio/sales", f.typed(time.UTC, sku)), "/studio")
	here := "/studio" + path(c)
	form := b.Get(here).Form(here + "/schedule")
	a := b.Post(here+"/schedule", form).Wants(409).
		Shows("The sale was not scheduled", "The normal stock has fewer units left.")
	if !a.Has(`id="units-0-error"`) {
		t.Error("field of the units has no error")
	}
	if _, err := f.Inventory.SetStock(t.Context(), sku, 50); err != nil {
		t.Fatal(err)
	}
	f.ScheduledSale(5, sku)
	b.Post(here+"/schedule", form).Wants(409).Shows("Another sale has this video.")
	if s := f.campaign(c.ID).Status; s != promotion.Drafted {
		t.Errorf("status after refused requests: got %s, want drafted", s)
	}
}

func TestCampaigns_access(t *testing.T) {
	f := open(t)
	sku := f.Video(990, -1)
	mine := f.created(f.Browser(f.creator.ID).Post("/studio/sales", f.typed(time.UTC, sku)), "/studio")
	other := f.Browser(f.Person("eve", account.RoleCreator).ID)
	for _, verb := range []string{"", "/schedule", "/cancel", "/stop"} {
		other.Post("/studio"+path(mine)+verb, f.typed(time.UTC, sku, "version", "0")).Wants(404)
	}
	other.Get("/studio" + path(mine)).Wants(404)
	other.Get("/studio/sales").Wants(200).Hides("Midnight sale")
	other.Get("/studio/sales/new").Wants(200).Hides("Film 1")
	other.Post("/studio/sales", f.typed(time.UTC, sku)).Wants(404) // another's video
	for who, b := range map[string]*webtest.Browser{
		"a shopper":                 f.Browser(f.mia.ID),
		"a creator in the console":  other,
		"an operator in the studio": f.Browser(f.olga.ID),
	} {
		base := "/admin"
		if who == "an operator in the studio" {
			base = "/studio"
		}
		for _, p := range []string{"/sales", "/sales/new", path(mine)} {
			if a := b.Get(base + p); a.Status != 404 {
				t.Errorf("%s: got %d from %s, want 404", who, a.Status, base+p)
			}
		}
		if a := b.Post(base+"/sales", f.typed(time.UTC, sku)); a.Status != 404 {
			t.Errorf("%s creates a sale: got %d, want 404", who, a.Status)
		}
	}
	if c := f.campaign(mine.ID); c.Status != promotion.Drafted || c.Version != mine.Version {
		t.Errorf("campaign after refused requests: got %+v, want it unchanged", c)
	}
	// Operators manage the sales of all creators on the same pages.
	olga := f.Browser(f.olga.ID)
	olga.Get("/admin/sales").Wants(200).Shows("Midnight sale")
	here := "/admin" + path(mine)
	olga.Post(here+"/schedule", olga.Get(here).Form(here+"/schedule")).Wants(303)
	olga.Post(here+"/cancel", olga.Get(here).Form(here+"/cancel")).Wants(303)
	olga.Get(here).Wants(200).Shows("Cancelled")
}

func TestCampaigns_pages(t *testing.T) {
	f := open(t)
	_, err := f.Pool.Exec(t.Context(), `insert into promotion_campaign (owner_id, name_zh, name_en, starts_at, ends_at)
		select $1, 'x', 'Sale ' || n, now(), now() + interval '1 hour' from generate_series(1, 51) n`, f.creator.ID)
	f.ok(err)
	b := f.Browser(f.creator.ID)
	first := b.Get("/studio/sales").Wants(200).Shows("Sale 51", "Sale 2 ").Hides("Sale 1 ")
	id := webtest.Query[int64](f.Mall, `select id from promotion_campaign where name_en = 'Sale 2'`)[0]
	next := fmt.Sprintf("/studio/sales?before=%d", id)
	if !first.Has(next) {
		t.Fatal("first page lacks the link to the next one")
	}
	b.Get(next).Wants(200).Shows("Sale 1 ").Hides("Sale 2 ")
	b.Get("/studio/sales?before=x").Wants(200).Shows("Sale 51")
}

// A sale whose price no provider takes, as it is or converted, is kept, with a warning beside the price.
func TestCampaigns_warns_of_what_nobody_could_pay(t *testing.T) {
	f := open(t, payment.Method{
		Currencies: []string{"CNY", "USD"},
		Least:      map[string]int64{"CNY": 10, "USD": 50},
	})
	sku := f.Video(990, 20)
	b := f.Browser(f.creator.ID)
	b.Get("/studio/sales/new").Wants(200).Hides("No payment provider takes")
	cheap := f.created(b.Post("/studio/sales", f.typed(time.UTC, sku, "price", "0.09")), "/studio")
	b.Get("/studio" + path(cheap)).Wants(200).Shows("No payment provider takes CN¥0.09. Whoever buys it alone")
	f.ok(f.Exchange.SaveCurrency(t.Context(), 1, exchange.Currency{Code: "USD", Step: 1, Offered: true}))
	f.ok(f.Exchange.AddRate(t.Context(), exchange.NewRate{Currency: "USD", Rate: "0.1", Confirmed: true}))
	f.Advance(4 * time.Second) // rates are kept in memory for three
	for price, want := range map[string]string{"4.90": "$0.49", "0.09": "CN¥0.09, $0.01"} {
		b.Post("/studio/sales", f.typed(time.UTC, sku, "price", price, "units", "x")).Wants(422).
			Shows("No payment provider takes " + want + ".")
	}
	b.Post("/studio/sales", f.typed(time.UTC, sku, "price", "5.00", "units", "x")).Wants(422).Hides("No payment provider")
	for _, price := range []string{"", "cheap", "0"} { // no price to judge
		b.Post("/studio/sales", f.typed(time.UTC, sku, "price", price)).Wants(422).Hides("No payment provider")
		b.Post("/studio/sales", f.typed(time.UTC, sku, "price", price, "do", "add")).Wants(200).
			Hides("No payment provider")
	}
	console := f.Browser(f.olga.ID).Get("/admin" + path(cheap)).Wants(200).
		Shows("No payment provider takes CN¥0.09, $0.01.")
	if !console.Has(`id="price-0-warning"`) {
		t.Error("the warning is not beside the price")
	}
}
