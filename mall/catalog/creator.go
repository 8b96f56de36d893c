package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/locale"
	"videomall/mall/textnorm"
)

// Limits of a creator's profile, in letters.
const (
	MaxCreatorName = 80
	MaxCreatorSlug = 60
	MaxBio         = 1000
)

// OpenCreator makes a person a creator in the catalogue, or changes what their profile says: the address stays what it
// was first. A name in one language is enough: whoever reads the other one sees it too (locale.Text.In). Errors:
// ErrCreatorInvalid with Fields.
func (c *Catalog) OpenCreator(ctx context.Context, n NewCreator) error {
	n.Slug = trimmed(n.Slug)
	n.Name = n.Name.Map(trimmed).Map(textnorm.Name)
	n.Bio = n.Bio.Map(trimmed)
	former, err := c.queries.CreatorByUser(ctx, c.pools.Primary, n.UserID)
	if err != nil && !missing(err) {
		return fmt.Errorf("creator %d: %w", n.UserID, err)
	}
	if err == nil {
		n.Slug = former.Slug
	}
	if err := n.check(); err != nil {
		return err
	}
	if former.UserID == 0 {
		err = c.CreateCreator(ctx, n)
		if isSlugTaken(err) {
			return ErrCreatorInvalid.With("slug", "slug_taken").Because("%w", err)
		}
		return err
	}
	err = c.changing(ctx, func(tx pgx.Tx) ([]Change, error) {
		return []Change{{Type: typeCreator, Names: []string{"creator:" + n.Slug}}},
			c.queries.UpdateCreator(ctx, tx, dbsqlc.UpdateCreatorParams{
				UserID: n.UserID,
				NameZh: n.Name.Zh,
				NameEn: n.Name.En,
				BioZh:  n.Bio.Zh,
				BioEn:  n.Bio.En,
			})
	})
	return refused(err, "change creator %d", n.UserID)
}

func (n NewCreator) check() error {
	f := faults{}
	f.texts("name", n.Name, MaxCreatorName)
	if n.Name.IsZero() {
		f["name_en"] = "names_missing"
	}
	f.texts("bio", n.Bio, MaxBio)
	switch {
	case n.Slug == "":
		f["slug"] = "slug_missing"
	case !goodSlug(n.Slug) || len(n.Slug) > MaxCreatorSlug || len(n.Slug) < 3:
		f["slug"] = "slug_malformed"
	}
	return f.of(ErrCreatorInvalid)
}

// CreatorOf is a person's profile as a creator. Errors: ErrCreatorNotFound.
func (c *Catalog) CreatorOf(ctx context.Context, userID int64) (Creator, error) {
	r, err := c.queries.CreatorByUser(ctx, c.pools.Primary, userID)
	if missing(err) {
		return Creator{}, ErrCreatorNotFound.Because("user %d", userID)
	}
	if err != nil {
		return Creator{}, fmt.Errorf("creator %d: %w", userID, err)
	}
	return Creator{
		UserID: r.UserID,
		Slug:   r.Slug,
		Name:   locale.Text{Zh: r.NameZh, En: r.NameEn},
		Bio:    locale.Text{Zh: r.BioZh, En: r.BioEn},
		Avatar: r.Avatar,
		Since:  r.CreatedAt,
	}, nil
}

func isSlugTaken(err error) bool { return errors.Is(err, ErrSlugTaken) }
