package search

import (
	"context"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/search/internal/dbsqlc"
)

// likeness lists, as thresholds, which part of a word's trigrams another word must share to be compared. The second one
// is low, since two swapped letters in a short word leave a quarter of them, and it reads many more words. The distance
// decides.
var likeness = [...]string{"0.45", "0.2"}

// mostAlike is how many similar words are compared.
const mostAlike = 100

// corrected replaces each word that is in no video by the indexed word that is most similar. It returns an empty
// attempt if all words are known, or if none of the others has a similar word.
func (s *Search) corrected(ctx context.Context, text string, terms []term) (attempt, error) {
	words, err := s.unknown(ctx, terms)
	if err != nil {
		return attempt{}, err
	}
	text = clipTo(text, LongestQuery)
	fixed, shift := text, 0
	for _, r := range words {
		like, err := s.nearest(ctx, r.text())
		if err != nil {
			return attempt{}, err
		}
		if like == "" {
			continue
		}
		start, end := r.places[0].start, r.places[len(r.places)-1].end
		fixed = fixed[:start+shift] + like + fixed[end+shift:]
		shift += len(like) - (end - start)
	}
	if fixed == text {
		return attempt{}, nil
	}
	terms = parse(fixed)
	if len(terms) == 0 {
		return attempt{}, nil
	}
	a := reads(terms, asWhole)
	a.Corrected = fixed
	return a, nil
}

// unknown returns the words of a query that are in no video, in their order. Words of fewer than three letters,
// excluded words and Chinese are not corrected.
func (s *Search) unknown(ctx context.Context, terms []term) ([]run, error) {
	var words []run
	var queries []string
	for _, t := range terms {
		for _, r := range t.runs {
			if !r.cjk && !t.not && len(r.runes) >= 3 {
				words, queries = append(words, r), append(queries, word(r, t.prefix))
			}
		}
	}
	if len(words) == 0 {
		return nil, nil
	}
	places, err := s.queries.Known(ctx, s.pools.Replica, queries)
	if err != nil {
		return nil, err
	}
	known := make(map[int]bool, len(places))
	for _, p := range places {
		known[int(p)-1] = true
	}
	var unknown []run
	for i, r := range words {
		if !known[i] {
			unknown = append(unknown, r)
		}
	}
	return unknown, nil
}

// nearest returns the indexed word that becomes this one with the fewest slips of typing, and "" if none is near.
func (s *Search) nearest(ctx context.Context, word string) (string, error) {
	for _, threshold := range likeness {
		candidates, err := s.alike(ctx, word, threshold)
		if err != nil {
			return "", err
		}
		best, nearest := "", slips(word)+1
		for _, candidate := range candidates { // the most similar first, so that the first of equals wins
			if d := distance([]rune(word), []rune(candidate)); d > 0 && d < nearest {
				best, nearest = candidate, d
			}
		}
		if best != "" {
			return best, nil
		}
	}
	return "", nil
}

// alike finds similar words. It needs a transaction, because the threshold of the operator is set for a transaction.
func (s *Search) alike(ctx context.Context, word, threshold string) (words []string, err error) {
	err = db.InTx(ctx, s.pools.Replica, func(tx pgx.Tx) (err error) {
		if err = s.queries.SetSimilarity(ctx, tx, threshold); err != nil {
			return err
		}
		words, err = s.queries.Alike(ctx, tx, dbsqlc.AlikeParams{Word: word, Most: mostAlike})
		return err
	})
	return words, err
}

// slips returns how many slips of typing a word of this length may have and still be corrected.
func slips(word string) int {
	switch n := len([]rune(word)); {
	case n <= 4:
		return 1
	case n <= 8:
		return 2
	default:
		return 3
	}
}

// distance counts the slips between two words: a missing, added or wrong letter, or two swapped neighbours (optimal
// string alignment).
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
