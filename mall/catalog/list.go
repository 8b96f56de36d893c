package catalog

import (
	"context"
	"fmt"
	"strings"

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

// List returns one page of what is on sale: live, with a price now. Pages are cut by key, not by number, so a
// row that is sold or added meanwhile neither repeats nor hides another. Total is counted on the first page only.
// Errors: ErrFilterInvalid, ErrCursorInvalid; an unknown category or creator is an empty list.
func (c *Catalog) List(ctx context.Context, f Filter) (Page, error) {
	if f.Sort == "" {
		f.Sort = SortPopular
	}
	if f.Sort == SortGiven {
		return c.listGiven(ctx, f)
	}
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
		at, err := ParseCursor(f.Cursor, string(f.Sort))
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
		filtered += fmt.Sprintf(" and (%s, s.id) %s ($%d::%s, $%d::bigint)", o.key, than, len(args)-1, o.param, len(args))
	}
	args = append(args, limit+1)
	ids, keys, err := c.ids(ctx, fmt.Sprintf("select s.id, %s from video_product_spu s where %s order by %s %s, s.id %[4]s limit $%d",
		o.number, filtered, o.key, o.direction, len(args)), args)
	if err != nil {
		return Page{}, fmt.Errorf("list by %s: %w", f.Sort, err)
	}
	page := Page{}
	if len(ids) > limit {
		ids = ids[:limit]
		page.NextCursor = Cursor{string(f.Sort), keys[limit-1], ids[limit-1]}.String()
	}
	if page.Items, err = c.Cards(ctx, ids); err != nil {
		return Page{}, err
	}
	if f.Cursor == "" && !f.NoCount {
		if page.Total, page.Capped, err = c.count(ctx, f); err != nil {
			return Page{}, err
		}
	}
	return page, nil
}

// listGiven filters Among and keeps its order. It has no cursor of its own: the caller that ranks also resumes.
func (c *Catalog) listGiven(ctx context.Context, f Filter) (Page, error) {
	if f.Cursor != "" {
		return Page{}, ErrCursorInvalid.With("cursor", "other_list")
	}
	where, args, err := f.where()
	if err != nil {
		return Page{}, err
	}
	args = append(args, f.limit())
	// $1 is Among: where puts it first.
	ids, _, err := c.ids(ctx, fmt.Sprintf(`select s.id, given.place from video_product_spu s
		join unnest($1::bigint[]) with ordinality as given (id, place) on given.id = s.id
		where %s order by given.place limit $%d`, where, len(args)), args)
	if err != nil {
		return Page{}, fmt.Errorf("list of %d given: %w", len(f.Among), err)
	}
	page := Page{}
	if page.Items, err = c.Cards(ctx, ids); err != nil {
		return Page{}, err
	}
	page.Total, page.Capped, err = c.count(ctx, f)
	return page, err
}

func (c *Catalog) count(ctx context.Context, f Filter) (total int, capped bool, err error) {
	where, args, err := f.where()
	if err != nil {
		return 0, false, err
	}
	args = append(args, CountCap+1)
	err = c.pools.Replica.QueryRow(ctx, fmt.Sprintf(
		"select count(*) from (select 1 from video_product_spu s where %s limit $%d) hits", where, len(args)), args...).Scan(&total)
	if err != nil {
		return 0, false, fmt.Errorf("count a list: %w", err)
	}
	return min(total, CountCap), total > CountCap, nil
}

// ids reads rows of an id and its sort key, taken in one statement so that a sale in between can't tear them apart.
func (c *Catalog) ids(ctx context.Context, sql string, args []any) (ids, keys []int64, err error) {
	rows, err := c.pools.Replica.Query(ctx, sql, args...)
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
// which index a list needs. Only constants of this function enter the text; what a reader sent is an argument.
func (f Filter) where() (sql string, args []any, err error) {
	parts := []string{"s.status = 'live'", "s.from_amount is not null"}
	add := func(format string, v any) {
		args = append(args, v)
		parts = append(parts, fmt.Sprintf(format, len(args)))
	}
	if f.Among != nil || f.Sort == SortGiven {
		add("s.id = any($%d::bigint[])", f.Among)
	}
	if f.CategorySlug != "" {
		if !slugPattern.MatchString(f.CategorySlug) {
			return "", nil, filterFault("category")
		}
		add("s.category_id = (select id from catalog_category where slug = $%d)", f.CategorySlug)
	}
	if f.CreatorSlug != "" {
		if !slugPattern.MatchString(f.CreatorSlug) {
			return "", nil, filterFault("creator")
		}
		add("s.creator_id = (select user_id from catalog_creator where slug = $%d)", f.CreatorSlug)
	}
	if f.PriceMin != nil {
		add("s.from_amount >= $%d", *f.PriceMin)
	}
	if f.PriceMax != nil {
		add("s.from_amount <= $%d", *f.PriceMax)
	}
	if f.PriceMin != nil && f.PriceMax != nil && *f.PriceMin > *f.PriceMax {
		return "", nil, filterFault("priceMin")
	}
	if f.Free {
		parts = append(parts, "s.from_amount = 0")
	}
	if f.Kind != "" && f.Kind != KindRent && f.Kind != KindOwn {
		return "", nil, filterFault("kind")
	}
	if f.Quality != "" && f.Quality != QualityHD && f.Quality != Quality4K {
		return "", nil, filterFault("quality")
	}
	if f.Kind != "" || f.Quality != "" {
		sku := "exists (select 1 from video_product_sku k where k.spu_id = s.id and k.status = 'active'"
		if f.Kind != "" {
			args = append(args, f.Kind)
			sku += fmt.Sprintf(" and k.kind = $%d", len(args))
		}
		if f.Quality != "" {
			args = append(args, f.Quality)
			sku += fmt.Sprintf(" and k.quality = $%d", len(args))
		}
		parts = append(parts, sku+")")
	}
	return strings.Join(parts, " and "), args, nil
}

func filterFault(field string) *fault.Fault { return ErrFilterInvalid.With(field, "invalid") }
