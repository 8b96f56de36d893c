package catalog

import (
	"context"
	"fmt"
	"time"

	"videomall/mall/cache"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/locale"
)

// cachedCreators is how many of the best-selling creators are cached.
const cachedCreators = 24

// Category is a named part of the catalogue, with the number of videos on sale there.
type Category struct {
	ID     int64
	Slug   string
	Name   locale.Text
	Videos int64
}

// Creator is who sells videos, with the number of those on sale.
type Creator struct {
	UserID int64
	Slug   string
	Name   locale.Text
	Bio    locale.Text
	Avatar string
	Since  time.Time
	Videos int64
}

// Categories returns all categories in their order. The slice is shared: read only.
func (c *Catalog) Categories(ctx context.Context) ([]Category, error) {
	return c.caches.categories.Get(ctx, "all", []string{TagLists},
		func(ctx context.Context) ([]Category, cache.Policy, error) {
			rows, err := c.queries.Categories(ctx, c.fresh())
			if err != nil {
				return nil, cache.Policy{}, fmt.Errorf("categories: %w", err)
			}
			categories := make([]Category, len(rows))
			for i, r := range rows {
				categories[i] = Category{
					ID:     r.ID,
					Slug:   r.Slug,
					Name:   locale.Text{Zh: r.NameZh, En: r.NameEn},
					Videos: r.Videos,
				}
			}
			return categories, cache.Policy{}, nil
		})
}

// Category finds a category by the name in its address. Errors: ErrCategoryNotFound.
func (c *Catalog) Category(ctx context.Context, slug string) (Category, error) {
	categories, err := c.Categories(ctx)
	if err != nil {
		return Category{}, err
	}
	for _, s := range categories {
		if s.Slug == slug {
			return s, nil
		}
	}
	return Category{}, ErrCategoryNotFound.Because("slug %q", slug)
}

// Creator finds a creator by the name in their address. Errors: ErrCreatorNotFound.
func (c *Catalog) Creator(ctx context.Context, slug string) (Creator, error) {
	if !slugPattern.MatchString(slug) {
		return Creator{}, ErrCreatorNotFound.Because("slug %q", slug)
	}
	name := "creator:" + slug
	if !c.caches.names.Passes(name) {
		return Creator{}, ErrCreatorNotFound.Because("no name %q", name)
	}
	return c.caches.creator.Get(ctx, slug, []string{name, TagLists},
		func(ctx context.Context) (Creator, cache.Policy, error) {
			r, err := c.queries.CreatorBySlug(ctx, c.fresh(), slug)
			if missing(err) {
				return Creator{}, cache.Policy{}, ErrCreatorNotFound.Because("slug %q", slug)
			}
			if err != nil {
				return Creator{}, cache.Policy{}, fmt.Errorf("creator %q: %w", slug, err)
			}
			return creator(dbsqlc.CreatorsRow(r)), cache.Policy{}, nil
		})
}

// Creators returns up to limit (at most 24) creators with videos on sale, those who sell most first. The slice is
// shared: read only.
func (c *Catalog) Creators(ctx context.Context, limit int) ([]Creator, error) {
	list, err := c.caches.creators.Get(ctx, "all", []string{TagLists},
		func(ctx context.Context) ([]Creator, cache.Policy, error) {
			rows, err := c.queries.Creators(ctx, c.fresh(), cachedCreators)
			if err != nil {
				return nil, cache.Policy{}, fmt.Errorf("creators: %w", err)
			}
			list := make([]Creator, len(rows))
			for i, r := range rows {
				list[i] = creator(r)
			}
			return list, cache.Policy{}, nil
		})
	return list[:min(limit, len(list))], err
}

func creator(r dbsqlc.CreatorsRow) Creator {
	return Creator{
		UserID: r.UserID,
		Slug:   r.Slug,
		Name:   locale.Text{Zh: r.NameZh, En: r.NameEn},
		Bio:    locale.Text{Zh: r.BioZh, En: r.BioEn},
		Avatar: r.Avatar,
		Since:  r.CreatedAt,
		Videos: r.Videos,
	}
}
