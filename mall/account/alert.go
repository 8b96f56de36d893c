package account

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/network"
)

// Place is from where somebody signs in.
type Place struct {
	Device    []byte // of the browser's device cookie, or nil
	Known     bool   // they have signed in from there before, see Accounts.Knows
	Addr      string // the peer's address
	UserAgent string // of programs; SignIn takes that of the request
}

// SignInNotice is the Data of a NoticeNewSignIn.
type SignInNotice struct {
	UserAgent string `json:"userAgent"`
	Network   string `json:"network"` // of the address, as coarse as CoarseNetwork; "" if it is unknown
}

// alerts tell people of sign-ins from places where they have never signed in.
type alerts struct {
	accounts *Accounts // nil tells nobody
	now      func() time.Time
	q        *dbsqlc.Queries
}

func newAlerts(a *Accounts, now func() time.Time) *alerts { return &alerts{a, now, dbsqlc.New()} }

// signedIn notes that a person has signed in, and tells them of a place that is not known, once a cause. Nobody is told
// of the first sign-in of an account, and nothing is sent to an address that nobody has confirmed, which may be a
// stranger's.
func (s *alerts) signedIn(ctx context.Context, tx pgx.Tx, u User, cause string, from Place) error {
	first, err := s.q.NoteFirstSignIn(ctx, tx, dbsqlc.NoteFirstSignInParams{ID: u.ID, At: s.now()})
	if err != nil {
		return fmt.Errorf("note the first sign-in of %d: %w", u.ID, err)
	}
	if first > 0 || from.Known || s.accounts == nil || s.accounts.notify == nil {
		return nil
	}
	email, err := s.q.ConfirmedEmail(ctx, tx, u.ID)
	if err != nil {
		return fmt.Errorf("confirmed address of %d: %w", u.ID, err)
	}
	if email == "" {
		return nil
	}
	return s.accounts.tell(ctx, tx, Notice{
		Kind:  NoticeNewSignIn,
		Cause: cause,
		User:  u,
		To:    email,
		Data:  SignInNotice{UserAgent: clip(from.UserAgent, maxUserAgent), Network: CoarseNetwork(from.Addr)},
	})
}

// programEvery is how often a person is told of tokens that are issued to one network.
const programEvery = 30 * 24 * time.Hour

// programCause names the sign-ins of programs. They keep no cookie by which they could be known, so a person is told of
// each network once in a while.
func programCause(userID int64, addr string, now time.Time) string {
	from := "unknown"
	if ip, err := netip.ParseAddr(addr); err == nil {
		from = network.Of(ip).String()
	}
	return fmt.Sprintf("sign_in/%d/%s/%d", userID, from, now.Unix()/int64(programEvery/time.Second))
}

// CoarseNetwork describes an address without naming it: by its /24 for IPv4 and its /48 for IPv6. It returns "" for what
// is no address.
func CoarseNetwork(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return ""
	}
	ip = network.Normal(ip)
	bits := 48
	if ip.Is4() {
		bits = 24
	}
	p, _ := ip.Prefix(bits) // both fit
	return p.String()
}

// Addressee is where and in which language a person is mailed. Locale is empty if they have never chosen one.
type Addressee struct{ Email, Locale string }

// AddresseeTx finds out where a person is mailed. Errors: ErrNoUser.
func (a *Accounts) AddresseeTx(ctx context.Context, tx pgx.Tx, userID int64) (Addressee, error) {
	row, err := a.q.Addressee(ctx, tx, userID)
	if errors.Is(err, pgx.ErrNoRows) {
		return Addressee{}, ErrNoUser.Because("user %d", userID)
	}
	if err != nil {
		return Addressee{}, fmt.Errorf("address of user %d: %w", userID, err)
	}
	return Addressee(row), nil
}
