package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
)

// AskPasskey asks a browser for a passkey of whoever sits before it. It permits 120 questions in 15 minutes to a
// network. Errors: ErrNoPasskeys, ErrThrottled.
func (a *Accounts) AskPasskey(ctx context.Context, origin, addr string) (Question, error) {
	rp, err := relyingParty(origin)
	if err != nil {
		return Question{}, err
	}
	if _, wait := a.throttle.take(ctx, rulePasskey.from(addr, "")); wait > 0 {
		return Question{}, throttled(wait)
	}
	options, session, err := rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Question{}, fmt.Errorf("ask for a passkey: %w", err)
	}
	return a.question(ctx, askedSignIn, User{}, options, session)
}

// AskStepPasskey asks the browser of a second step for a passkey of its person. Errors: ErrStepGone, ErrNoFactor,
// ErrNoPasskeys, ErrSuspended.
func (a *Accounts) AskStepPasskey(ctx context.Context, step, origin string) (Question, error) {
	u, err := a.StepUser(ctx, step)
	if err != nil {
		return Question{}, err
	}
	return a.askOwn(ctx, askedStep, u, origin)
}

// AskOwnPasskey asks the browser of somebody who is signed in for one of their passkeys. Errors: ErrNoFactor,
// ErrNoPasskeys.
func (a *Accounts) AskOwnPasskey(ctx context.Context, u User, origin string) (Question, error) {
	return a.askOwn(ctx, askedProof, u, origin)
}

func (a *Accounts) askOwn(ctx context.Context, what asked, u User, origin string) (Question, error) {
	rp, err := relyingParty(origin)
	if err != nil {
		return Question{}, err
	}
	o, err := a.owner(ctx, u)
	if err != nil {
		return Question{}, err
	}
	if len(o.credentials) == 0 {
		return Question{}, ErrNoFactor.Because("no passkey of user %d", u.ID)
	}
	options, session, err := rp.BeginLogin(o, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Question{}, fmt.Errorf("ask for a passkey of %d: %w", u.ID, err)
	}
	return a.question(ctx, what, u, options, session)
}

// SignInByPasskey finds the person whose passkey has answered AskPasskey. It takes no password, since the device has
// recognized its owner. Errors: ErrStepGone, ErrPasskeyRefused, ErrPasskeyCopied, ErrSuspended.
func (a *Accounts) SignInByPasskey(ctx context.Context, answer Answer) (User, error) {
	rp, err := relyingParty(answer.Origin)
	if err != nil {
		return User{}, err
	}
	session, err := a.sessionOf(ctx, askedSignIn, User{}, answer.Token)
	if err != nil {
		return User{}, err
	}
	u, err := a.assert(ctx, answer, 0, func(o passkeyOwner, p *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
		_, c, err := rp.ValidatePasskeyLogin(func(_, _ []byte) (webauthn.User, error) { return o, nil }, session, p)
		return c, err
	})
	if err != nil {
		return User{}, err
	}
	return a.stepUser(ctx, u.ID, u.Epoch)
}

// FinishSignInByPasskey takes the answer to AskStepPasskey as the second step, which it ends. Errors: ErrStepGone,
// ErrPasskeyRefused, ErrPasskeyCopied, ErrSuspended.
func (a *Accounts) FinishSignInByPasskey(ctx context.Context, step string, answer Answer) (User, error) {
	u, err := a.StepUser(ctx, step)
	if err != nil {
		return User{}, err
	}
	if err := a.assertOwn(ctx, askedStep, u, answer); err != nil {
		return User{}, err
	}
	if _, err := a.answered(ctx, a.pool, askedSecondStep, step); err != nil {
		return User{}, err
	}
	return u, nil
}

// ProvePasskey returns nil if one of the person's passkeys has answered AskOwnPasskey. Errors: ErrStepGone,
// ErrPasskeyRefused, ErrPasskeyCopied.
func (a *Accounts) ProvePasskey(ctx context.Context, u User, answer Answer) error {
	return a.assertOwn(ctx, askedProof, u, answer)
}

