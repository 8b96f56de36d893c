package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"videomall/mall/cache"
	"videomall/mall/fault"
)

// Sort is the order of a list. Ties are broken by id, so that every row has one place.
type Sort string

// The orders. SortGiven keeps the order of Filter.Among and is for searches.
const (
	SortPopular   Sort = "popular"
	SortNewest    Sort = "newest"
	SortPriceAsc  Sort = "price_asc"
	SortPriceDesc Sort = "price_desc"
	SortGiven     Sort = "given"
)

// Bounds of Filter.Limit and of the counting.
const (
	DefaultLimit = 24
	MaxLimit     = 100
	CountCap     = 1000
)

// Filter narrows a list of what is on sale; the zero value is everything, best sellers first.
type Filter struct {
	Among              []int64 // nil: any; else only these SPUs
	AmongWhat          string  // what Among was found by, such as a search's words: a cursor belongs to it
	CategorySlug       string
	CreatorSlug        string
	Sort               Sort
	PriceMin, PriceMax *int64 // minor units, inclusive, of the price a card shows
	Kind, Quality      string // has an active SKU like that
	Free               bool
	Limit              int    // 0: DefaultLimit; above MaxLimit: MaxLimit
	NoCount            bool   // leaves Total out, for a list that shows no number
	Cursor             string // of the page before
}

// Page is a part of a list. NextCursor is empty on the last one. Total counts the whole list up to CountCap; Capped
// says that there are more.
type Page struct {
	Items      []Card
	NextCursor string
	Total      int
	Capped     bool
}

// order is what a sort means in SQL: the key column, its type, how it becomes a cursor's number, and the direction.
type order struct{ key, param, number, direction string }

var orders = map[Sort]order{
	SortPopular:   {"s.sold_count", "bigint", "s.sold_count", "desc"},
	SortNewest:    {"s.published_at", "timestamptz", "(extract(epoch from s.published_at) * 1000000)::bigint", "desc"},
	SortPriceAsc:  {"s.from_amount", "bigint", "s.from_amount", "asc"},
	SortPriceDesc: {"s.from_amount", "bigint", "s.from_amount", "desc"},
}

// ParseSort reads a reader's choice; empty is SortPopular. Errors: ErrFilterInvalid.
func ParseSort(s string) (Sort, error) {
	if s == "" {
		return SortPopular, nil
	}
	if _, ok := orders[Sort(s)]; !ok {
		return "", ErrFilterInvalid.With("sort", "unknown")
	}
	return Sort(s), nil
}

// List returns one page of what is on sale: live, with a price now. Pages are cut by key, not by number, so a row that
// is sold or added meanwhile neither repeats nor hides another. Total is counted on the first page only. Errors:
// ErrFilterInvalid, ErrCursorInvalid; an unknown category or creator is an empty list. The items are shared: read only.
func (c *Catalog) List(ctx context.Context, f Filter) (Page, error) {
	if f.Sort == "" {
		f.Sort = SortPopular
	}
	if f.Sort == SortGiven {
		return c.listGiven(ctx, c.pools.Replica, f)
	}
	if !f.common() {
		return c.list(ctx, c.pools.Replica, f)
	}
	if c.caches.Changes != nil {
		if known, err := c.knows(ctx, f); err != nil || !known {
			return Page{}, err
		}
	}
	key := fmt.Sprintf("%s.%s.%s.%s.%s.%t.%d.%t", f.Sort, f.CategorySlug, f.CreatorSlug, f.Kind, f.Quality, f.Free,
		f.limit(), f.NoCount)
	return c.caches.lists.Get(ctx, key, []string{TagLists}, func(ctx context.Context) (Page, cache.Policy, error) {
		page, err := c.list(ctx, c.fresh(), f)
		return page, cache.Policy{}, err
	})
}

