package finance

import (
	"encoding/csv"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/account"
	"videomall/mall/exchange"
	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/views/text"
	"videomall/views/ui"
)

// CurrenciesPage shows the currencies with their rates, the forms that change them, and the history of rates.
type CurrenciesPage struct {
	Base    string
	List    []exchange.Present
	Table   exchange.Table             // the rates of List
	Takers  map[string][]payment.Taker // by currency, the base among them
	Untaken []UntakenPrices
	History []exchange.Rate
	People  account.Users
	Now     time.Time

	Currency CurrencyForm
	Rate     ExchangeRateForm
	File     RatesFile
}

// UntakenPrices are published prices that are a sum in one currency which no provider takes: Price, which is Sum there, is
// the lowest of them.
type UntakenPrices struct {
	Price money.Money
	Sum   money.Money
	SKUs  int // how many have such a price
}

// CurrencyForm is a currency as it was typed; the errors are slugs by field. Known is the code of the currency that the
// form was loaded with, or empty. Exists says that it was loaded because somebody was about to add it once more.
type CurrencyForm struct {
	Code    string
	Step    string
	Less    string
	Offered bool
	Known   string
	Exists  bool
	Errors  map[string]string
}

// CurrencyFormOf is the form of a currency as it is.
func CurrencyFormOf(c exchange.Currency) CurrencyForm {
	return CurrencyForm{
		Code:    c.Code,
		Step:    money.Of(c.Step, c.Code).Decimal(),
		Less:    money.Of(c.Less, c.Code).Decimal(),
		Offered: c.Offered,
		Known:   c.Code,
	}
}

func (f CurrencyForm) wrong(t *text.Printer, field string) string {
	return ui.FieldError(t, f.Errors, field, "errors.")
}

// Confirmable reports whether a rate that is refused for a reason is added once somebody confirms it.
func Confirmable(slug string) bool {
	return slug == exchange.ErrRateFar.Slug || slug == exchange.ErrRateFirst.Slug
}

// ExchangeRateForm is a rate as it was typed; the errors are slugs by field. Unsure is the slug of why it has to be
// confirmed, or empty.
type ExchangeRateForm struct {
	Currency string
	Rate     string
	From     string
	Source   string
	Unsure   string
	Errors   map[string]string
}

func (f ExchangeRateForm) wrong(t *text.Printer, field string) string {
	return ui.FieldError(t, f.Errors, field, "errors.")
}

// RatesFile is a table of rates as it was typed or read from a file. Errors has the reason for each line that is
// refused, and Whole is why the whole file is. Unsure says that they are added if somebody confirms them.
type RatesFile struct {
	Lines  string
	Source string
	Unsure bool
	Whole  string // a slug
	Errors map[int]string
}

func (f RatesFile) wrong(t *text.Printer) string {
	switch {
	case f.Whole != "":
		return t.T("errors."+f.Whole, "Most", strconv.Itoa(exchange.MaxRates))
	case len(f.Errors) > 0:
		return t.N("currencies.lines_wrong", len(f.Errors))
	}
	return ""
}

// refusedLine is a line of the file that was refused.
type refusedLine struct {
	number int
	text   string
	why    string // a slug
}

// confirm is the label of the box that confirms a rate.
func (f ExchangeRateForm) confirm(t *text.Printer) string {
	if f.Unsure == exchange.ErrRateFirst.Slug {
		return t.T("currencies.confirm_first")
	}
	return t.T("currencies.confirm")
}

func (f RatesFile) refused() (list []refusedLine) {
	lines := strings.Split(f.Lines, "\n")
	for n, why := range f.Errors {
		l := refusedLine{number: n, why: why}
		if n >= 1 && n <= len(lines) {
			l.text = strings.TrimSpace(strings.TrimPrefix(lines[n-1], "\ufeff"))
		}
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b refusedLine) int { return a.number - b.number })
	return list
}

// CurrencyName names a currency in words; its code if it has no words here.
func CurrencyName(t *text.Printer, code string) string {
	if key := "currency." + code; t.Has(key) {
		return t.T(key)
	}
	return code
}

func currencyURL(code string) string {
	return "/admin/currencies?" + url.Values{"code": {code}}.Encode() + "#save"
}

// sampleAmount is the price of which the page says what it becomes, in minor units of the base.
const sampleAmount = 990

