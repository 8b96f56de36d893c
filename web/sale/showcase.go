package sale

import (
	"context"
	"sync"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/promotion"

	saleview "videomall/views/sale"
)

const (
	showcaseLife = 2 * time.Second // how old what the shop says of running sales may be
	showcaseMost = 20
)

// Showcase tells the rest of the shop which sales run. It is asked on the busiest pages, so each process asks the
// database only once in showcaseLife. It is safe for concurrent use.
type Showcase struct {
	promotions *promotion.Promotions
	catalog    *catalog.Catalog
	now        func() time.Time

	mu    sync.Mutex
	kept  []saleview.Teaser
	until time.Time
}

// NewShowcase makes an empty one.
func NewShowcase(p *promotion.Promotions, c *catalog.Catalog, now func() time.Time) *Showcase {
	return &Showcase{
		promotions: p,
		catalog:    c,
		now:        now,
	}
}

// Running are the sales that run and have something to show, the next to end first.
func (s *Showcase) Running(ctx context.Context) ([]saleview.Teaser, error) {
	now := s.now()
	s.mu.Lock()
	kept, fresh := s.kept, now.Before(s.until)
	if !fresh { // one asks; the others take what is kept until it knows better
		s.until = now.Add(showcaseLife)
	}
	s.mu.Unlock()
	if fresh {
		return on(kept, now), nil
	}
	list, err := s.ask(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.kept = list
	s.mu.Unlock()
	return on(list, now), nil
}

func (s *Showcase) ask(ctx context.Context) ([]saleview.Teaser, error) {
	open, err := s.promotions.Open(ctx, showcaseMost)
	if err != nil {
		return nil, err
	}
	list, err := teasers(ctx, s.catalog, open)
	if err != nil {
		return nil, err
	}
	shown := list[:0]
	for _, t := range list {
		if len(t.Lots) > 0 && t.Campaign.Status == promotion.Running {
			shown = append(shown, t)
		}
	}
	return shown, nil
}

// on leaves out what ended since it was asked for.
func on(list []saleview.Teaser, now time.Time) []saleview.Teaser {
	var running []saleview.Teaser
	for _, t := range list {
		if t.Campaign.On(now) {
			running = append(running, t)
		}
	}
	return running
}