// common says that a list is a first page that many people ask for. Lists with typed prices, and later pages, are not
// cached: they would fill the memory with answers that nobody asks for again.
func (f Filter) common() bool {
	return f.Among == nil && f.PriceMin == nil && f.PriceMax == nil && f.Cursor == ""
}

// knows is false for a list of a category or a creator that doesn't exist. Anybody can invent such names, and caching
// an empty list for each would fill the memory.
func (c *Catalog) knows(ctx context.Context, f Filter) (bool, error) {
	if _, _, err := f.where(); err != nil {
		return false, err
	}
	if f.CategorySlug != "" {
		if _, err := c.Category(ctx, f.CategorySlug); err != nil {
			if errors.Is(err, ErrCategoryNotFound) {
				err = nil
			}
			return false, err
		}
	}
	return f.CreatorSlug == "" || c.caches.names.Passes("creator:"+f.CreatorSlug), nil
}

func (c *Catalog) list(ctx context.Context, q Querier, f Filter) (Page, error) {
	o, ok := orders[f.Sort]
	if !ok {
		return Page{}, ErrFilterInvalid.With("sort", "unknown")
	}
	where, args, err := f.where()
	if err != nil {
		return Page{}, err
	}
	limit := f.limit()
	filtered := where
	if f.Cursor != "" {
		at, err := ParseCursor(f.Cursor, f.ListName())
		if err != nil {
			return Page{}, err
		}
		key, than := any(at.Key), "<"
		if o.param == "timestamptz" {
			if key, err = at.instant(); err != nil {
				return Page{}, err
			}
		}
		if o.direction == "asc" {
			than = ">"
		}
		args = append(args, key, at.ID)
		filtered += fmt.Sprintf(" and (%s, s.id) %s ($%d::%s, $%d::bigint)", o.key, than, len(args)-1, o.param,
			len(args))
	}
	args = append(args, limit+1)
	ids, keys, err := c.ids(ctx, q,
		fmt.Sprintf("select s.id, %s from video_product_spu s where %s order by %s %s, s.id %[4]s limit $%d",
			o.number, filtered, o.key, o.direction, len(args)), args)
	if err != nil {
		return Page{}, fmt.Errorf("list by %s: %w", f.Sort, err)
	}
	page := Page{}
	if len(ids) > limit {
		ids = ids[:limit]
		page.NextCursor = Cursor{f.ListName(), keys[limit-1], ids[limit-1]}.String()
	}
	if page.Items, err = c.cards(ctx, q, ids); err != nil {
		return Page{}, err
	}
	if f.Cursor == "" && !f.NoCount {
		if page.Total, page.Capped, err = c.count(ctx, q, f); err != nil {
			return Page{}, err
		}
	}
	return page, nil
}

// listGiven filters Among and keeps its order. It returns no cursor: the caller that ranked the ids knows where the
// next page begins.
func (c *Catalog) listGiven(ctx context.Context, q Querier, f Filter) (Page, error) {
	if f.Cursor != "" {
		return Page{}, ErrCursorInvalid.With("cursor", "other_list")
	}
	where, args, err := f.where()
	if err != nil {
		return Page{}, err
	}
	args = append(args, f.limit())
	// $1 is Among: where puts it first.
	ids, _, err := c.ids(ctx, q, fmt.Sprintf(`select s.id, given.place from video_product_spu s
		join unnest($1::bigint[]) with ordinality as given (id, place) on given.id = s.id
		where %s order by given.place limit $%d`, where, len(args)), args)
	if err != nil {
		return Page{}, fmt.Errorf("list of %d given: %w", len(f.Among), err)
	}
	page := Page{}
	if page.Items, err = c.cards(ctx, q, ids); err != nil {
		return Page{}, err
	}
	page.Total, page.Capped, err = c.count(ctx, q, f)
	return page, err
}

