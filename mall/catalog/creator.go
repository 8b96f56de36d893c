package catalog

import (
	"context"
	"fmt"

	"videomall/mall/locale"
)

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
