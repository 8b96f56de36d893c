// Package signature owns the two forms in which partners sign requests: VM1, which is HMAC-SHA256 over a few lines of
// text, and HTTP Message Signatures (RFC 9421) with Ed25519. docs/partners.md describes both byte by byte. It refuses
// to know keys, clocks and nonces: it says what a request claims, and whether a key confirms it.
package signature

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"regexp"
	"strings"
	"time"

	"videomall/mall/fault"
)

// Form is the way in which a request is signed.
type Form string

// The forms. Each belongs to one kind of key.
const (
	VM1     Form = "hmac"
	RFC9421 Form = "ed25519"
)

// What keeps a request from being checked. ErrMalformed names, as its fields, the parts that are wrong or missing.
var (
	ErrMissing = fault.New(fault.Unauthenticated, "signature_missing",
		"The request is not signed. Sign it with a key of yours: docs/partners.md says how.")
	ErrMalformed = fault.New(fault.Unauthenticated, "signature_malformed",
		"The signature lacks a part or has one in the wrong form; errors names it.")
)

// Request is a request as it was received.
type Request struct {
	Method string
	// Scheme and Host are those of the mall's public address, in lower case, without the usual port. What a proxy makes
	// of them does not count.
	Scheme, Host string
	Target       string // path and query as the request line has them, or a whole address
	Header       http.Header
	Body         []byte
}

// parts splits the target into its path and, with "?", its query as they were sent; query is empty without "?".
func (r Request) parts() (path, query string) {
	path, rest, asked := strings.Cut(r.Target, "?")
	if asked {
		query = "?" + rest
	}
	if _, whole, absolute := strings.Cut(path, "://"); absolute && !strings.HasPrefix(path, "/") {
		_, path, _ = strings.Cut(whole, "/")
		path = "/" + path
	}
	if path == "" {
		path = "/"
	}
	return path, query
}

// Claim is what a request says of its own signature. Nothing of it is proved before Confirms.
type Claim struct {
	Form    Form
	KeyID   string
	Nonce   string
	At      time.Time // when it says that it was signed
	Expires time.Time // zero if it does not say
	digest  []byte    // of the body; nil if the signature covers none, because there is no body

	signature []byte
	covered   []string // the components of RFC 9421, in their order
	params    string   // the value of @signature-params
}

// Read returns what a request says of its signature. Errors: ErrMissing, ErrMalformed with fields.
func Read(r Request) (Claim, error) {
	authorization := r.Header.Values("Authorization")
	inputs := r.Header.Values("Signature-Input")
	for _, name := range []string{"Authorization", "Signature-Input", "Signature", "Content-Digest"} {
		if length(r.Header.Values(name)) > maxField {
			return Claim{}, ErrMalformed.With(strings.ToLower(name), "too_long")
		}
	}
	switch {
	case len(authorization) == 1 && scheme(authorization[0]) == "vm1" && len(inputs) == 0:
		return readVM1(authorization[0])
	case len(authorization) == 0 && len(inputs) > 0:
		return readMessage(r, inputs)
	case len(authorization) == 0:
		return Claim{}, ErrMissing
	case len(authorization) == 1 && scheme(authorization[0]) != "vm1" && len(inputs) == 0:
		return Claim{}, ErrMissing.Because("it has another kind of Authorization")
	}
	return Claim{}, ErrMalformed.With("authorization", "more_than_one").Because("it is signed more than once")
}

// maxField is how many bytes of each field are read. Anybody can send them, before any key is known.
const maxField = 4 << 10

func length(values []string) (sum int) {
	for _, v := range values {
		sum += len(v) + len(", ")
	}
	return sum
}

func scheme(authorization string) string {
	name, _, _ := strings.Cut(authorization, " ")
	return strings.ToLower(name)
}

// Confirms reports whether a key made the claim for this request: a secret for VM1, 32 bytes of a public key for
// RFC9421. It does not look at the body: see CoversBody.
func (c Claim) Confirms(key []byte, r Request) bool {
	if c.Form == VM1 {
		return c.confirmsVM1(key, r)
	}
	return c.confirmsMessage(key, r)
}

// CoversBody reports whether the body is the one that was signed.
func (c Claim) CoversBody(body []byte) bool {
	if c.digest == nil {
		return len(body) == 0
	}
	sum := sha256.Sum256(body)
	return subtle.ConstantTimeCompare(sum[:], c.digest) == 1
}

// The forms of what a signature names. Nonces have 16 to 64 characters; those of keys are the mall's own.
var (
	nonceForm = regexp.MustCompile(`^[A-Za-z0-9._~+/=-]{16,64}$`)
	keyForm   = regexp.MustCompile(`^pk_[a-z2-7]{26}$`)
	stampForm = regexp.MustCompile(`^[0-9]{1,12}$`)
)

// wrong collects the parts of a signature that are wrong.
type wrong struct{ fault *fault.Fault }

func (w *wrong) is(bad bool, part, slug string) {
	if !bad {
		return
	}
	if w.fault == nil {
		w.fault = ErrMalformed
	}
	w.fault = w.fault.With(part, slug)
}

func (w *wrong) err() error {
	if w.fault == nil {
		return nil
	}
	return w.fault
}
