package promotion

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"videomall/db"
	"videomall/mall/promotion/internal/dbsqlc"
)

// maxLookup is longer than a name and than a code, in characters.
const maxLookup = 80

// Lookup finds up to most campaigns by id or by how a name begins, of any owner and in any state, without their items.
func (p *Promotions) Lookup(ctx context.Context, q string, most int) (found []Campaign, err error) {
	if q = strings.TrimSpace(q); !sayable(q) {
		return nil, nil
	}
	id, _ := strconv.ParseInt(q, 10, 64) // no number is no campaign's id
	begins, ends := db.Prefix(strings.ToLower(q))
	rows, err := p.q.LookupCampaigns(ctx, p.deps.Pool, dbsqlc.LookupCampaignsParams{
		ID:     id,
		Begins: begins,
		Ends:   ends,
		Most:   int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("look campaigns up: %w", err)
	}
	for _, r := range rows[:min(len(rows), most)] {
		found = append(found, campaignOf(r))
	}
	return found, nil
}

// LookupCoupons finds up to most coupons by how the code begins, of any owner and in any state, without what they
// cover.
func (p *Promotions) LookupCoupons(ctx context.Context, q string, most int) (found []Coupon, err error) {
	if q = strings.TrimSpace(q); !sayable(q) {
		return nil, nil
	}
	begins, ends := db.Prefix(NormalCode(q))
	rows, err := p.q.LookupCoupons(ctx, p.deps.Pool, dbsqlc.LookupCouponsParams{
		Begins: begins,
		Ends:   ends,
		Most:   int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("look coupons up: %w", err)
	}
	for _, r := range rows {
		found = append(found, couponOf(r, nil))
	}
	return found, nil
}

// sayable says that a text is one that PostgreSQL can be asked for and that a name or a code could be.
func sayable(q string) bool {
	return q != "" && utf8.RuneCountInString(q) <= maxLookup && db.Storable(q)
}
