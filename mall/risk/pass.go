package risk

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// A pass is "<end>.<signature>": the end of the lease in milliseconds, base 36, and HMAC-SHA256 over purpose, queue,
// person and end. It names nobody; whoever shows it must be the one it was signed for.

func (q *Queue) sign(queue, name string, until time.Time) string {
	end := strconv.FormatInt(until.UnixMilli(), 36)
	return end + "." + base64.RawURLEncoding.EncodeToString(q.mac(queue, name, end))
}

func (q *Queue) mac(queue, name, end string) []byte {
	h := hmac.New(sha256.New, q.key)
	for _, part := range []string{"pass", queue, name, end} { // none can hold a line feed
		h.Write([]byte(part + "\n"))
	}
	return h.Sum(nil)
}

// CheckPass says whether the pass opens this floor to this person now; it asks neither Redis nor PostgreSQL. A pass
// that was given to a device before its owner signed in stays good on that device. It outlives Leave by the rest of its
// lease, so a verb that lets one buy once must hold that rule by itself. Errors: ErrPassInvalid.
func (q *Queue) CheckPass(queue, pass string, s Subject) error {
	end, signature, _ := strings.Cut(pass, ".")
	given, err := base64.RawURLEncoding.Strict().DecodeString(signature)
	if err != nil || strings.Contains(end, "\n") {
		return ErrPassInvalid.Because("no pass")
	}
	for _, name := range names(s) {
		if !hmac.Equal(given, q.mac(queue, name, end)) {
			continue
		}
		until, err := strconv.ParseInt(end, 36, 64)
		if err != nil || !time.UnixMilli(until).After(q.now()) {
			return ErrPassInvalid.Because("pass of %s is over", queue)
		}
		return nil
	}
	return ErrPassInvalid.Because("not signed for this person at %s", queue)
}
