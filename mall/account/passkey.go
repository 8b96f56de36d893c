package account

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/jackc/pgx/v5"

	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
	"videomall/mall/textnorm"
)

// Faults of passkeys.
var (
	// ErrPasskeyRefused is the one answer to everything that is wrong with what a passkey has signed.
	ErrPasskeyRefused = fault.New(fault.Unauthenticated, "passkey_refused", "The passkey was not accepted.")
	ErrPasskeyCopied  = fault.New(fault.Unauthenticated, "passkey_copied",
		"This passkey may have been copied. Sign in another way and remove it.")
	ErrPasskeyKnown    = fault.New(fault.Conflict, "passkey_known", "This passkey is known already.")
	ErrTooManyPasskeys = fault.New(fault.Conflict, "passkeys_many", "An account can have 20 passkeys.")
)

const (
	maxPasskeys    = 20
	maxPasskeyName = 60 // characters
)

// Passkey is a passkey as its person sees it. Number is not secret. UserAgent is the browser that used it last, or else
// the one that added it.
type Passkey struct {
	Number    int64
	Name      string
	Since     time.Time
	Used      *time.Time
	UserAgent string
}

// Question is what a browser is to hand to its authenticator, as the JSON of WebAuthn, and the token by which the
// answer is given.
type Question struct {
	Options []byte
	Token   string
}

// Answer is what an authenticator has signed, as the JSON of WebAuthn.
type Answer struct {
	Token     string // of the Question
	Response  string
	Origin    string // of the mall, such as "https://mall.example"
	UserAgent string
}

func (a *Accounts) passkeys(ctx context.Context, id int64) ([]Passkey, error) {
	rows, err := a.q.PasskeysOf(ctx, a.pool, id)
	if err != nil {
		return nil, fmt.Errorf("list passkeys of %d: %w", id, err)
	}
	list := make([]Passkey, len(rows))
	for i, row := range rows {
		list[i] = Passkey{
			Number:    row.ID,
			Name:      row.Name,
			Since:     row.CreatedAt,
			Used:      row.UsedAt,
			UserAgent: row.UserAgent,
		}
	}
	return list, nil
}

// owner returns a person with all their passkeys. Errors: ErrNoUser.
func (a *Accounts) owner(ctx context.Context, u User) (passkeyOwner, error) {
	handle := make([]byte, 32)
	rand.Read(handle) // never fails
	handle, err := a.q.PasskeyHandle(ctx, a.pool, dbsqlc.PasskeyHandleParams{Handle: handle, ID: u.ID})
	if errors.Is(err, pgx.ErrNoRows) {
		return passkeyOwner{}, ErrNoUser.Because("user %d", u.ID)
	}
	if err != nil {
		return passkeyOwner{}, fmt.Errorf("name %d to their passkeys: %w", u.ID, err)
	}
	o := passkeyOwner{handle: handle, email: u.Email, name: u.Name}
	rows, err := a.q.PasskeysOf(ctx, a.pool, u.ID)
	if err != nil {
		return passkeyOwner{}, fmt.Errorf("list passkeys of %d: %w", u.ID, err)
	}
	for _, row := range rows {
		var c webauthn.Credential
		if err := json.Unmarshal(row.Credential, &c); err != nil {
			return passkeyOwner{}, fmt.Errorf("read passkey %d: %w", row.ID, err)
		}
		o.credentials = append(o.credentials, c)
	}
	return o, nil
}

// NewPasskey asks a browser to make a passkey for a person. Errors: ErrNoPasskeys, ErrTooManyPasskeys, ErrNoUser.
func (a *Accounts) NewPasskey(ctx context.Context, u User, origin string) (Question, error) {
	rp, err := relyingParty(origin)
	if err != nil {
		return Question{}, err
	}
	o, err := a.owner(ctx, u)
	if err != nil {
		return Question{}, err
	}
	if len(o.credentials) >= maxPasskeys {
		return Question{}, ErrTooManyPasskeys.Because("user %d", u.ID)
	}
	var known []protocol.CredentialDescriptor
	for _, c := range o.credentials {
		known = append(known, c.Descriptor())
	}
	options, session, err := rp.BeginRegistration(o, webauthn.WithExclusions(known))
	if err != nil {
		return Question{}, fmt.Errorf("begin a passkey of %d: %w", u.ID, err)
	}
	return a.question(ctx, askedPasskey, u, options, session)
}

