package playback

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const audience = "play"

// claims are what a play token says. Whoever has it can play one video on one device, so it lives for minutes only.
type claims struct {
	jwt.RegisteredClaims
	// Video is the video's prefix in storage.
	Video string `json:"vid"`
	// Entitlement is looked up again whenever something is handed out.
	Entitlement int64 `json:"ent"`
	// Preview is the packaged video's number in a token that stands on no entitlement.
	Preview int64 `json:"pre,omitempty"`
	// Free is for how many seconds of the video's begin the token is good, of one that stands on a listing's free
	// minutes and is nobody's; SPU is the listing, Began the second in which it was first asked for.
	Free  int   `json:"free,omitempty"`
	SPU   int64 `json:"spu,omitempty"`
	Began int64 `json:"beg,omitempty"`
	// Device is the hash of the device cookie, never the cookie.
	Device string `json:"dev"`
	// Session is the stream; it stays the same over renewals.
	Session string `json:"sid"`
	// The sign-in by which the token was requested; the token is void once it ends. All four are 0 for a guest. Account
	// differs from user in free minutes alone, which are nobody's: there user is 0, and Account is whoever is signed in.
	Account int64 `json:"acc,omitempty"`
	Epoch   int64 `json:"epo,omitempty"`
	SignIn  int64 `json:"sin,omitempty"`
	Bearer  int64 `json:"bea,omitempty"`

	user int64 // whose entitlement plays, from the token's subject
}

// Credential is what a viewer was let in with, as the mall's accounts number it; playback keeps it and asks about it.
// The zero Credential is a guest's.
type Credential struct {
	UserID  int64
	Epoch   int64
	Session int64
	Token   int64
}

func (c claims) credential() Credential { return Credential{c.Account, c.Epoch, c.SignIn, c.Bearer} }

func (c *claims) bind(by Credential) {
	c.Account = by.UserID
	c.Epoch = by.Epoch
	c.SignIn = by.Session
	c.Bearer = by.Token
}

func deviceClaim(hash []byte) string { return base64.RawURLEncoding.EncodeToString(hash) }

// sign makes a fresh token of c that is valid until then.
func (p *Playback) sign(c claims, until time.Time) (string, error) {
	c.RegisteredClaims = jwt.RegisteredClaims{
		Subject:   strconv.FormatInt(c.user, 10),
		Audience:  jwt.ClaimStrings{audience},
		ID:        rand.Text(),
		IssuedAt:  jwt.NewNumericDate(p.now()),
		ExpiresAt: jwt.NewNumericDate(until),
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(p.secrets.Token)
}

// parse returns ErrTokenExpired for a token that we signed and that has expired, and ErrBadToken for all others.
func (p *Playback) parse(token string) (claims, error) {
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return p.secrets.Token, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(p.now))
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return claims{}, ErrTokenExpired
	case err != nil:
		return claims{}, ErrBadToken.Because("%w", err)
	}
	c.user, err = strconv.ParseInt(c.Subject, 10, 64)
	if err != nil || (c.user <= 0) != (c.Free > 0) || c.Video == "" || c.Session == "" {
		return claims{}, ErrBadToken.Because("claims of %q", c.Subject)
	}
	return c, nil
}
