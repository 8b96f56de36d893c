// Package waitingroom owns the queue before a sale from which more people want to buy than can be served at once: who
// waits, who is admitted next and for how long, and the signed ticket that proves an admission. It refuses to know
// HTTP, accounts and campaigns; callers pass in what it needs of them. It decides nothing about stock: whoever is
// admitted here, PostgreSQL decides who gets a unit.
package waitingroom

import (
	"regexp"
	"time"

	"videomall/mall/fault"
)

// Faults of a waiting room and of a ticket.
var (
	ErrUnknown       = fault.New(fault.NotFound, "queue_not_found", "There is no such line.")
	ErrEnded         = fault.New(fault.Conflict, "queue_ended", "This sale has ended.")
	ErrTicketInvalid = fault.New(fault.Forbidden, "queue_pass_invalid", "Wait for your turn first.")
)

// Admission says how many people a waiting room admits and for how long. The caller passes it with every request, so
// that it can be raised while people queue.
type Admission struct {
	Room  string        // "campaign:7"; a to z, digits, ':', '-' and '_', at most 64
	Slots int           // people who may buy at once, at least 1
	Lease time.Duration // how long each of them may buy; 60 s if 0
	Ends  time.Time     // when the sale ends; zero if that is not known yet
}

const defaultLease = time.Minute

var roomName = regexp.MustCompile(`^[a-z0-9:_-]{1,64}$`)

func (a Admission) check() error {
	if !roomName.MatchString(a.Room) || a.Slots < 1 {
		return ErrUnknown.Because("room %q with %d slots", a.Room, a.Slots)
	}
	return nil
}

func (a Admission) lease() time.Duration {
	if a.Lease > 0 {
		return a.Lease
	}
	return defaultLease
}

// Visitor is the caller as far as the mall knows: an account, a device or both.
type Visitor struct {
	UserID int64
	Device string // 32 hex digits, from the signed cookie
}

// Status says whether a visitor waits.
type Status string

// The statuses.
const (
	Outside  Status = "outside" // never joined, left, lease ended, or not seen for a minute
	Queued   Status = "queued"
	Admitted Status = "admitted"
)

// Position is the position of a visitor in a waiting room.
type Position struct {
	Status   Status
	Number   int64 // drawn once when joining, the lowest is next; 0 without Redis
	Ahead    int   // people with a lower number; it never grows
	Waiting  int   // people in the queue
	Admitted int   // people who may buy now
	// Ticket proves the admission until Until.
	Ticket string
	Until  time.Time
}
