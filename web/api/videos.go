package api

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/search"
	"videomall/views/address"
	"videomall/web/page"
	"videomall/web/price"
)

// highestPrice bounds the price filters, in minor units.
const highestPrice = 1_000_000_000_000

// video is one video with one way to buy it: in lists the cheapest.
type video struct {
	VideoID         int64        `json:"videoId"`
	SKUID           int64        `json:"skuId"`
	Title           string       `json:"title"`
	Creator         string       `json:"creator"`
	CreatorSlug     string       `json:"creatorSlug"`
	CategorySlug    string       `json:"categorySlug"`
	Slug            string       `json:"slug"`
	URL             string       `json:"url"`
	CoverURL        *string      `json:"coverUrl"`
	DurationSeconds int          `json:"durationSeconds"`
	Price           *money.Money `json:"price"`
	ListPrice       *money.Money `json:"listPrice"`
	Rating          *float64     `json:"rating"`
	RatingCount     int64        `json:"ratingCount"`
}

func (d Deps) videoOf(c *page.Ctx, k catalog.Card) video {
	v := video{
		VideoID:         k.SPUID,
		SKUID:           k.FromSKUID,
		Title:           c.Text.Of(k.Title),
		Creator:         c.Text.Of(k.Creator),
		CreatorSlug:     k.CreatorSlug,
		CategorySlug:    k.CategorySlug,
		Slug:            k.Slug,
		URL:             d.PublicURL + address.Product(k.Slug),
		CoverURL:        d.coverURL(k.Cover),
		DurationSeconds: k.DurationSeconds,
		Price:           k.From,
		ListPrice:       k.FromList,
		RatingCount:     k.RatingCount,
	}
	if k.RatingCount > 0 {
		v.Rating = new(math.Round(k.Rating()*100) / 100)
	}
	return v
}

// videoList tells beside the list whether it answers the very words that were asked.
type videoList struct {
	list[video]
	CorrectedQuery string `json:"correctedQuery,omitempty"`
	Relaxed        bool   `json:"relaxed,omitempty"`
}

func (d Deps) listVideos(c *page.Ctx) error {
	q, err := readQuery(c, "q", "category", "sort", "priceMin", "priceMax", "currency", "limit", "cursor")
	if err != nil {
		return err
	}
	words := q.words("q", search.LongestQuery)
	q.currency(c)
	f, err := d.filter(c, q)
	if err != nil {
		return err
	}
	answer := videoList{}
	var found catalog.Page
	if words == "" {
		found, err = d.Catalog.List(c.Request().Context(), f)
	} else {
		var result search.Result
		result, err = d.Search.Query(c.Request().Context(), words, f)
		found = result.Page
		answer.CorrectedQuery = result.Corrected
		answer.Relaxed = result.Relaxed
	}
	if err != nil {
		return err
	}
	if _, err := d.Orders.PriceCards(c.Request().Context(), c.Viewer.UserID, &found.Items); err != nil {
		return err
	}
	price.Cards(c, &found.Items)
	answer.Items, answer.NextCursor = make([]video, 0, len(found.Items)), found.NextCursor
	for _, k := range found.Items {
		if k.From != nil { // taken off sale since it was listed
			answer.Items = append(answer.Items, d.videoOf(c, k))
		}
	}
	return c.JSON(http.StatusOK, answer)
}

// filter reads what narrows and orders the list. A category that does not exist is refused, for a program that
// misspells one should not be told that nothing is on sale.
func (d Deps) filter(c *page.Ctx, q *query) (catalog.Filter, error) {
	f := catalog.Filter{
		NoCount:      true,
		Limit:        q.limit(),
		Cursor:       q.values.Get("cursor"),
		CategorySlug: q.values.Get("category"),
		PriceMin:     q.number("priceMin", 0, highestPrice),
		PriceMax:     q.number("priceMax", 0, highestPrice),
	}
	if s := q.values.Get("sort"); s != "" {
		var err error
		if f.Sort, err = catalog.ParseSort(s); err != nil {
			q.wrong["sort"] = "unknown"
		}
	}
	if f.PriceMin != nil && f.PriceMax != nil && *f.PriceMin > *f.PriceMax {
		q.wrong["priceMin"] = "above_price_max"
	}
	if currency := c.Currency(); currency != "" { // the bounds are in the currency in which prices are shown
		if f.PriceMin != nil {
			*f.PriceMin = c.Least(money.Of(*f.PriceMin, currency), listing.Currency)
		}
		if f.PriceMax != nil {
			*f.PriceMax = c.Most(money.Of(*f.PriceMax, currency), listing.Currency)
		}
	}
	if f.CategorySlug != "" {
		categories, err := d.Catalog.Categories(c.Request().Context())
		if err != nil {
			return f, err
		}
		if !known(categories, f.CategorySlug) {
			q.wrong["category"] = "unknown"
		}
	}
	return f, q.err()
}

