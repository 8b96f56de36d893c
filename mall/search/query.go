package search

import (
	"context"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/search/internal/dbsqlc"
)

// SortRelevance puts the best match first; it is what an empty Filter.Sort means to a search.
const SortRelevance catalog.Sort = "relevance"

// Bounds of a search: how many matches are looked at, and how many of them one page shows.
const (
	mostMatches = 1000
	mostLimit   = 60
)

// Result is a page of what was found. Its Total counts matches that pass the filter, of the thousand that rank highest.
type Result struct {
	catalog.Page
	Marks Marks
	// Corrected is the query that was answered instead, since a word of the one asked is in no video; else empty.
	Corrected string
	// Relaxed says that no video has all the words and that these have some of them.
	Relaxed bool
}

// Query finds live videos by text, narrowed by f. f.Among is not used. Where nothing has all the words, a misspelt one
// is corrected by its like in the index; where that does not help either, any of the words is enough. Nothing that can
// be typed as text is an error. Errors: catalog.ErrFilterInvalid, catalog.ErrCursorInvalid.
func (s *Search) Query(ctx context.Context, text string, f catalog.Filter) (Result, error) {
	if f.Sort == "" {
		f.Sort = SortRelevance
	}
	terms := parse(text)
	if len(terms) == 0 {
		f.Among, f.Cursor = []int64{}, ""
		if f.Sort == SortRelevance {
			f.Sort = catalog.SortGiven
		}
		page, err := s.catalog.List(ctx, f) // still refuses a filter that is not valid
		return Result{Page: page}, err
	}
	for _, try := range []func(context.Context, string, []term) (attempt, error){
		s.exact, s.begun, s.corrected, s.spelt,
		s.some,
	} {
		a, err := try(ctx, text, terms)
		if err != nil {
			return Result{}, fmt.Errorf("search %q: %w", text, err)
		}
		if a.query == "" {
			continue
		}
		found, err := s.page(ctx, f, &a)
		if err != nil {
			return Result{}, fmt.Errorf("search %q: %w", text, err)
		}
		if found {
			return a.Result, nil
		}
	}
	if f.Cursor != "" { // there is no list that it could be a place in
		return Result{}, catalog.ErrCursorInvalid.With("cursor", "other_list").
			Because("cursor %.100q for %q", f.Cursor, text)
	}
	return Result{}, nil
}

// attempt is one way to answer a query: a tsquery, none to be passed over, and where it reads words as pinyin too the
// one of the words alone, whose matches stand first.
type attempt struct {
	Result
	query, words string
}

// reads is the attempt that requires every term.
func reads(terms []term, how reading) attempt {
	a := attempt{
		Result: Result{Marks: marks(terms, false, how)},
		query:  strict(terms, how),
		words:  strict(terms, asWords),
	}
	if a.words == a.query {
		a.words = ""
	}
	return a
}

// more is the attempt that reads words more loosely. It is empty when that changes nothing.
func more(terms []term, how, before reading) attempt {
	if strict(terms, how) == strict(terms, before) {
		return attempt{}
	}
	return reads(terms, how)
}

func (s *Search) exact(_ context.Context, _ string, terms []term) (attempt, error) {
	return reads(terms, asWhole), nil
}

// begun reads short words as pinyin, which English has too, once no video has them as words.
func (s *Search) begun(_ context.Context, _ string, terms []term) (attempt, error) {
	return more(terms, asBegun, asWhole), nil
}

// spelt comes after the correction: words with slips look like syllables cut short.
func (s *Search) spelt(_ context.Context, _ string, terms []term) (attempt, error) {
	return more(terms, asSpelt, asBegun), nil
}

// some gives up on having every word. A single word that was not found has nothing to relax.
func (s *Search) some(_ context.Context, _ string, terms []term) (attempt, error) {
	return attempt{Result: Result{Marks: marks(terms, true, asWhole), Relaxed: true}, query: relaxed(terms)}, nil
}

// page fills an attempt with the page of f and reports whether its query matches anything at all, filters aside.
func (s *Search) page(ctx context.Context, f catalog.Filter, res *attempt) (bool, error) {
	after := dbsqlc.MatchParams{
		Query:      res.query,
		Words:      res.words,
		Most:       mostMatches,
		AfterScore: math.MaxInt64,
		AfterID:    math.MaxInt64,
	}
	f.AmongWhat = res.query
	list := f.ListName()
	if f.Cursor != "" && f.Sort == SortRelevance {
		at, err := catalog.ParseCursor(f.Cursor, list)
		if err != nil {
			return false, nil // it may be the place in a later attempt's list
		}
		after.AfterScore, after.AfterID = at.Key, at.ID
	}
	matches, err := s.queries.Match(ctx, planned{s.pools.Replica}, after)
	if err != nil {
		return false, err
	}
	if len(matches) == 0 {
		return after.AfterID != math.MaxInt64, nil // an empty page after the last one of a list
	}
	f.Among = make([]int64, len(matches))
	scores := make(map[int64]int64, len(matches))
	for i, m := range matches {
		f.Among[i], scores[m.SpuID] = m.SpuID, m.Score
	}
	capped := len(matches) == mostMatches
	if f.Sort != SortRelevance {
		res.Page, err = s.catalog.List(ctx, f)
		res.Capped = res.Capped || capped
		return true, err
	}
	if res.Page, err = s.ranked(ctx, f, list, scores); err != nil {
		return false, err
	}
	if f.Cursor != "" { // the rest is not the whole
		res.Total, res.Capped = 0, false
	} else {
		res.Capped = res.Capped || capped
	}
	return true, nil
}

// ranked lists the videos of f.Among in the order of their scores. list names the list that its cursors belong to.
func (s *Search) ranked(ctx context.Context, f catalog.Filter, list string,
	scores map[int64]int64,
) (catalog.Page, error) {
	limit := min(mostLimit, f.Limit)
	if limit <= 0 {
		limit = catalog.DefaultLimit
	}
	f.Sort = catalog.SortGiven
	f.Cursor = ""
	f.Limit = limit + 1
	page, err := s.catalog.List(ctx, f)
	if err != nil {
		return page, err
	}
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := page.Items[limit-1].SPUID
		page.NextCursor = catalog.Cursor{
			List: list,
			Key:  scores[last],
			ID:   last,
		}.String()
	}
	return page, nil
}

// planned has a query planned for the words that it asks for, each time: a plan made once for any words would read
// every match of a word that is in most documents.
type planned struct{ dbsqlc.DBTX }

func (p planned) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return p.DBTX.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
}
