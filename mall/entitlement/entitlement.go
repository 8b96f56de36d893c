// Package entitlement owns who may watch what, in which quality and until when. It has one row for each grant, named by
// its source and never deleted. It knows nothing of orders, money and videos except a reference, a source and an SPU
// number.
package entitlement

import (
	"time"

	"videomall/db"
	"videomall/mall/entitlement/internal/dbsqlc"
	"videomall/mall/fault"
)

// The kinds and qualities a grant may have, as the database checks them.
const (
	KindRent  = "rent"
	KindOwn   = "own"
	QualityHD = "HD"
	Quality4K = "4K"
)

// The reasons why a person may not watch. They are distinct because the person can do something different about each:
// buy, buy again, or ask about the refund.
var (
	ErrNotEntitled = fault.New(fault.Forbidden, "not_entitled", "This video has not been bought with this account.")
	ErrExpired     = fault.New(fault.Forbidden, "rental_expired", "The rental of this video is over.")
	ErrRevoked     = fault.New(fault.Forbidden, "entitlement_revoked",
		"This purchase was refunded, and the right to watch ended with it.")
)

// Entitlements grants, revokes and finds entitlements.
type Entitlements struct {
	pools db.Pools
	now   func() time.Time
	q     *dbsqlc.Queries
}

// Deps are the dependencies of Entitlements.
type Deps struct {
	Pools db.Pools         // of a migrated database
	Now   func() time.Time // the clock for rental windows
}

// New returns Entitlements on a database.
func New(d Deps) *Entitlements {
	return &Entitlements{
		pools: d.Pools,
		now:   d.Now,
		q:     dbsqlc.New(),
	}
}

// Entitlement is one thing granted to one person.
type Entitlement struct {
	ID, UserID, SPUID, SKUID int64
	// Reference is the order number, and Source is the line of that order.
	Reference, Source string
	Kind, Quality     string
	// RentHours is how long a rental may be watched from its first play. It is 0 if the video is owned.
	RentHours     int
	GrantedAt     time.Time
	FirstPlayedAt *time.Time
	// ExpiresAt is nil if the video is owned, and for a rental that was never started.
	ExpiresAt    *time.Time
	RevokedAt    *time.Time
	RevokedCause string
}

// Refusal returns nil if e may be watched at the given time, else ErrRevoked or ErrExpired. A rental may no longer be
// watched at ExpiresAt itself.
func (e Entitlement) Refusal(at time.Time) error {
	switch {
	case e.RevokedAt != nil:
		return ErrRevoked
	case e.ExpiresAt != nil && !at.Before(*e.ExpiresAt):
		return ErrExpired
	}
	return nil
}

func fromRow(r dbsqlc.VideoEntitlement) Entitlement {
	return Entitlement{
		ID:            r.ID,
		UserID:        r.UserID,
		SPUID:         r.SpuID,
		SKUID:         r.SkuID,
		Reference:     r.Reference,
		Source:        r.Source,
		Kind:          r.Kind,
		Quality:       r.Quality,
		RentHours:     int(r.RentHours),
		GrantedAt:     r.GrantedAt,
		FirstPlayedAt: r.FirstPlayedAt,
		ExpiresAt:     r.ExpiresAt,
		RevokedAt:     r.RevokedAt,
		RevokedCause:  r.RevokedCause,
	}
}
