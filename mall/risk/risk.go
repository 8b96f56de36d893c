// Package risk owns the gate before the mall when a crowd arrives: how much one person, device or address may ask for,
// and who is kept out or let through by name. It refuses to know what is sold, HTTP and pages; it decides nothing about
// stock, which PostgreSQL does whatever passes here.
package risk

import (
	"net/netip"
	"time"

	"videomall/mall/fault"
)

// Why the gate stays shut.
var (
	ErrRateLimited = fault.New(fault.TooMany, "rate_limited", "Too many requests. Try again in a moment.")
	ErrDenied      = fault.New(fault.Forbidden, "access_denied", "The operator of this mall has closed it to you.")
)

// Subject is who asks, as far as the mall can tell. Zero fields are unknown and count for nothing.
type Subject struct {
	UserID  int64
	Device  string // 32 hex digits, from the signed cookie; a forged cookie is none
	Address netip.Addr
}

// Kind is what a bucket or an entry of the lists is about.
type Kind string

// The kinds.
const (
	User    Kind = "user"
	Device  Kind = "device"
	Address Kind = "address"
)

// Kinds in the order in which refusals name them: the narrowest first.
var Kinds = []Kind{User, Device, Address}

// limited is an ErrRateLimited that knows when to come back.
type limited struct {
	error
	wait time.Duration
}

func (l limited) Unwrap() error             { return l.error }
func (l limited) RetryAfter() time.Duration { return l.wait }
