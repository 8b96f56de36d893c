package listing

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"videomall/db"
	"videomall/mall/catalog/internal/dbsqlc"
	"videomall/mall/locale"
)

// Known is a listing in any state, as the operators' search finds it. The title of one that was never on sale is that
// of its open revision.
type Known struct {
	SPUID, CreatorID int64
	Slug             string
	Title            locale.Text
	Status           string
}

// Lookup finds up to most listings, drafts too, by id or by how a title begins, in whatever case.
func (ls *Listings) Lookup(ctx context.Context, q string, most int) ([]Known, error) {
	q = strings.TrimSpace(q)
	if q == "" || utf8.RuneCountInString(q) > MaxTitle || !db.Storable(q) {
		return nil, nil
	}
	id, _ := strconv.ParseInt(q, 10, 64) // no number is no listing's id
	begins, ends := db.Prefix(strings.ToLower(q))
	rows, err := ls.queries.LookupListings(ctx, ls.pools.Primary, dbsqlc.LookupListingsParams{
		ID:     id,
		Begins: begins,
		Ends:   ends,
		Most:   int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("look listings up: %w", err)
	}
	found := make([]Known, len(rows))
	for n, r := range rows {
		found[n] = Known{r.ID, r.CreatorID, r.Slug, locale.Text{Zh: r.TitleZh, En: r.TitleEn}, r.Status}
	}
	return found, nil
}
