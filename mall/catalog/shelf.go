package catalog

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/catalog/internal/dbsqlc"
)

// shelvesLife is how old the counts beside the categories may be.
const shelvesLife = 30 * time.Second

// Category is a shelf with the number of videos on sale there.
type Category struct {
	ID                   int64
	Slug, NameZh, NameEn string
	Videos               int64
}

// Creator is a maker with the number of videos on sale.
type Creator struct {
	UserID               int64
	Slug, NameZh, NameEn string
	BioZh, BioEn         string
	Avatar               string
	Since                time.Time
	Videos               int64
}

// Categories returns all shelves in their order, with counts at most half a minute old.
func (c *Catalog) Categories(ctx context.Context) ([]Category, error) {
	now := c.now()
	c.shelvesMu.Lock()
	if c.shelves != nil && now.Before(c.shelvesTill) {
		defer c.shelvesMu.Unlock()
		return c.shelves, nil
	}
	c.shelvesMu.Unlock()
	rows, err := c.queries.Categories(ctx, c.pools.Replica)
	if err != nil {
		return nil, fmt.Errorf("categories: %w", err)
	}
	shelves := make([]Category, len(rows))
	for i, r := range rows {
		shelves[i] = Category(r)
	}
	c.shelvesMu.Lock()
	defer c.shelvesMu.Unlock()
	c.shelves, c.shelvesTill = shelves, now.Add(shelvesLife)
	return shelves, nil
}

// Category finds a shelf by the name in its address. Errors: ErrCategoryNotFound.
func (c *Catalog) Category(ctx context.Context, slug string) (Category, error) {
	shelves, err := c.Categories(ctx)
	if err != nil {
		return Category{}, err
	}
	for _, s := range shelves {
		if s.Slug == slug {
			return s, nil
		}
	}
	return Category{}, ErrCategoryNotFound.Because("slug %q", slug)
}

// Creator finds a maker by the name in their address. Errors: ErrCreatorNotFound.
func (c *Catalog) Creator(ctx context.Context, slug string) (Creator, error) {
	if !slugPattern.MatchString(slug) {
		return Creator{}, ErrCreatorNotFound.Because("slug %q", slug)
	}
	r, err := c.queries.CreatorBySlug(ctx, c.pools.Replica, slug)
	if missing(err) {
		return Creator{}, ErrCreatorNotFound.Because("slug %q", slug)
	}
	if err != nil {
		return Creator{}, fmt.Errorf("creator %q: %w", slug, err)
	}
	return creator(dbsqlc.CreatorsRow(r)), nil
}

// Creators returns up to limit makers with videos on sale, those who sell most first.
func (c *Catalog) Creators(ctx context.Context, limit int) ([]Creator, error) {
	rows, err := c.queries.Creators(ctx, c.pools.Replica, int32(limit))
	if err != nil {
		return nil, fmt.Errorf("creators: %w", err)
	}
	list := make([]Creator, len(rows))
	for i, r := range rows {
		list[i] = creator(r)
	}
	return list, nil
}

func creator(r dbsqlc.CreatorsRow) Creator {
	return Creator{UserID: r.UserID, Slug: r.Slug, NameZh: r.NameZh, NameEn: r.NameEn, BioZh: r.BioZh, BioEn: r.BioEn,
		Avatar: r.Avatar, Since: r.CreatedAt, Videos: r.Videos}
}

func (c *Catalog) forgetShelves() {
	c.shelvesMu.Lock()
	defer c.shelvesMu.Unlock()
	c.shelves = nil
}
