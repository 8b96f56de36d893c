package shop

import (
	"cmp"
	"errors"
	"net/url"
	"strings"

	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/search"
	"videomall/views/text"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	shopview "videomall/views/shop"
)

// The parameters of a list's address, in the order they are written.
var parameters = []string{"q", "category", "kind", "quality", "price_min", "price_max", "free", "sort"}

// request is the parsed address of a list: the path, the parameters, and the filter that they mean.
type request struct {
	action string // the path
	asked  url.Values
	filter catalog.Filter
	// The bounds of the price in the viewer's currency, as they were typed; nil where none is in force.
	low, high *money.Money
	currency  string // in which they are typed
	wrong     string // the message key of what is wrong with the prices
}

// read parses the query. People type prices, in the currency in which they see them, so a wrong price is shown to
// them and left out of the filter. Nobody types the other parameters; the catalogue refuses wrong ones.
func read(c *page.Ctx, action string, query url.Values) request {
	r := request{
		action:   action,
		asked:    url.Values{},
		currency: cmp.Or(c.Currency(), listing.Currency),
	}
	for _, name := range parameters {
		if v := strings.TrimSpace(query.Get(name)); v != "" {
			r.asked.Set(name, v)
		}
	}
	r.filter = catalog.Filter{
		CategorySlug: r.asked.Get("category"),
		Kind:         r.asked.Get("kind"),
		Quality:      r.asked.Get("quality"),
		Free:         r.asked.Get("free") != "",
		Sort:         catalog.Sort(r.asked.Get("sort")),
		Cursor:       query.Get("cursor"),
	}
	low, lowOK := r.bound("price_min")
	high, highOK := r.bound("price_max")
	switch {
	case !lowOK || !highOK:
		r.wrong = "shop.price_invalid"
	case low != nil && high != nil && low.Amount > high.Amount:
		r.wrong = "shop.price_crossed"
	default:
		r.low, r.high = low, high
	}
	// The catalogue compares prices as they are set: what is seen at a bound or beyond it begins at a price of its own.
	if r.low != nil {
		r.filter.PriceMin = new(c.Least(*r.low, listing.Currency))
	}
	if r.high != nil {
		r.filter.PriceMax = new(c.Most(*r.high, listing.Currency))
	}
	return r
}

// bound reads a bound of the price; nothing typed is no bound.
func (r request) bound(name string) (*money.Money, bool) {
	typed := r.asked.Get(name)
	if typed == "" {
		return nil, true
	}
	sum := money.Of(formvalue.Price(typed, r.currency), r.currency)
	return &sum, sum.Amount >= 0
}

// with returns the address of the list after a change; an empty value removes the parameter. Every change starts at the
// first page.
func (r request) with(changes ...string) string {
	values := url.Values{}
	for name := range r.asked {
		values.Set(name, r.asked.Get(name))
	}
	for i := 0; i+1 < len(changes); i += 2 {
		values.Del(changes[i])
		if changes[i+1] != "" {
			values.Set(changes[i], changes[i+1])
		}
	}
	return r.address(values)
}

func (r request) address(values url.Values) string {
	var b strings.Builder
	for _, name := range append(parameters, "cursor") {
		if v := values.Get(name); v != "" {
			b.WriteByte("?&"[min(1, b.Len())])
			b.WriteString(name + "=" + url.QueryEscape(v))
		}
	}
	return r.action + b.String()
}

// clear returns the address of the list without its filters. The search and the order stay.
func (r request) clear() string {
	return r.with("category", "", "kind", "", "quality", "", "price_min", "", "price_max", "", "free", "")
}

// moved reports whether a later page can't be found because its list had other bounds of the price: the viewer has
// chosen another currency since, or a new rate holds.
func (r request) moved(err error) bool {
	return errors.Is(err, catalog.ErrCursorInvalid) && fault.From(err).Fields["cursor"] == "other_list" &&
		(r.low != nil || r.high != nil)
}

func (r request) next(cursor string) string {
	if cursor == "" {
		return ""
	}
	return r.with("cursor", cursor)
}

func (r request) form(t *text.Printer, categories []ui.Option) shopview.FilterForm {
	f := shopview.FilterForm{
		Query:      r.asked.Get("q"),
		Sort:       r.asked.Get("sort"),
		Category:   r.asked.Get("category"),
		Categories: categories,
		Kind:       r.asked.Get("kind"),
		Quality:    r.asked.Get("quality"),
		PriceMin:   r.asked.Get("price_min"),
		PriceMax:   r.asked.Get("price_max"),
		Currency:   r.currency,
		Free:       r.filter.Free,
	}
	if r.wrong != "" {
		f.PriceError = t.T(r.wrong, "Example", money.Of(1990, r.currency).Decimal())
	}
	return f
}

// chips are the filters in force, each leading to the list without it.
func (r request) chips(t *text.Printer, categories []ui.Option) []ui.Link {
	var links []ui.Link
	add := func(label string, without ...string) {
		var changes []string
		for _, name := range without {
			changes = append(changes, name, "")
		}
		links = append(links, ui.Link{Label: label, Href: r.with(changes...)})
	}
	for _, o := range categories {
		if o.Value != "" && o.Value == r.filter.CategorySlug {
			add(o.Label, "category")
		}
	}
	switch r.filter.Kind {
	case catalog.KindRent:
		add(t.T("shop.rent"), "kind")
	case catalog.KindOwn:
		add(t.T("shop.own"), "kind")
	}
	if r.filter.Quality != "" {
		add(r.filter.Quality, "quality")
	}
	if r.low != nil {
		add(t.T("shop.price_from", "Price", t.Money(*r.low)), "price_min")
	}
	if r.high != nil {
		add(t.T("shop.price_to", "Price", t.Money(*r.high)), "price_max")
	}
	if r.filter.Free {
		add(t.T("shop.free_only"), "free")
	}
	return links
}

// sorts are the orders to choose from; a search has one more, which is its own.
func (r request) sorts(t *text.Printer, searching bool) []ui.Link {
	list := []catalog.Sort{catalog.SortPopular, catalog.SortNewest, catalog.SortPriceAsc, catalog.SortPriceDesc}
	if searching {
		list = append([]catalog.Sort{search.SortRelevance}, list...)
	}
	links := make([]ui.Link, len(list))
	for i, s := range list {
		value := string(s)
		if i == 0 { // what a list is sorted by unless told otherwise needs no parameter
			value = ""
		}
		links[i] = ui.Link{
			Label:   t.T("shop.sort_" + string(s)),
			Href:    r.with("sort", value),
			Current: r.filter.Sort == s || r.filter.Sort == "" && i == 0,
		}
	}
	return links
}
