package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" // the one hash that every authenticator app knows
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account/internal/dbsqlc"
)

const (
	totpSecret = 20               // bytes, as long as the hash (RFC 4226, section 4)
	totpPeriod = 30 * time.Second // codes of this period, the one before and the next are accepted
	totpDigits = 6
)

var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// TOTPSetup is an authenticator app that is being set up. Secret is typed or scanned as URL; Sealed is handed back to
// ConfirmTOTP, and shows nothing.
type TOTPSetup struct {
	Secret, URL, Sealed string
}

// NewTOTP makes the secret of an authenticator app, and stores nothing. issuer is what the app calls the mall.
func (a *Accounts) NewTOTP(u User, issuer string) (TOTPSetup, error) {
	if a.box == nil {
		return TOTPSetup{}, errors.New("no FactorKey")
	}
	raw := make([]byte, totpSecret)
	rand.Read(raw) // never fails
	return a.totpSetup(u, issuer, base32Plain.EncodeToString(raw)), nil
}

func (a *Accounts) totpSetup(u User, issuer, secret string) TOTPSetup {
	address := url.URL{
		Scheme: "otpauth",
		Host:   "totp",
		Path:   "/" + issuer + ":" + u.Email,
		// Some apps read a plus as itself.
		RawQuery: "secret=" + secret + "&issuer=" + url.PathEscape(issuer),
	}
	return TOTPSetup{
		Secret: secret,
		URL:    address.String(),
		Sealed: base64.RawURLEncoding.EncodeToString(a.box.Seal([]byte(secret), setupPlace(u))),
	}
}

// ReadTOTP is the setup that NewTOTP returned for the person with this Sealed. Errors: ErrStepGone if their access has
// ended since.
func (a *Accounts) ReadTOTP(u User, issuer, sealed string) (TOTPSetup, error) {
	secret, err := a.openSetup(u, sealed)
	if err != nil {
		return TOTPSetup{}, err
	}
	return a.totpSetup(u, issuer, secret), nil
}

func (a *Accounts) openSetup(u User, sealed string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || a.box == nil {
		return "", ErrStepGone
	}
	secret, err := a.box.Open(raw, setupPlace(u))
	if err != nil {
		return "", ErrStepGone.Because("%w", err)
	}
	return string(secret), nil
}

// Places bind a sealed secret to a person and, before it is stored, to their access.
func setupPlace(u User) string      { return fmt.Sprintf("totp-setup/%d/%d", u.ID, u.Epoch) }
func totpPlace(userID int64) string { return fmt.Sprintf("totp/%d", userID) }

// ConfirmTOTP switches an authenticator app on if it shows the right code, and returns new recovery codes if it is the
// person's first factor; all their sessions and tokens have ended then. Errors: ErrWrongCode, ErrTOTPOn, ErrStepGone.
func (a *Accounts) ConfirmTOTP(ctx context.Context, u User, sealed, code string) (codes []string, err error) {
	secret, err := a.openSetup(u, sealed)
	if err != nil {
		return nil, err
	}
	step, ok := totpStep(secret, cleanCode(code), a.now())
	if !ok {
		return nil, ErrWrongCode
	}
	return a.addFactor(ctx, u, NoticeTOTPOn, "", func(tx pgx.Tx) error {
		n, err := a.q.InsertTOTP(ctx, tx, dbsqlc.InsertTOTPParams{
			UserID: u.ID,
			Secret: a.box.Seal([]byte(secret), totpPlace(u.ID)),
			Step:   step,
			At:     a.now(),
		})
		if err == nil && n == 0 {
			err = ErrTOTPOn.Because("user %d", u.ID)
		}
		return err
	})
}

// RemoveTOTP switches the person's authenticator app off. Errors: ErrNoFactor, ErrLastFactor, ErrNoUser.
func (a *Accounts) RemoveTOTP(ctx context.Context, id int64) error {
	return a.removeFactor(ctx, id, NoticeTOTPOff, func(tx pgx.Tx) (string, error) {
		n, err := a.q.DeleteTOTP(ctx, tx, id)
		if err == nil && n == 0 {
			err = ErrNoFactor.Because("no app of user %d", id)
		}
		return "", err
	})
}

// useTOTP accepts a code once: of two transactions with the same code the second gets ErrWrongCode.
func (a *Accounts) useTOTP(ctx context.Context, tx pgx.Tx, id int64, code string) error {
	sealed, err := a.q.TOTPSecret(ctx, tx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrWrongCode.Because("no app of user %d", id)
	}
	if err != nil {
		return fmt.Errorf("read the app of %d: %w", id, err)
	}
	if a.box == nil {
		return errors.New("no FactorKey")
	}
	secret, err := a.box.Open(sealed, totpPlace(id))
	if err != nil { // such as after a change of SECRET_KEY; recovery codes and passkeys still work
		a.log.ErrorContext(ctx, "an authenticator app can't be read", "user", id, "error", err)
		return ErrWrongCode.Because("read the app of %d: %w", id, err)
	}
	step, ok := totpStep(string(secret), code, a.now())
	if !ok {
		return ErrWrongCode.Because("user %d", id)
	}
	n, err := a.q.UseTOTP(ctx, tx, dbsqlc.UseTOTPParams{UserID: id, Step: step, At: a.now()})
	if err != nil {
		return fmt.Errorf("use the app of %d: %w", id, err)
	}
	if n == 0 {
		return ErrWrongCode.Because("a code of user %d that was used", id)
	}
	return nil
}

// totpStep returns the period whose code this is. It takes the same time for every code.
func totpStep(secret, code string, now time.Time) (step int64, ok bool) {
	at := now.Unix() / int64(totpPeriod/time.Second)
	for _, s := range []int64{at - 1, at, at + 1} {
		want, err := hotp(secret, s)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}

// hotp returns the code of a counter (RFC 4226, section 5.3). The library that the tests compare it with brings encoders
// of images along.
func hotp(secret string, counter int64) (string, error) {
	key, err := base32Plain.DecodeString(secret)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(counter))) // never fails
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	number := binary.BigEndian.Uint32(sum[at:at+4]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, number%1_000_000), nil
}
