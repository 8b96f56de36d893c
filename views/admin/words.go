// Package admin draws the operator's console: counts, orders in full, refunds, cases and dead letters. It shows
// codes where a code is what an operator looks for, and refuses to decide anything.
package admin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/account"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/views/text"
	"videomall/views/ui"
)

// EmailOf is the email address of an account as the console writes it; "#7" for account 7 when it is gone.
func EmailOf(people account.Users, id int64) string {
	if u, ok := people[id]; ok {
		return u.Email
	}
	return people.Name(id)
}

// RoleWords names what somebody is: their roles, or that they are a shopper.
func RoleWords(t *text.Printer, roles account.Roles) string {
	words := roles.Words()
	for n, w := range words {
		words[n] = t.T("people.role." + w)
	}
	return strings.Join(words, t.T("people.roles_join"))
}

func title(t *text.Printer, i order.Item) string {
	return t.Of(i.Title)
}

func skuName(t *text.Printer, i order.Item) string { return t.SKU(i.Kind, i.Quality, i.RentHours) }

// Word returns the message for a code where there is one, otherwise the code.
func Word(t *text.Printer, key, code string) string {
	if t.Has(key) {
		return t.T(key)
	}
	return code
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

func OrderURL(orderNo string) string { return "/admin/orders/" + orderNo }

func stateTone(s order.Status) ui.Tone {
	switch s {
	case order.Delivered:
		return ui.Success
	case order.Paid:
		return ui.Info
	case order.PendingPay:
		return ui.Warning
	}
	return ui.Plain
}

// moveWords says in words that an order went from one state to another.
func moveWords(t *text.Printer, from, to order.Status) string {
	return t.T("order.state."+string(from)) + " → " + t.T("order.state."+string(to))
}

// tone is the colour of a state of money or of a job.
func tone(status string) ui.Tone {
	switch status {
	case "succeeded", "consumed", "delivered":
		return ui.Success
	case "failed", "suspense", "dead", "discarded":
		return ui.Error
	case "pending", "submitted", "created", "surplus":
		return ui.Warning
	}
	return ui.Plain
}

// fact is one line of a case's detail.
type fact struct{ name, value string }

// facts lists the detail of a case by name, with sums in the reader's form.
func facts(t *text.Printer, detail json.RawMessage) []fact {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(detail, &fields); err != nil {
		return []fact{{"", string(detail)}}
	}
	var out []fact
	for name, raw := range fields {
		var sum money.Money
		var s string
		switch {
		case json.Unmarshal(raw, &sum) == nil && sum.Currency != "":
			s = t.Money(sum)
		case json.Unmarshal(raw, &s) == nil:
		default:
			s = fmt.Sprintf("%.500s", raw)
		}
		out = append(out, fact{name, s})
	}
	slices.SortFunc(out, func(a, b fact) int { return cmp.Compare(a.name, b.name) })
	return out
}

// pretty indents JSON for reading; anything else comes back as it is.
func pretty(raw []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return string(raw)
	}
	return out.String()
}

func moment(t *text.Printer, at *time.Time) string {
	if at == nil {
		return "—"
	}
	return t.DateTime(*at)
}

// OrdersOf is the address of the list of somebody's orders; "" when there are none.
func OrdersOf(email string, orders int) string {
	if orders == 0 {
		return ""
	}
	return "/admin/orders?q=" + url.QueryEscape(email)
}

// decimal writes a rating.
func decimal(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
