// Package duties says which duty of operators each address of the console belongs to. It is the only place that does:
// the gate of the console, its navigation and its links ask here.
package duties

import (
	"strings"

	"videomall/mall/account"
)

// Any is the duty of addresses that are every operator's. They show only what the operator's own duties allow.
const Any = "any"

// Area is an address with all that lie below it, but for those that have an area of their own.
type Area struct {
	Address string // a segment that begins with ":" stands for any
	Duty    string
}

// Areas are those of the console.
func Areas() []Area {
	return []Area{
		{"/admin", Any},
		{"/admin/search", Any},

		{"/admin/orders", account.DutyOrders},
		{"/admin/refunds", account.DutyOrders},
		{"/admin/disputes", account.DutyOrders},
		{"/admin/cases", account.DutyOrders},
		{"/admin/invoices", account.DutyOrders},

		{"/admin/payouts", account.DutyMoney},
		{"/admin/books", account.DutyMoney},
		{"/admin/reconciliation", account.DutyMoney},
		{"/admin/tax", account.DutyMoney},
		{"/admin/currencies", account.DutyMoney},
		{"/admin/people/:id/statements", account.DutyMoney},

		{"/admin/review", account.DutyReview},
		{"/admin/takedowns", account.DutyReview},
		{"/admin/appeals", account.DutyReview},
		{"/admin/products", account.DutyReview},
		{"/admin/films", account.DutyReview},

		{"/admin/people", account.DutyPeople},
		{"/admin/lists", account.DutyPeople},
		{"/admin/mails", account.DutyPeople},
		{"/admin/mails/messages", account.DutyReview},
		{"/admin/audit", account.DutyPeople},

		{"/admin/providers", account.DutySettings},
		{"/admin/sales", account.DutySettings},
		{"/admin/offers", account.DutySettings},
		{"/admin/pages", account.DutySettings},
		{"/admin/dead-letters", account.DutySettings},
	}
}

// areas are Areas by the number of their segments, split.
var areas = split()

type splitArea struct {
	segments []string
	duty     string
}

func split() (all []splitArea) {
	for _, a := range Areas() {
		all = append(all, splitArea{strings.Split(a.Address, "/"), a.Duty})
	}
	return all
}

// Of returns the duty to which an address or the pattern of a route belongs; Any for those of every operator. A list
// belongs with its file: "/admin/audit.csv" with "/admin/audit". known is false for addresses that no area has, which
// nobody may open, and for those outside the console.
func Of(address string) (duty string, known bool) {
	address, _, _ = strings.Cut(address, "?")
	address, _, _ = strings.Cut(address, "#")
	path, longest := strings.Split(address, "/"), 0
	for _, a := range areas {
		if len(a.segments) > longest && a.holds(path) {
			duty, known, longest = a.duty, true, len(a.segments)
		}
	}
	return duty, known
}

func (a splitArea) holds(path []string) bool {
	if len(path) < len(a.segments) || a.duty == Any && len(path) != len(a.segments) {
		return false
	}
	for n, want := range a.segments {
		if got := strings.TrimSuffix(path[n], ".csv"); got != want && !strings.HasPrefix(want, ":") {
			return false
		}
	}
	return true
}

// Opens reports whether somebody with these roles may open an address: each of the console that belongs to one of their
// duties, and all outside of the console.
func Opens(roles account.Roles, address string) bool {
	if !strings.HasPrefix(address, "/admin") {
		return true
	}
	duty, known := Of(address)
	return known && (roles.Has(duty) || duty == Any && roles.Is(account.RoleOperator))
}
