// Package risk protects the mall from too many requests and from unwanted visitors: it owns how many requests a person,
// a device or an address may make, and the lists of those that operators deny or allow. It refuses to know what is
// sold, HTTP and pages. It decides nothing about stock: whatever passes here, PostgreSQL decides who gets a unit.
package risk

import (
	"net/netip"
	"time"

	"videomall/mall/fault"
)

// Faults of a request that is refused.
var (
	ErrRateLimited = fault.New(fault.TooMany, "rate_limited", "Too many requests. Try again in a moment.")
	ErrDenied      = fault.New(fault.Forbidden, "access_denied", "The operator of this mall has closed it to you.")
)

// Subject is the caller as far as the mall knows. Zero fields are unknown and not counted.
type Subject struct {
	UserID  int64
	Device  string // 32 hex digits from the signed cookie; empty if the cookie is forged
	Address netip.Addr
	Key     string // of a partner, whose signature was checked
}

// Kind is what a bucket or an entry of the lists applies to.
type Kind string

// The kinds.
const (
	User    Kind = "user"
	Device  Kind = "device"
	Address Kind = "address"
	Key     Kind = "key" // of limits only: the lists know no keys
)

// Kinds lists the kinds in the order in which refusals name them, the narrowest first.
var Kinds = []Kind{User, Device, Address}

// limited is an ErrRateLimited with the time to wait.
type limited struct {
	error
	wait time.Duration
}

func (l limited) Unwrap() error             { return l.error }
func (l limited) RetryAfter() time.Duration { return l.wait }