func (c *Catalog) count(ctx context.Context, q Querier, f Filter) (total int, capped bool, err error) {
	where, args, err := f.where()
	if err != nil {
		return 0, false, err
	}
	args = append(args, CountCap+1)
	err = q.QueryRow(ctx, fmt.Sprintf(
		"select count(*) from (select 1 from video_product_spu s where %s limit $%d) hits", where, len(args)), args...).
		Scan(&total)
	if err != nil {
		return 0, false, fmt.Errorf("count a list: %w", err)
	}
	return min(total, CountCap), total > CountCap, nil
}

// ids reads ids with their sort keys. One statement reads both, so that no sale changes a key in between.
func (c *Catalog) ids(ctx context.Context, q Querier, sql string, args []any) (ids, keys []int64, err error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, key int64
		if err := rows.Scan(&id, &key); err != nil {
			return nil, nil, err
		}
		ids, keys = append(ids, id), append(keys, key)
	}
	return ids, keys, rows.Err()
}

func (f Filter) limit() int {
	if f.Limit <= 0 {
		return DefaultLimit
	}
	return min(f.Limit, MaxLimit)
}

// where is written here and not by sqlc: "@x is null or column = @x" for each filter would hide from the planner
// which index a list needs. Only constants of these functions enter the text; what a reader sent is an argument.
func (f Filter) where() (sql string, args []any, err error) {
	if err := f.check(); err != nil {
		return "", nil, err
	}
	w := conditions{parts: []string{"s.status = 'live'", "s.from_amount is not null"}}
	if f.Among != nil || f.Sort == SortGiven {
		w.add("s.id = any($%d::bigint[])", f.Among)
	}
	if f.CategorySlug != "" {
		w.add("s.category_id = (select id from catalog_category where slug = $%d)", f.CategorySlug)
	}
	if f.CreatorSlug != "" {
		w.add("s.creator_id = (select user_id from catalog_creator where slug = $%d)", f.CreatorSlug)
	}
	if f.PriceMin != nil {
		w.add("s.from_amount >= $%d", *f.PriceMin)
	}
	if f.PriceMax != nil {
		w.add("s.from_amount <= $%d", *f.PriceMax)
	}
	if f.Free {
		w.parts = append(w.parts, "s.from_amount = 0")
	}
	if sku := f.sku(&w); sku != "" {
		w.parts = append(w.parts, sku)
	}
	return strings.Join(w.parts, " and "), w.args, nil
}

// check refuses values that no list has. Errors: ErrFilterInvalid with the field.
func (f Filter) check() error {
	switch {
	case f.CategorySlug != "" && !IsSlug(f.CategorySlug):
		return filterFault("category")
	case f.CreatorSlug != "" && !IsSlug(f.CreatorSlug):
		return filterFault("creator")
	case f.PriceMin != nil && f.PriceMax != nil && *f.PriceMin > *f.PriceMax:
		return filterFault("priceMin")
	}
	if !slices.Contains([]string{"", KindRent, KindOwn}, f.Kind) {
		return filterFault("kind")
	}
	if !slices.Contains([]string{"", QualityHD, Quality4K}, f.Quality) {
		return filterFault("quality")
	}
	return nil
}

// sku is the condition that one SKU meets the kind and the quality together; empty without either.
func (f Filter) sku(w *conditions) string {
	if f.Kind == "" && f.Quality == "" {
		return ""
	}
	sku := "exists (select 1 from video_product_sku k where k.spu_id = s.id and k.status = 'active'"
	if f.Kind != "" {
		sku += w.with(" and k.kind = $%d", f.Kind)
	}
	if f.Quality != "" {
		sku += w.with(" and k.quality = $%d", f.Quality)
	}
	return sku + ")"
}

// conditions are what a row must meet, with the arguments that they name by number.
type conditions struct {
	parts []string
	args  []any
}

// with is a condition on the argument v, which is written where the format has %d.
func (w *conditions) with(format string, v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf(format, len(w.args))
}

func (w *conditions) add(format string, v any) { w.parts = append(w.parts, w.with(format, v)) }

func filterFault(field string) *fault.Fault { return ErrFilterInvalid.With(field, "invalid") }
