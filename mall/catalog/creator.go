package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

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
// was first. A name in one language is enough: whoever reads the other one sees it too (text.Printer.Of). Errors:
// ErrCreatorInvalid with Fields.
func (c *Catalog) OpenCreator(ctx context.Context, n NewCreator) error {
	for _, s := range []*string{&n.Slug, &n.NameZh, &n.NameEn, &n.BioZh, &n.BioEn} {
		*s = strings.TrimSpace(strings.ReplaceAll(*s, "\r\n", "\n"))
	}
	n.NameZh, n.NameEn = textnorm.Name(n.NameZh), textnorm.Name(n.NameEn)
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
				NameZh: n.NameZh,
				NameEn: n.NameEn,
				BioZh:  n.BioZh,
				BioEn:  n.BioEn,
			})
	})
	return refused(err, "change creator %d", n.UserID)
}

func (n NewCreator) check() error {
	f := faults{}
	f.text("name_zh", n.NameZh, MaxCreatorName)
	f.text("name_en", n.NameEn, MaxCreatorName)
	if n.NameZh == "" && n.NameEn == "" {
		f["name_en"] = "names_missing"
	}
	f.text("bio_zh", n.BioZh, MaxBio)
	f.text("bio_en", n.BioEn, MaxBio)
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
		NameZh: r.NameZh,
		NameEn: r.NameEn,
		BioZh:  r.BioZh,
		BioEn:  r.BioEn,
		Avatar: r.Avatar,
		Since:  r.CreatedAt,
	}, nil
}

func isSlugTaken(err error) bool { return errors.Is(err, ErrSlugTaken) }
