package catalog_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"videomall/mall/catalog"
)

func TestCatalog_AddReview(t *testing.T) {
	t.Parallel()
	s := open(t)
	spu := s.sell(t, "reviewed", 100).SPUID
	for i, rating := range []int{5, 3, 5, 1} {
		_, err := s.AddReview(t.Context(), catalog.NewReview{
			SPUID:  spu,
			UserID: int64(100 + i),
			Owned:  true,
			Author: "A",
			Rating: rating,
			Body:   "好",
			Locale: "zh-CN",
			At:     opening.Add(time.Duration(i/2) * time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// The same person at the same time, many times: one stays.
	results := make(chan error, 6)
	for range 6 {
		go func() {
			_, err := s.AddReview(t.Context(), catalog.NewReview{
				SPUID:  spu,
				UserID: 200,
				Owned:  true,
				Author: "B",
				Rating: 4,
				Locale: "en",
			})
			results <- err
		}()
	}
	kept := 0
	for range 6 {
		if err := <-results; err == nil {
			kept++
		} else if !errors.Is(err, catalog.ErrReviewExists) {
			t.Error(err)
		}
	}
	p, err := s.Product(t.Context(), spu)
	if err != nil || kept != 1 || p.RatingCount != 5 || p.RatingSum != 18 || p.RatingCounts != [5]int64{1, 0, 1, 1, 2} {
		t.Fatalf("kept %d: %d reviews, %d stars, %v; %v", kept, p.RatingCount, p.RatingSum, p.RatingCounts, err)
	}
	if p.Rating() != 3.6 {
		t.Fatal(p.Rating())
	}
	seen := map[int64]bool{}
	after := ""
	for {
		page, err := s.Reviews(t.Context(), spu, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Items {
			if seen[r.ID] {
				t.Fatal("the same review came twice")
			}
			seen[r.ID] = true
		}
		if after = page.NextCursor; after == "" {
			break
		}
	}
	if len(seen) != 5 {
		t.Fatalf("%d of 5 reviews", len(seen))
	}
	if r, ok, err := s.ReviewBy(t.Context(), spu, 200); err != nil || !ok || r.Rating != 4 {
		t.Fatalf("%+v, %v, %v", r, ok, err)
	}
	if _, ok, err := s.ReviewBy(t.Context(), spu, 201); err != nil || ok {
		t.Fatal(ok, err)
	}
}

func TestCatalog_AddReview_refused(t *testing.T) {
	t.Parallel()
	s := open(t)
	spu := s.sell(t, "refused", 100).SPUID
	for name, c := range map[string]struct {
		n    catalog.NewReview
		want error
	}{
		"not owned": {catalog.NewReview{
			SPUID:  spu,
			Rating: 5,
			Locale: "en",
		}, catalog.ErrReviewNotOwned},
		"one's own": {catalog.NewReview{
			SPUID:  spu,
			UserID: 7,
			Owned:  true,
			Rating: 5,
			Locale: "en",
		}, catalog.ErrReviewOwn},
		"no stars": {catalog.NewReview{
			SPUID:  spu,
			Owned:  true,
			Locale: "en",
		}, catalog.ErrReviewInvalid},
		"six stars": {catalog.NewReview{
			SPUID:  spu,
			Owned:  true,
			Rating: 6,
			Locale: "en",
		}, catalog.ErrReviewInvalid},
		"too long": {catalog.NewReview{
			SPUID:  spu,
			Owned:  true,
			Rating: 5,
			Body:   strings.Repeat("长", 4001),
			Locale: "en",
		}, catalog.ErrReviewInvalid},
		"NUL": {catalog.NewReview{
			SPUID:  spu,
			Owned:  true,
			Rating: 5,
			Body:   "a\x00b",
			Locale: "en",
		}, catalog.ErrReviewInvalid},
		"no product": {catalog.NewReview{
			SPUID:  987654,
			Owned:  true,
			Rating: 5,
			Locale: "en",
		}, catalog.ErrProductNotFound},
	} {
		if _, err := s.AddReview(t.Context(), c.n); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p, err := s.Product(t.Context(), spu); err != nil || p.RatingCount != 0 || p.RatingSum != 0 {
		t.Fatalf("refused reviews were counted: %+v, %v", p.RatingCounts, err)
	}
}
