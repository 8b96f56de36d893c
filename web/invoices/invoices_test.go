package invoices_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/calendar"
	"videomall/mall/invoice"
	"videomall/mall/order"
	"videomall/mall/tax"
	admininvoices "videomall/web/admin/invoices"
	"videomall/web/checkout"
	"videomall/web/invoices"
	"videomall/web/webtest"
)

// desk is a mall with the pages of orders and of their documents.
type desk struct {
	*webtest.Mall
	invoices       *invoice.Invoices
	mia, tim, olga *webtest.Browser
	buyer          account.User
}

func open(t *testing.T) *desk {
	t.Helper()
	t.Parallel()
	d := &desk{}
	d.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		zone, _ := calendar.Find("Asia/Shanghai")
		d.invoices = invoice.New(invoice.Deps{
			Pool:     m.Pool,
			Now:      m.Now,
			Orders:   m.Orders,
			Payments: m.Payments,
			River:    m.Jobs,
			Seller:   invoice.Seller{Name: "Mall Ltd", Address: []string{"Road 1"}},
			Tax:      tax.Shop{Zone: zone},
			Buyer: func(ctx context.Context, id int64) (string, error) {
				u, err := m.Accounts.User(ctx, id)
				return u.Name, err
			},
		})
		pages := invoices.Deps{Site: m.Site, Invoices: d.invoices, Orders: m.Orders}
		invoices.Routes(g, pages)
		admininvoices.Routes(g, admininvoices.Deps{
			Site:     m.Site,
			Invoices: d.invoices,
			Orders:   m.Orders,
			Accounts: m.Accounts,
		})
		checkout.Routes(g, checkout.Deps{
			Site:      m.Site,
			Catalog:   m.Catalog,
			Carts:     m.Carts,
			Orders:    m.Orders,
			Payments:  m.Payments,
			Documents: pages.OfOrder,
		})
	}})
	d.buyer = d.Person("mia", account.RoleShopper)
	d.mia = d.Browser(d.buyer.ID)
	d.tim = d.Browser(d.Person("tim", account.RoleShopper).ID)
	d.olga = d.Browser(d.Person("olga", account.RoleOperator).ID)
	return d
}

func (d *desk) no(t *testing.T, o order.Order) string {
	t.Helper()
	docs, err := d.invoices.OfOrder(t.Context(), o.OrderNo)
	if err != nil || len(docs) == 0 {
		t.Fatalf("%d documents, %v", len(docs), err)
	}
	return docs[len(docs)-1].No()
}

// The page of an order issues an invoice that is missing. Its buyer downloads it in either language, and nobody else.
func TestDocuments_download(t *testing.T) {
	d := open(t)
	o := d.Bought(d.buyer.ID, d.Video(990, -1))
	at := "/orders/" + o.OrderNo
	d.mia.Get(at).Wants(200).Shows("Receipts and invoices", "INV-")
	no := d.no(t, o)
	file := d.mia.Get(at + "/documents/" + no + "?lang=zh-CN").Wants(200)
	if h := file.Header; !strings.HasPrefix(file.Body, "%PDF-") || h.Get("Cache-Control") != "private, no-cache" ||
		h.Get("Content-Type") != "application/pdf" ||
		h.Get("Content-Disposition") != `attachment; filename="`+no+`.pdf"` {
		t.Errorf("%v", h)
	}
	if shown := read(t, []byte(file.Body)); !strings.Contains(shown, "账单") || !strings.Contains(shown, d.buyer.Name) {
		t.Error(shown)
	}
	d.mia.Get(at + "/documents/" + no + "?lang=x").Wants(200)
	for _, wrong := range []string{"INV-2026-000099", "1", no + "0", "CN-2026-000001"} {
		d.mia.Get(at + "/documents/" + wrong).Wants(404)
	}
	other := d.Bought(d.buyer.ID, d.Video(500, -1))
	d.mia.Get("/orders/" + other.OrderNo + "/documents/" + no).Wants(404)
	d.tim.Get(at + "/documents/" + no).Wants(404)
	d.tim.Get(at + "/details").Wants(404)
	d.tim.Get(at + "/fapiao").Wants(404)
	d.tim.Get("/admin/invoices/documents/" + no).Wants(404)
	d.Browser(0).Get(at + "/documents/" + no).Wants(303)
	d.olga.Get(at + "/documents/" + no).Wants(404)
	d.olga.Get("/admin/invoices/documents/" + no).Wants(200)
}

func TestDocuments_free_and_unpaid(t *testing.T) {
	d := open(t)
	free := d.Bought(d.buyer.ID, d.Video(0, -1))
	d.mia.Get("/orders/" + free.OrderNo).Wants(200).Hides("Receipts and invoices")
	if n := webtest.Query[int64](d.Mall, "select count(*) from invoice")[0]; n != 0 {
		t.Errorf("%d documents", n)
	}
}

