// Package waitingroom owns the wait before a sale that more people want to buy from than can be served at once: who
// queues, who is admitted next and for how long, and the signed ticket that proves an admission. It refuses to know
// HTTP, accounts and campaigns, whose facts it is handed; it decides nothing about stock, which PostgreSQL does whoever
// is admitted here.
package waitingroom

import (
	"regexp"
	"time"

	"videomall/mall/fault"
)

// Why a waiting room or a ticket is refused.
var (
	ErrUnknown       = fault.New(fault.NotFound, "queue_not_found", "There is no such line.")
	ErrEnded         = fault.New(fault.Conflict, "queue_ended", "This sale has ended.")
	ErrTicketInvalid = fault.New(fault.Forbidden, "queue_pass_invalid", "Wait for your turn first.")
)

// Admission says how many people a waiting room lets in and for how long. The seller states it anew at every request,
// so that more people can be admitted while others queue.
type Admission struct {
	Room  string        // "campaign:7"; a to z, digits, ':', '-' and '_', at most 64
	Slots int           // people who may buy at once, at least 1
	Lease time.Duration // how long each of them may; 60 s when 0
	Ends  time.Time     // of the sale; zero: nobody knows yet
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

// Visitor is who asks, as far as the mall can tell: an account, a device or both.
type Visitor struct {
	UserID int64
	Device string // 32 hex digits, from the signed cookie
}

// Status says whether a visitor waits.
type Status string

// The statuses.
const (
	Outside  Status = "outside" // never joined, left, lease over, or not seen for a minute
	Queued   Status = "queued"
	Admitted Status = "admitted"
)

// Position is where a visitor stands in a waiting room.
type Position struct {
	Status   Status
	Number   int64 // drawn once when joining; a lower one goes first. 0 without Redis
	Ahead    int   // people who go first; it never grows
	Waiting  int   // people in the queue
	Admitted int   // people who may buy now
	// Ticket proves the admission until Until.
	Ticket string
	Until  time.Time
}
