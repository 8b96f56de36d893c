package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/money"
)

// The rules of a score. Each has words in both languages.
const (
	RuleNewCreator = "new_creator"     // the account or its first listing is young, or none was ever approved
	RulePrice      = "price_outlier"   // far outside of what the category asks for
	RuleWords      = "listed_words"    // words on the list
	RuleTakedowns  = "takedowns"       // listings of the creator that were taken down, and not put back
	RuleCopied     = "duplicate_other" // somebody else's video has the same pictures
	RuleRepeated   = "duplicate_own"   // another video of the creator has
)

// The points that each rule adds. A copied video alone calls for two people; so do words of that weight.
const (
	pointsNewCreator = 25
	pointsPrice      = 30
	pointsTakedown   = 20 // each
	mostTakedowns    = 3  // that count
	pointsCopied     = 60
	pointsRepeated   = 10
	mostWords        = 100
)

// The bounds at which the rules apply.
const (
	youngFor    = 30 * 24 * time.Hour
	priceFactor = 3 // above the ninetieth percentile or below the tenth, by this
	fewOffers   = 5 // of a category say nothing about a price
)

// Reason is the points that one rule added, with what it found.
type Reason struct {
	Rule   string       `json:"rule"`
	Points int          `json:"points"`
	Words  []string     `json:"words,omitempty"` // as they stand on the list
	Count  int          `json:"count,omitempty"`
	Price  *money.Money `json:"price,omitempty"` // with Low and High, which the category lies between
	Low    *money.Money `json:"low,omitempty"`
	High   *money.Money `json:"high,omitempty"`
}

func score(reasons []Reason) int {
	sum := 0
	for _, r := range reasons {
		sum += r.Points
	}
	return sum
}

// reasonsTx asks every rule; the heaviest reason comes first.
func (r *Reviews) reasonsTx(ctx context.Context, tx pgx.Tx, s Submission) ([]Reason, error) {
	reasons := []Reason{}
	for _, rule := range []func(context.Context, pgx.Tx, Submission) (*Reason, error){
		r.creatorRule, r.priceRule,
		r.wordRule, r.duplicateRule,
	} {
		reason, err := rule(ctx, tx, s)
		if err != nil {
			return nil, err
		}
		if reason != nil {
			reasons = append(reasons, *reason)
		}
	}
	past, err := r.q.Past(ctx, tx, s.CreatorID)
	if err != nil {
		return nil, fmt.Errorf("past of creator %d: %w", s.CreatorID, err)
	}
	if past.Takedowns > 0 {
		reasons = append(reasons, Reason{
			Rule:   RuleTakedowns,
			Points: pointsTakedown * int(min(past.Takedowns, mostTakedowns)),
			Count:  int(past.Takedowns),
		})
	}
	slices.SortStableFunc(reasons, func(a, b Reason) int { return cmp.Compare(b.Points, a.Points) })
	return reasons, nil
}

func (r *Reviews) creatorRule(ctx context.Context, tx pgx.Tx, s Submission) (*Reason, error) {
	known, err := r.deps.Facts.Creator(ctx, tx, s.CreatorID)
	if err != nil {
		return nil, fmt.Errorf("creator %d: %w", s.CreatorID, err)
	}
	first, err := r.q.FirstApproval(ctx, tx, s.CreatorID)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("first approval of creator %d: %w", s.CreatorID, err)
	}
	if l := known.FirstListing; !l.IsZero() && (first.IsZero() || l.Before(first)) {
		first = l // on sale before there was a desk
	}
	young := func(at time.Time) bool { return r.deps.Now().Sub(at) < youngFor }
	if first.IsZero() || young(first) || young(known.Since) {
		return &Reason{Rule: RuleNewCreator, Points: pointsNewCreator}, nil
	}
	return nil, nil
}

// priceRule finds the price that lies furthest outside the band. A free video is no outlier, since it can't harm a
// buyer.
func (r *Reviews) priceRule(ctx context.Context, tx pgx.Tx, s Submission) (worst *Reason, err error) {
	furthest := 0.0
	for _, p := range s.Content.Prices {
		if p.Amount.Amount <= 0 {
			continue
		}
		band, err := r.deps.Facts.PriceBand(ctx, tx, s.Content.CategoryID, p.Kind, p.Amount.Currency)
		if err != nil {
			return nil, fmt.Errorf("prices of category %d: %w", s.Content.CategoryID, err)
		}
		if band.Offers < fewOffers || band.Low <= 0 {
			continue
		}
		off := max(float64(p.Amount.Amount)/float64(band.High), float64(band.Low)/float64(p.Amount.Amount))
		if off <= priceFactor || off <= furthest {
			continue
		}
		furthest = off
		low, high, price := money.Of(band.Low, p.Amount.Currency), money.Of(band.High, p.Amount.Currency), p.Amount
		worst = &Reason{
			Rule:   RulePrice,
			Points: pointsPrice,
			Price:  &price,
			Low:    &low,
			High:   &high,
		}
	}
	return worst, nil
}

func (r *Reviews) wordRule(ctx context.Context, tx pgx.Tx, s Submission) (*Reason, error) {
	list, err := r.q.Words(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("words: %w", err)
	}
	c := s.Content
	texts := append(
		[]string{
			c.Title.Zh, c.Title.En, c.Description.Zh, c.Description.En, c.Series.Zh, c.Series.En,
			strings.ReplaceAll(c.Slug, "-", " "),
		}, c.Tags...)
	found := Reason{Rule: RuleWords}
	for _, w := range list {
		if slices.ContainsFunc(texts, func(text string) bool { return holds(text, w.Norm) }) {
			found.Words = append(found.Words, w.Word)
			found.Points = min(found.Points+int(w.Weight), mostWords)
		}
	}
	if found.Points == 0 {
		return nil, nil
	}
	return &found, nil
}

func (r *Reviews) duplicateRule(ctx context.Context, tx pgx.Tx, s Submission) (*Reason, error) {
	if s.Content.VideoID == 0 {
		return nil, nil
	}
	owners, err := r.deps.Facts.Duplicates(ctx, tx, s.Content.VideoID)
	if err != nil {
		return nil, fmt.Errorf("duplicates of video %d: %w", s.Content.VideoID, err)
	}
	others := 0
	for _, id := range owners {
		if id != s.CreatorID {
			others++
		}
	}
	switch {
	case others > 0:
		return &Reason{
			Rule:   RuleCopied,
			Points: pointsCopied,
			Count:  others,
		}, nil
	case len(owners) > 0:
		return &Reason{
			Rule:   RuleRepeated,
			Points: pointsRepeated,
			Count:  len(owners),
		}, nil
	}
	return nil, nil
}