func (a *Accounts) question(ctx context.Context, what asked, u User, options any,
	session *webauthn.SessionData,
) (q Question, err error) {
	data, err := json.Marshal(session)
	if err != nil {
		return Question{}, err
	}
	if q.Options, err = json.Marshal(options); err != nil {
		return Question{}, err
	}
	q.Token, err = a.ask(ctx, what, u.ID, u.Epoch, data, ChallengeLife)
	return q, err
}

// AddPasskey stores the passkey that a browser has made, and returns new recovery codes if it is the person's first
// factor; all their sessions and tokens have ended then. Errors: ErrStepGone, ErrPasskeyRefused, ErrPasskeyKnown,
// ErrTooManyPasskeys, ErrInvalidAccount with the field passkeyName.
func (a *Accounts) AddPasskey(ctx context.Context, u User, name string, answer Answer) (codes []string, err error) {
	name = textnorm.Name(clip(name, 4*maxPasskeyName))
	if name == "" || utf8.RuneCountInString(name) > maxPasskeyName {
		return nil, ErrInvalidAccount.With("passkeyName", "passkey_name_invalid")
	}
	rp, err := relyingParty(answer.Origin)
	if err != nil {
		return nil, err
	}
	session, err := a.sessionOf(ctx, askedPasskey, u, answer.Token)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer.Response))
	if err != nil {
		return nil, ErrPasskeyRefused.Because("%w", err)
	}
	o, err := a.owner(ctx, u)
	if err != nil {
		return nil, err
	}
	made, err := rp.CreateCredential(o, session, parsed)
	if err != nil {
		return nil, ErrPasskeyRefused.Because("%w", explained(err))
	}
	credential, err := json.Marshal(made)
	if err != nil {
		return nil, err
	}
	return a.addFactor(ctx, u, NoticePasskeyAdded, name, func(tx pgx.Tx) error {
		rows, err := a.q.PasskeysOf(ctx, tx, u.ID)
		if err != nil {
			return err
		}
		if len(rows) >= maxPasskeys {
			return ErrTooManyPasskeys.Because("user %d", u.ID)
		}
		n, err := a.q.InsertPasskey(ctx, tx, dbsqlc.InsertPasskeyParams{
			UserID:       u.ID,
			CredentialID: made.ID,
			Credential:   credential,
			Name:         name,
			At:           a.now(),
			UserAgent:    clip(answer.UserAgent, maxUserAgent),
		})
		if err == nil && n == 0 {
			err = ErrPasskeyKnown.Because("user %d", u.ID)
		}
		return err
	})
}

// sessionOf ends a challenge, whether or not its answer turns out to be right, and returns what the library knows of
// it. Errors: ErrStepGone, also for another person's challenge.
func (a *Accounts) sessionOf(ctx context.Context, what asked, u User, token string) (s webauthn.SessionData, err error) {
	row, err := a.answered(ctx, a.pool, what, token)
	if err != nil {
		return s, err
	}
	if row.UserID != nil && (*row.UserID != u.ID || row.Epoch != u.Epoch) {
		return s, ErrStepGone.Because("a challenge of user %d, answered by %d", *row.UserID, u.ID)
	}
	if err := json.Unmarshal(row.Data, &s); err != nil {
		return s, fmt.Errorf("read a challenge: %w", err)
	}
	return s, nil
}

// explained adds what the library tells developers alone.
func explained(err error) error {
	var detailed *protocol.Error
	if errors.As(err, &detailed) && detailed.DevInfo != "" {
		return fmt.Errorf("%w (%s)", err, strings.TrimSpace(detailed.DevInfo))
	}
	return err
}

// RemovePasskey removes one of the person's passkeys by its number. Errors: ErrNoFactor, ErrLastFactor, ErrNoUser.
func (a *Accounts) RemovePasskey(ctx context.Context, id, number int64) error {
	return a.removeFactor(ctx, id, NoticePasskeyRemoved, func(tx pgx.Tx) (string, error) {
		name, err := a.q.DeletePasskey(ctx, tx, dbsqlc.DeletePasskeyParams{ID: number, UserID: id})
		if errors.Is(err, pgx.ErrNoRows) {
			err = ErrNoFactor.Because("passkey %d of user %d", number, id)
		}
		return name, err
	})
}
