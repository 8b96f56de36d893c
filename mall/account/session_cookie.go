package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/sessions"
)

func (s *Sessions) options() *sessions.Options {
	return &sessions.Options{
		Path:     "/",
		Secure:   s.secure,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	}
}

func (s *Sessions) setCookie(w http.ResponseWriter, session *sessions.Session, ttl time.Duration) {
	options := *session.Options
	options.MaxAge = int(ttl / time.Second)
	replaceCookie(w, sessions.NewCookie(session.Name(), session.ID, &options))
}

// replaceCookie sets the cookie and removes one of the same name that this response has set before, since RFC 6265
// permits one of each name.
func replaceCookie(w http.ResponseWriter, cookie *http.Cookie) {
	const header = "Set-Cookie"
	w.Header()[header] = slices.DeleteFunc(w.Header()[header], func(line string) bool {
		return strings.HasPrefix(line, cookie.Name+"=")
	})
	http.SetCookie(w, cookie)
}

func newID() string {
	b := make([]byte, idBytes)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

func wellFormed(id string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(id)
	return err == nil && len(b) == idBytes
}

func hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func flatten(values map[any]any) (map[string]string, error) {
	out := make(map[string]string, len(values)+1)
	for k, v := range values {
		key, okKey := k.(string)
		value, okValue := v.(string)
		if !okKey || !okValue {
			return nil, fmt.Errorf("session: value %v is a %T, and only strings are kept", k, v)
		}
		out[key] = value
	}
	return out, nil
}

// clip returns at most n bytes of valid UTF-8 without control characters, which both PostgreSQL and a page accept.
func clip(text string, n int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if len(text) > n {
		text = strings.ToValidUTF8(text[:n], "")
	}
	return text
}
