package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/views/address"
	"videomall/web/page"
)

// What an entitlement is worth now.
const (
	statusActive  = "active"
	statusExpired = "expired"
	statusRevoked = "revoked"
)

type entitlementAnswer struct {
	EntitlementID int64      `json:"entitlementId"`
	VideoID       int64      `json:"videoId"`
	SKUID         int64      `json:"skuId"`
	Title         string     `json:"title"`
	CoverURL      *string    `json:"coverUrl"`
	WatchURL      string     `json:"watchUrl"`
	OrderNo       string     `json:"orderNo"`
	Kind          string     `json:"kind"`
	Quality       string     `json:"quality"`
	RentHours     *int       `json:"rentHours"`
	Status        string     `json:"status"`
	GrantedAt     time.Time  `json:"grantedAt"`
	FirstPlayedAt *time.Time `json:"firstPlayedAt"`
	ExpiresAt     *time.Time `json:"expiresAt"`
	RevokedAt     *time.Time `json:"revokedAt"`
}

// listEntitlements shows what was granted to the viewer, newest first, ended ones included.
func (d Deps) listEntitlements(c *page.Ctx) error {
	q, err := readQuery(c, "limit", "cursor")
	if err != nil {
		return err
	}
	limit, ctx := q.limit(), c.Request().Context()
	if err := q.err(); err != nil {
		return err
	}
	held, next, err := d.Entitlements.List(ctx, c.Viewer.UserID, q.values.Get("cursor"), limit)
	if errors.Is(err, entitlement.ErrBadCursor) {
		return catalog.ErrCursorInvalid.With("cursor", "malformed").Because("%w", err)
	}
	if err != nil {
		return err
	}
	videos, err := d.videos(ctx, held)
	if err != nil {
		return err
	}
	answer := list[entitlementAnswer]{Items: make([]entitlementAnswer, len(held)), NextCursor: next}
	for i, e := range held {
		k := videos[e.SPUID]
		answer.Items[i] = entitlementAnswer{
			EntitlementID: e.ID,
			VideoID:       e.SPUID,
			SKUID:         e.SKUID,
			Title:         c.Text.Of(k.Title),
			CoverURL:      d.coverURL(k.Cover),
			WatchURL:      d.PublicURL + address.Watch(k.Slug),
			OrderNo:       e.Reference,
			Kind:          e.Kind,
			Quality:       e.Quality,
			RentHours:     hours(e.RentHours),
			Status:        statusOf(e, c.Now),
			GrantedAt:     e.GrantedAt.UTC(),
			FirstPlayedAt: utc(e.FirstPlayedAt),
			ExpiresAt:     utc(e.ExpiresAt),
			RevokedAt:     utc(e.RevokedAt),
		}
	}
	return c.JSON(http.StatusOK, answer)
}

func statusOf(e entitlement.Entitlement, now time.Time) string {
	switch err := e.Refusal(now); {
	case errors.Is(err, entitlement.ErrRevoked):
		return statusRevoked
	case err != nil:
		return statusExpired
	}
	return statusActive
}

// videos are the videos of some entitlements, on sale or not, each once.
func (d Deps) videos(ctx context.Context, held []entitlement.Entitlement) (map[int64]catalog.Card, error) {
	videos, ids := make(map[int64]catalog.Card, len(held)), []int64(nil)
	for _, e := range held {
		if _, seen := videos[e.SPUID]; !seen {
			videos[e.SPUID], ids = catalog.Card{}, append(ids, e.SPUID)
		}
	}
	cards, err := d.Catalog.Cards(ctx, ids)
	for _, k := range cards {
		videos[k.SPUID] = k
	}
	return videos, err
}