// sample says what a price in the base becomes; "" if there is no rate, or if it leaves the range of sums.
func (p CurrenciesPage) sample(t *text.Printer, code string) string {
	from := money.Of(sampleAmount, p.Base)
	to, err := p.Table.Price(from, code)
	if err != nil {
		return ""
	}
	return t.T("currencies.sample", "From", t.Money(from), "To", t.Money(to))
}

// worth says what one unit of the base and the price of the sample become by a rate that was typed.
func (p CurrenciesPage) worth(t *text.Printer, code, rate string) string {
	rate = exchange.Point(rate)
	said := t.T("currencies.worth", "Base", p.Base, "Rate", rate, "Code", code)
	p.Table = p.Table.WithRate(code, rate)
	if sample := p.sample(t, code); sample != "" {
		said = t.T("currencies.worth_sample", "Worth", said, "Sample", sample)
	}
	return said
}

// worthOf is worth for a line of a file that has to be confirmed; "" for another.
func (p CurrenciesPage) worthOf(t *text.Printer, l refusedLine) string {
	row, err := csv.NewReader(strings.NewReader(l.text)).Read()
	if !Confirmable(l.why) || err != nil || len(row) < 2 {
		return ""
	}
	return p.worth(t, strings.ToUpper(strings.TrimSpace(row[0])), strings.TrimSpace(row[1]))
}

func ending(t *text.Printer, c exchange.Currency) string {
	step := t.Money(money.Of(c.Step, c.Code))
	switch {
	case c.Step == 1:
		return t.T("currencies.any")
	case c.Less == 0:
		return t.T("currencies.steps", "Step", step)
	}
	return t.T("currencies.steps_less", "Step", step, "Less", t.Money(money.Of(c.Less, c.Code)))
}

// stale lists the offered currencies whose rate is old, unpaid those that no provider takes, unrated those without a
// rate; each by its code.
func (p CurrenciesPage) stale() []string {
	return p.codes(func(c exchange.Present) bool { return c.Stale(p.Now) })
}

func (p CurrenciesPage) unrated() []string {
	return p.codes(func(c exchange.Present) bool { return c.Offered && c.Rate == nil })
}

func (p CurrenciesPage) unpaid() []string {
	return p.codes(func(c exchange.Present) bool { return c.Offered && len(p.Takers[c.Code]) == 0 })
}

// untaken leaves out the currencies that no provider takes at all, of which unpaid tells.
func (p CurrenciesPage) untaken() []UntakenPrices {
	return slices.DeleteFunc(slices.Clone(p.Untaken), func(u UntakenPrices) bool {
		return len(p.Takers[u.Sum.Currency]) == 0
	})
}

// advice says what the lowest of such prices is, and what to do about it: no step ends a price in its own currency.
func (u UntakenPrices) advice(t *text.Printer) string {
	if u.Price == u.Sum {
		return t.T("currencies.untaken_own", "Example", t.Money(u.Sum))
	}
	sample := t.T("currencies.sample", "From", t.Money(u.Price), "To", t.Money(u.Sum))
	return t.T("currencies.untaken_body", "Example", sample)
}

func (p CurrenciesPage) codes(which func(exchange.Present) bool) (list []string) {
	for _, c := range p.List {
		if which(c) {
			list = append(list, c.Code)
		}
	}
	return list
}

// rounds reports whether prices of a currency end so that a provider can't always take them.
func rounds(c exchange.Currency, taker payment.Taker) bool {
	return c.Step%taker.Multiple != 0 || c.Less%taker.Multiple != 0
}

func (p CurrenciesPage) options(t *text.Printer) []ui.Option {
	list := []ui.Option{{Label: t.T("currencies.choose")}}
	for _, c := range p.List {
		list = append(list, ui.Option{Value: c.Code, Label: t.Currency(c.Code)})
	}
	return list
}

// rateState is "later" for a rate that has not begun, "now" for the one that holds, and "over" for one that held.
func (p CurrenciesPage) rateState(r exchange.Rate) string {
	for _, c := range p.List {
		if c.Rate != nil && c.Rate.ID == r.ID {
			return "now"
		}
	}
	if r.From.After(p.Now) {
		return "later"
	}
	return "over"
}

func (p CurrenciesPage) actor(id int64) string {
	if id == 0 {
		return "–"
	}
	return p.People.Name(id)
}
