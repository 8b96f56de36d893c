package listing

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
	"videomall/mall/catalog/internal/dbsqlc"
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
func (ls *Listings) OpenCreator(ctx context.Context, n catalog.NewCreator) error {
	n.Slug = trimmed(n.Slug)
	n.Name = n.Name.Map(trimmed).Map(textnorm.Name)
	n.Bio = n.Bio.Map(trimmed)
	former, err := ls.queries.CreatorByUser(ctx, ls.pools.Primary, n.UserID)
	if err != nil && !missing(err) {
		return fmt.Errorf("creator %d: %w", n.UserID, err)
	}
	if err == nil {
		n.Slug = former.Slug
	}
	if err := checkCreator(n); err != nil {
		return err
	}
	if former.UserID == 0 {
		err = ls.catalog.CreateCreator(ctx, n)
		if isSlugTaken(err) {
			return ErrCreatorInvalid.With("slug", "slug_taken").Because("%w", err)
		}
		return err
	}
	err = ls.catalog.WithChanges(ctx, func(tx pgx.Tx) ([]catalog.Change, error) {
		return []catalog.Change{{Type: catalog.ChangeCreator, Names: []string{"creator:" + n.Slug}}},
			ls.queries.UpdateCreator(ctx, tx, dbsqlc.UpdateCreatorParams{
				UserID: n.UserID,
				NameZh: n.Name.Zh,
				NameEn: n.Name.En,
				BioZh:  n.Bio.Zh,
				BioEn:  n.Bio.En,
			})
	})
	return catalog.Refused(err, "change creator %d", n.UserID)
}

func checkCreator(n catalog.NewCreator) error {
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

func isSlugTaken(err error) bool { return errors.Is(err, catalog.ErrSlugTaken) }
