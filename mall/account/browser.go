package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// mark identifies a browser in which somebody has signed in. A cookie holds it, signed: the person, their epoch, the
// time, and a random name of the browser. A mark gives no access. It gives the browser attempts of its own at that
// person's password, which strangers cannot use up, and a place in the lane of familiars. A new epoch ends all marks of
// a person; signing out everywhere, changing the password and changing the role begin one. See
// docs/decisions/0025-wrong-passwords-lock-nobody-out.md.
type mark struct {
	userID, epoch int64
	since         time.Time
	name          [8]byte
}

// MarkLife is how long a browser is known. Browsers keep no cookie for longer.
const MarkLife = 400 * 24 * time.Hour

const (
	maxMarks  = 4 // people who share a browser
	markBytes = 32
	macBytes  = 16
)

// RememberBrowser returns the cookie that marks a browser as one in which u has signed in. cookie is the browser's
// present one, whose marks of other people are kept. The result is empty without a BrowserKey.
func (a *Accounts) RememberBrowser(cookie string, u User) string {
	if len(a.browserKey) == 0 {
		return ""
	}
	m := mark{
		userID: u.ID,
		epoch:  u.Epoch,
		since:  a.now(),
	}
	rand.Read(m.name[:]) // never fails: crypto/rand ends the program instead
	marks := []string{a.sign(m)}
	for text := range strings.SplitSeq(cookie, ".") {
		if other, ok := a.readMark(text); ok && other.userID != u.ID && len(marks) < maxMarks {
			marks = append(marks, text)
		}
	}
	return strings.Join(marks, ".")
}

// Knows reports whether a person has signed in in the browser with this cookie since their access last ended
// everywhere. Without a BrowserKey it can't be told, and every browser counts as known.
func (a *Accounts) Knows(cookie string, u User) bool {
	return len(a.browserKey) == 0 || a.knownAs(cookie, u.ID, u.Epoch) != ""
}

// knownAs returns the name of the browser if this person has signed in in it before, or "".
func (a *Accounts) knownAs(cookie string, userID, epoch int64) string {
	marks := strings.SplitN(cookie, ".", maxMarks+1)
	for _, text := range marks[:min(len(marks), maxMarks)] {
		if m, ok := a.readMark(text); ok && m.userID == userID && m.epoch == epoch {
			return hex.EncodeToString(m.name[:])
		}
	}
	return ""
}

func (a *Accounts) sign(m mark) string {
	b := make([]byte, 0, markBytes+macBytes)
	b = binary.BigEndian.AppendUint64(b, uint64(m.userID))
	b = binary.BigEndian.AppendUint64(b, uint64(m.epoch))
	b = binary.BigEndian.AppendUint64(b, uint64(m.since.Unix()))
	b = append(b, m.name[:]...)
	return base64.RawURLEncoding.EncodeToString(append(b, a.mac(b)...))
}

func (a *Accounts) readMark(text string) (m mark, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != markBytes+macBytes || len(a.browserKey) == 0 ||
		!hmac.Equal(b[markBytes:], a.mac(b[:markBytes])) {
		return mark{}, false
	}
	m.userID = int64(binary.BigEndian.Uint64(b))
	m.epoch = int64(binary.BigEndian.Uint64(b[8:]))
	m.since = time.Unix(int64(binary.BigEndian.Uint64(b[16:])), 0)
	copy(m.name[:], b[24:])
	return m, a.now().Sub(m.since) < MarkLife
}

func (a *Accounts) mac(b []byte) []byte {
	h := hmac.New(sha256.New, a.browserKey)
	h.Write(b)
	return slices.Clip(h.Sum(nil)[:macBytes])
}
