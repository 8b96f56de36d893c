// Package entitlement owns who may watch what, in which quality and until when: one row for each thing
// granted, named by its source, never deleted. It refuses to know orders, money and videos: a reference,
// a source and an SPU number are all it is told.
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

// Why a person may not watch. Each is its own answer, since each has its own way out: buy, buy again,
// ask about the refund.
var (
	ErrNotEntitled = fault.New(fault.Forbidden, "not_entitled", "This video has not been bought with this account.")
	ErrExpired     = fault.New(fault.Forbidden, "rental_expired", "The rental of this video is over.")
	ErrRevoked     = fault.New(fault.Forbidden, "entitlement_revoked",
		"This purchase was refunded, and the right to watch ended with it.")
)

// Entitlements grants, revokes and answers.
type Entitlements struct {
	pools db.Pools
	now   func() time.Time
	q     *dbsqlc.Queries
}

// Deps are what entitlements stand on.
type Deps struct {
	Pools db.Pools         // of a migrated database
	Now   func() time.Time // the clock that windows are held against
}

// New opens the entitlements.
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
	// Reference is what it was bought with (an order number); Source the one line of it.
	Reference, Source string
	Kind, Quality     string
	// RentHours is how long a rental may be watched from its first play; 0 for what is owned.
	RentHours     int
	GrantedAt     time.Time
	FirstPlayedAt *time.Time
	// ExpiresAt is nil for what is owned and for a rental that was never started.
	ExpiresAt    *time.Time
	RevokedAt    *time.Time
	RevokedCause string
}

// Refusal is nil while e may be watched at that time, else ErrRevoked or ErrExpired. The last moment of
// a rental is outside of it.
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
