package admin

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"videomall/views/admin/duties"
	"videomall/views/ui"
)

// Opens reports whether the viewer's duties open an address of the console.
func Opens(ctx context.Context, address string) bool {
	return duties.Opens(ui.From(ctx).Roles, address)
}

// To is the href of a link into the console; none, so that its words stand alone, where the viewer may not go.
func To(ctx context.Context, address string) templ.Attributes {
	if !Opens(ctx, address) {
		return templ.Attributes{}
	}
	return templ.Attributes{"href": address}
}

// PersonURL is where somebody's page is.
func PersonURL(n int64) string { return "/admin/people/" + strconv.FormatInt(n, 10) }

// LogURL is where the audit log is listed about a subject.
func LogURL(subject string) string { return "/admin/audit?subject=" + url.QueryEscape(subject) }

// ActsURL is where the audit log is listed of what somebody did.
func ActsURL(userID int64) string { return "/admin/audit?actor=" + id(userID) }

// productOrdersURL is where the orders of a product are listed.
func productOrdersURL(spuID int64) string { return "/admin/orders?product=" + id(spuID) }

// CaseAnchor names an order's case on the page of cases.
func CaseAnchor(n int64) string { return "case-" + id(n) }

// SubjectURL is the console's page of what an entry of the audit log is about; empty for what has none.
func SubjectURL(subject string) string {
	kind, name, _ := strings.Cut(subject, ":")
	if name == "" {
		return ""
	}
	name = url.PathEscape(name)
	switch kind {
	case "order":
		return "/admin/orders/" + name
	case "spu":
		return "/admin/products/" + name
	case "account", "creator":
		return "/admin/people/" + name
	case "payout":
		return "/admin/payouts/" + name
	case "campaign":
		return "/admin/sales/" + name
	case "coupon":
		return "/admin/offers/coupons/" + name
	case "case":
		return "/admin/review/" + name
	case "order_case":
		return "/admin/cases#case-" + name
	case "takedown":
		return "/admin/takedowns"
	case "list_entry":
		return "/admin/lists"
	case "event", "job":
		return "/admin/dead-letters"
	}
	return ""
}
