package waitingroom

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// sign returns a ticket, "<end>.<signature>": the end of the lease in milliseconds, base 36, and HMAC-SHA256 over
// purpose, room, person and end. A ticket names nobody, but it is valid only for the person for whom it was signed.

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

// CheckTicket checks that the ticket admits this visitor to this room now. It asks neither Redis nor PostgreSQL. A
// ticket that was given to a device before its owner signed in stays valid on that device. A ticket stays valid after
// Leave until its lease ends, so a rule that somebody buys only once must be enforced elsewhere. Errors:
// ErrTicketInvalid.
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