func known(categories []catalog.Category, slug string) bool {
	for _, s := range categories {
		if s.Slug == slug {
			return true
		}
	}
	return false
}

// terms are what a SKU sells and whether this viewer could buy one now.
type terms struct {
	Kind        string     `json:"kind"`
	Quality     string     `json:"quality"`
	RentHours   *int       `json:"rentHours"`
	MaxPerOrder int        `json:"maxPerOrder"`
	PriceUntil  *time.Time `json:"priceUntil"`
	Problem     *string    `json:"problem"`
}

type sibling struct {
	SKUID     int64        `json:"skuId"`
	Price     *money.Money `json:"price"`
	ListPrice *money.Money `json:"listPrice"`
	terms
}

// about is what of a video the list leaves out.
type about struct {
	VideoID     int64     `json:"videoId"`
	Description string    `json:"description"`
	Tags        []string  `json:"tags"`
	PublishedAt time.Time `json:"publishedAt"`
}

type skuAnswer struct {
	video
	terms
	About    about     `json:"video"`
	Siblings []sibling `json:"siblings"`
}

func (d Deps) showSKU(c *page.Ctx) error {
	id, err := strconv.ParseInt(c.Param("skuId"), 10, 64)
	if err != nil {
		return catalog.ErrSKUNotFound.Because("SKU %q", c.Param("skuId"))
	}
	q := onlyOf(c, "currency")
	q.currency(c)
	if err := q.err(); err != nil {
		return err
	}
	product, err := d.Catalog.ProductOfSKU(c.Request().Context(), id)
	if err != nil {
		return err
	}
	lines, err := d.quoteEach(c, product.SKUs)
	if err != nil {
		return err
	}
	answer := skuAnswer{
		video:    d.videoOf(c, product.Card),
		Siblings: []sibling{},
		About: about{
			VideoID:     product.SPUID,
			Description: c.Text.Of(product.Description),
			Tags:        append([]string{}, product.Tags...),
			PublishedAt: product.PublishedAt.UTC(),
		},
	}
	active := false
	for _, k := range product.SKUs {
		s := siblingOf(c, k, lines[k.ID])
		if k.ID != id {
			answer.Siblings = append(answer.Siblings, s)
			continue
		}
		active = true
		answer.SKUID = k.ID
		answer.Price = s.Price
		answer.ListPrice = s.ListPrice
		answer.terms = s.terms
	}
	if !active {
		return catalog.ErrSKUNotFound.Because("SKU %d is not active", id)
	}
	return c.JSON(http.StatusOK, answer)
}

func siblingOf(c *page.Ctx, k catalog.SKU, l order.QuoteLine) sibling {
	s := sibling{SKUID: k.ID, terms: terms{
		Kind:        k.Kind,
		Quality:     k.Quality,
		RentHours:   hours(k.RentHours),
		MaxPerOrder: k.MaxPerOrder,
	}}
	if k.Price != nil {
		s.Price, s.ListPrice = price.Pair(c, &k.Price.Amount, k.Price.List)
		s.PriceUntil = utc(k.Price.Until)
	}
	if k.Price != nil && l.InSale() {
		s.Price, s.ListPrice = price.Pair(c, &l.Offer.Amount, &l.Normal)
		s.PriceUntil = utc(&l.Sale.EndsAt)
	}
	if l.Problem != "" {
		s.Problem = &l.Problem
	}
	return s
}

// quoteEach prices one unit of each SKU for this viewer, and says what keeps it from being bought, by the rules of an
// order.
func (d Deps) quoteEach(c *page.Ctx, skus []catalog.SKU) (map[int64]order.QuoteLine, error) {
	lines := make([]order.Line, len(skus))
	for i, k := range skus {
		lines[i] = order.Line{SKUID: k.ID, Quantity: 1}
	}
	quote, err := d.Orders.Quote(c.Request().Context(), order.QuoteRequest{UserID: c.Viewer.UserID, Lines: lines})
	if err != nil {
		return nil, err
	}
	bySKU := make(map[int64]order.QuoteLine, len(quote.Lines))
	for _, l := range quote.Lines {
		bySKU[l.SKUID] = l
	}
	return bySKU, nil
}