func (a *Accounts) assertOwn(ctx context.Context, what asked, u User, answer Answer) error {
	rp, err := relyingParty(answer.Origin)
	if err != nil {
		return err
	}
	session, err := a.sessionOf(ctx, what, u, answer.Token)
	if err != nil {
		return err
	}
	all, err := a.owner(ctx, u)
	if err != nil {
		return err
	}
	_, err = a.assert(ctx, answer, u.ID, func(o passkeyOwner, p *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
		for i, c := range all.credentials { // the locked row is the newest
			if string(c.ID) == string(o.credentials[0].ID) {
				all.credentials[i] = o.credentials[0]
			}
		}
		session.AllowedCredentialIDs = present(session.AllowedCredentialIDs, all.credentials)
		return rp.ValidateLogin(all, session, p)
	})
	return err
}

// present leaves out the passkeys that were removed since the question.
func present(ids [][]byte, credentials []webauthn.Credential) (left [][]byte) {
	for _, id := range ids {
		for _, c := range credentials {
			if string(c.ID) == string(id) {
				left = append(left, id)
			}
		}
	}
	return left
}

// assert checks with validate what a passkey has signed, while no other answer of the same passkey is checked, and
// stores its counter. userID is whose passkey it has to be, or 0. A counter that did not grow means that there may be a
// copy, which is refused (WebAuthn Level 3, section 7.2, step 22), and of which the person is told.
func (a *Accounts) assert(ctx context.Context, answer Answer, userID int64,
	validate func(passkeyOwner, *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error),
) (u User, err error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer.Response))
	if err != nil {
		return User{}, ErrPasskeyRefused.Because("%w", explained(err))
	}
	var copied int64 // whose passkey may have been
	err = db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		owner, err := a.q.PasskeyOwner(ctx, tx, parsed.RawID)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && userID != 0 && owner.ID != userID {
			return ErrPasskeyRefused.Because("a passkey that is not known")
		}
		if err != nil {
			return err
		}
		stored, err := a.q.LockPasskey(ctx, tx, dbsqlc.LockPasskeyParams{CredentialID: parsed.RawID, UserID: owner.ID})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrPasskeyRefused.Because("a passkey that was removed")
		}
		if err != nil {
			return err
		}
		var known webauthn.Credential
		if err := json.Unmarshal(stored, &known); err != nil {
			return err
		}
		used, err := validate(passkeyOwner{
			handle:      owner.PasskeyHandle,
			email:       owner.Email,
			name:        owner.Name,
			credentials: []webauthn.Credential{known},
		}, parsed)
		if err != nil {
			return ErrPasskeyRefused.Because("%w", explained(err))
		}
		if used.Authenticator.CloneWarning {
			a.log.WarnContext(ctx, "a passkey may have been copied", "user", owner.ID)
			copied = owner.ID
			return ErrPasskeyCopied.Because("user %d, counter %d", owner.ID, parsed.Response.AuthenticatorData.Counter)
		}
		credential, err := json.Marshal(used)
		if err != nil {
			return err
		}
		u = User{owner.ID, owner.Email, owner.Name, owner.Roles, owner.Locale, owner.CreatedAt, owner.AccessEpoch}
		return a.q.UsePasskey(ctx, tx, dbsqlc.UsePasskeyParams{
			Credential:   credential,
			At:           a.now(),
			UserAgent:    clip(answer.UserAgent, maxUserAgent),
			CredentialID: parsed.RawID,
		})
	})
	if copied != 0 { // in a transaction of its own, since the refusal has undone the other
		told := db.InTx(ctx, a.pool, func(tx pgx.Tx) error { return a.tellEvent(ctx, tx, copied, NoticePasskeyCopied, "") })
		err = errors.Join(err, told)
	}
	return u, err
}