func TestDetails(t *testing.T) {
	d := open(t)
	o := d.Bought(d.buyer.ID, d.Video(990, -1))
	at := "/orders/" + o.OrderNo
	d.mia.Get(at + "/details").Wants(303)
	d.mia.Get(at).Shows("Correct the details")
	first := d.no(t, o)
	form := d.mia.Get(at + "/details").Wants(200).Form(at + "/details")
	form.Set("country", "DE")
	form.Set("company", "Müller <KG>")
	form.Set("vat_id", "DE1")
	again := d.mia.Post(at+"/details", form).Wants(422).Form(at + "/details")
	if again.Get("company") != "Müller <KG>" {
		t.Errorf("typed: %v", again)
	}
	form.Set("vat_id", "")
	for range 2 {
		d.mia.Post(at+"/details", form).Wants(303)
	}
	d.tim.Post(at+"/details", form).Wants(404)
	d.mia.Get(at).Shows(first, "Credit note", "INV-")
	if no := d.no(t, o); no == first {
		t.Error("nothing was issued again")
	}
	if n := webtest.Query[int64](d.Mall, "select count(*) from invoice")[0]; n != 3 {
		t.Errorf("%d documents", n)
	}
	d.Advance(invoice.CorrectWithin)
	d.mia.Get(at + "/details").Wants(303)
}

func TestConsole_invoices(t *testing.T) {
	d := open(t)
	d.olga.Get("/admin/invoices").Wants(200).Shows("No documents", "No number was given yet.")
	o := d.Bought(d.buyer.ID, d.Video(990, -1))
	if err := d.invoices.Issue(t.Context(), o.OrderNo); err != nil {
		t.Fatal(err)
	}
	no := d.no(t, o)
	d.olga.Get("/admin/invoices").Wants(200).Shows(no, d.buyer.Name, "CN¥9.90", "No gaps")
	d.olga.Get("/admin/invoices?from=2001-01-01&until=2001-02-01").Wants(200).Hides(o.OrderNo).Shows("No gaps")
	d.olga.Get("/admin/invoices?from=x&until=99999-01-01&before=x&number=").Wants(200)
	if a := d.olga.Get("/admin/invoices?number=" + strings.ToLower(no)).Wants(303); !strings.HasPrefix(
		a.Header.Get("Location"), "/admin/orders/"+o.OrderNo) {
		t.Error(a.Header)
	}
	d.olga.Get("/admin/invoices?number=INV-2026-999999").Wants(200).Shows("There is no document with this number.")
	csv := d.olga.Get("/admin/invoices.csv").Wants(200)
	if !strings.Contains(csv.Body, no+",invoice,") || !strings.Contains(csv.Body, ",9.90,0.00,9.90,CNY,false") {
		t.Errorf("CSV: %q", csv.Body)
	}
	d.mia.Get("/admin/invoices").Wants(404)
	d.mia.Get("/admin/invoices.csv").Wants(404)
}

func TestFapiao_from_request_to_number(t *testing.T) {
	d := open(t)
	o := d.Bought(d.buyer.ID, d.Video(990, -1))
	at := "/orders/" + o.OrderNo
	d.mia.Get(at).Wants(200).Hides("Request a fapiao") // neither in China nor in Chinese
	d.mia.Cookie("lang", "zh-CN")
	d.mia.Get(at).Wants(200).Shows("申请开具发票")
	form := d.mia.Get(at + "/fapiao").Wants(200).Shows("¥9.90").Form(at + "/fapiao")
	form.Set("type", "company")
	form.Set("title", "=上海<b>")
	form.Set("taxpayer_no", "91350100M000100Y44")
	again := d.mia.Post(at+"/fapiao", form).Wants(422).Shows("这不是有效的统一社会信用代码").Form(at + "/fapiao")
	if again.Get("taxpayer_no") != "91350100M000100Y44" || again.Get("title") != "=上海<b>" {
		t.Errorf("typed: %v", again)
	}
	form.Set("taxpayer_no", "91350100M000100Y43")
	for range 2 {
		d.mia.Post(at+"/fapiao", form).Wants(303)
	}
	d.tim.Post(at+"/fapiao", form).Wants(404)
	d.mia.Get(at).Shows("已申请").Hides("申请开具发票")
	desk := "/admin/invoices/fapiao"
	id := webtest.Query[string](d.Mall, "select id::text from fapiao_request")[0]
	d.olga.Get(desk).Wants(200).Shows("=上海<b>", "91350100M000100Y43", "CN¥9.90", o.OrderNo)
	d.olga.Post(desk+"/"+id+"/issue", url.Values{"fapiao_no": {strings.Repeat("1", 41)}}).Wants(422).
		Shows("Enter a number of at most 40 characters.")
	d.olga.Post(desk+"/"+id+"/decline", url.Values{"answer": {""}}).Wants(422).Shows("Say in a few words why.")
	d.mia.Post(desk+"/"+id+"/issue", url.Values{"fapiao_no": {"1"}}).Wants(404)
	for range 2 {
		d.olga.Post(desk+"/"+id+"/issue", url.Values{"fapiao_no": {"26312000000012345678"}}).Wants(303)
	}
	d.olga.Post(desk+"/"+id+"/decline", url.Values{"answer": {"late"}}).Wants(303)
	d.olga.Post(desk+"/99/issue", url.Values{"fapiao_no": {"1"}}).Wants(404)
	d.mia.Get(at).Shows("已开具", "26312000000012345678")
	d.olga.Get(desk + "?status=issued&after=0").Wants(200).Shows("26312000000012345678")
	d.olga.Get(desk + "?status=x&after=x").Wants(200).Shows("No requests")
}

// Until it is delivered, the page says that the receipt is coming.
func TestDocuments_being_made(t *testing.T) {
	d := open(t)
	o := d.Bought(d.buyer.ID, d.Video(990, -1))
	_, err := d.Pool.Exec(t.Context(), `update video_order set status = 'PAID', paid_at = $1`, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	d.mia.Get("/orders/" + o.OrderNo).Wants(200).Shows("Your receipt is being made.")
}
