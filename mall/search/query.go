package search

import (
	"context"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/search/internal/dbsqlc"
)

// SortRelevance puts the best match first. It is the default of a search.
const SortRelevance catalog.Sort = "relevance"

// Bounds of a search: how many matches are considered, and how many of them a page shows.
const (
	mostMatches = 1000
	mostLimit   = 60
)

// Result is a page of what was found. Total counts the matches that pass the filter, among the thousand that rank
// highest.
type Result struct {
	catalog.Page
	Marks Marks
	// Corrected is the query that was answered instead of the given one, because one of its words is in no video. It is
	// empty otherwise.
	Corrected string
	// Relaxed means that no video has all the words, and that these videos have some of them.
	Relaxed bool
}

// Query finds live videos by text, narrowed by f. It ignores f.Among. If no video has all the words, misspelt words are
// replaced by similar ones of the index. If that does not help either, one of the words is enough. No text is an error.
// Errors: catalog.ErrFilterInvalid, catalog.ErrCursorInvalid.
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
		page, err := s.catalog.List(ctx, f) // this still refuses an invalid filter
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
	if f.Cursor != "" { // the cursor belongs to no list of this query
		return Result{}, catalog.ErrCursorInvalid.With("cursor", "other_list").
			Because("cursor %.100q for %q", f.Cursor, text)
	}
	return Result{}, nil
}

// attempt is one way to answer a query. query is its tsquery; an attempt without one is skipped. If query also reads
// words as pinyin, words is the tsquery of the words alone, whose matches come first.
type attempt struct {
	Result
	query, words string
}

// reads returns the attempt that requires every term.
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

// more returns the attempt that reads words more freely. It is empty if that changes nothing.
func more(terms []term, how, before reading) attempt {
	if strict(terms, how) == strict(terms, before) {
		return attempt{}
	}
	return reads(terms, how)
}

func (s *Search) exact(_ context.Context, _ string, terms []term) (attempt, error) {
	return reads(terms, asWhole), nil
}

// begun reads short words as pinyin. English has such words, too, so this follows only if no video has them as words.
func (s *Search) begun(_ context.Context, _ string, terms []term) (attempt, error) {
	return more(terms, asBegun, asWhole), nil
}

// spelt comes after the correction, because misspelt words look like shortened syllables.
func (s *Search) spelt(_ context.Context, _ string, terms []term) (attempt, error) {
	return more(terms, asSpelt, asBegun), nil
}

// some requires only one of the words. It is empty for a single word.
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
			return false, nil // the cursor may belong to the list of a later attempt
		}
		after.AfterScore, after.AfterID = at.Key, at.ID
	}
	matches, err := s.queries.Match(ctx, planned{s.pools.Replica}, after)
	if err != nil {
		return false, err
	}
	if len(matches) == 0 {
		return after.AfterID != math.MaxInt64, nil // with a cursor this is an empty page after the last one
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
	if f.Cursor != "" { // the matches after a cursor are not all of them
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

// planned makes PostgreSQL plan each query for its own words. A generic plan would read every match of a word that is
// in most documents.
type planned struct{ dbsqlc.DBTX }

func (p planned) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return p.DBTX.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
}
