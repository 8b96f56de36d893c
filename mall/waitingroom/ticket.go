package waitingroom

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// A ticket is "<end>.<signature>": the end of the lease in milliseconds, base 36, and HMAC-SHA256 over purpose, room,
// person and end. It names nobody; whoever shows it must be the one it was signed for.

func (q *Queue) sign(room, name string, until time.Time) string {
	end := strconv.FormatInt(until.UnixMilli(), 36)
	return end + "." + base64.RawURLEncoding.EncodeToString(q.mac(room, name, end))
}

func (q *Queue) mac(room, name, end string) []byte {
	h := hmac.New(sha256.New, q.key)
	for _, part := range []string{"pass", room, name, end} { // none can hold a line feed
		h.Write([]byte(part + "\n"))
	}
	return h.Sum(nil)
}

// CheckTicket says whether the ticket admits this visitor to this room now; it asks neither Redis nor PostgreSQL. A
// ticket that was given to a device before its owner signed in stays good on that device. It outlives Leave by the rest
// of its lease, so a verb that lets one buy once must hold that rule by itself. Errors: ErrTicketInvalid.
func (q *Queue) CheckTicket(room, ticket string, v Visitor) error {
	end, signature, _ := strings.Cut(ticket, ".")
	given, err := base64.RawURLEncoding.Strict().DecodeString(signature)
	if err != nil || strings.Contains(end, "\n") {
		return ErrTicketInvalid.Because("no ticket")
	}
	for _, name := range names(v) {
		if !hmac.Equal(given, q.mac(room, name, end)) {
			continue
		}
		until, err := strconv.ParseInt(end, 36, 64)
		if err != nil || !time.UnixMilli(until).After(q.now()) {
			return ErrTicketInvalid.Because("ticket of %s is over", room)
		}
		return nil
	}
	return ErrTicketInvalid.Because("not signed for this visitor at %s", room)
}
