package account

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
)

const (
	tokenTTL = 12 * time.Hour
	// tokenPrefix lets scanners of source code and logs recognize a token.
	tokenPrefix = "vmt_"
)

// ErrInvalidToken is the one answer to a token that is unknown, expired or revoked, or that belongs to a locked
// account.
var ErrInvalidToken = fault.New(fault.Unauthenticated, "invalid_token",
	"The access token is unknown, expired or revoked.")

// Token is an opaque bearer token. Value is shown once; the database keeps only its SHA-256.
type Token struct {
	Value     string
	ExpiresAt time.Time
	User      User
}

// TokenRequest asks for a bearer token. Program is the User-Agent, by which the person recognizes the token.
type TokenRequest struct {
	Email, Password, Addr, Program string
	Code                           string // of an authenticator app or a recovery code, or ""
}

// IssueToken authenticates a person like Authenticate and issues a token for 12 hours. Errors: those of Authenticate,
// and ErrEnded if their access has ended meanwhile.
func (a *Accounts) IssueToken(ctx context.Context, r TokenRequest) (Token, error) {
	u, err := a.Authenticate(ctx, Attempt{
		Email:    r.Email,
		Password: r.Password,
		Addr:     r.Addr,
		Code:     r.Code,
	})
	if err != nil {
		return Token{}, err
	}
	now := a.now()
	t := Token{
		Value:     tokenPrefix + newID(),
		ExpiresAt: now.Add(tokenTTL),
		User:      u,
	}
	err = db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		n, err := a.q.InsertToken(ctx, tx, dbsqlc.InsertTokenParams{
			TokenHash: hash(t.Value),
			UserID:    u.ID,
			Epoch:     u.Epoch,
			UserAgent: clip(r.Program, maxUserAgent),
			CreatedAt: now,
			ExpiresAt: t.ExpiresAt,
			Factor:    r.Code != "",
		})
		if err == nil && n == 0 {
			err = ErrEnded.Because("user %d since epoch %d", u.ID, u.Epoch)
		}
		if err != nil {
			return err
		}
		return newAlerts(a, a.now).signedIn(ctx, tx, u, programCause(u.ID, r.Addr, now),
			Place{Addr: r.Addr, UserAgent: r.Program})
	})
	if err != nil {
		return Token{}, fmt.Errorf("issue token: %w", err)
	}
	return t, nil
}

// useEvery is how old the recorded last use of a token may become before a use writes it, so that most uses write
// nothing.
const useEvery = 10 * time.Minute

// TokenUser returns the person of a valid token, and records that the token was used. Errors: ErrInvalidToken.
func (a *Accounts) TokenUser(ctx context.Context, token string) (Standing, error) {
	id, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok || !wellFormed(id) {
		return Standing{}, ErrInvalidToken
	}
	found, err := a.standings.of(ctx, credential{token: string(hash(token))})
	if err != nil {
		return Standing{}, err
	}
	if found.ID == 0 {
		return Standing{}, ErrInvalidToken
	}
	if now := a.now(); now.Sub(found.SeenAt) >= useEvery {
		if err := a.q.UseToken(ctx, a.pool, dbsqlc.UseTokenParams{At: &now, TokenNo: found.Grant.Token}); err != nil {
			a.log.WarnContext(ctx, "a token's use is not noted", "error", err)
		}
	}
	return found, nil
}

// ErrNoToken reports that the person has no such token, or no longer has it.
var ErrNoToken = fault.New(fault.NotFound, "no_token", "That access token has ended already.")

// IssuedToken is a valid token as its person sees it, without the value, which was shown once. Number is unique and not
// secret. Used is accurate to ten minutes, and nil for a token that was never used.
type IssuedToken struct {
	Number    int64
	Program   string // User-Agent of the request for it
	Since     time.Time
	Used      *time.Time
	ExpiresAt time.Time
}

// Tokens lists a person's valid tokens, the latest used first, at most 50.
func (a *Accounts) Tokens(ctx context.Context, userID int64) ([]IssuedToken, error) {
	rows, err := a.q.TokensOf(ctx, a.pool, dbsqlc.TokensOfParams{UserID: userID, At: a.now()})
	if err != nil {
		return nil, fmt.Errorf("list tokens of %d: %w", userID, err)
	}
	tokens := make([]IssuedToken, len(rows))
	for i, row := range rows {
		tokens[i] = IssuedToken{row.TokenNo, row.UserAgent, row.CreatedAt, row.UsedAt, row.ExpiresAt}
	}
	return tokens, nil
}

// EndToken ends one of the person's tokens by its number. Errors: ErrNoToken.
func (a *Accounts) EndToken(ctx context.Context, userID, number int64) error {
	n, err := a.q.RevokeTokenByNo(ctx, a.pool, dbsqlc.RevokeTokenByNoParams{
		At:      new(a.now()),
		UserID:  userID,
		TokenNo: number,
	})
	if err != nil {
		return fmt.Errorf("end token %d: %w", number, err)
	}
	if n == 0 {
		return ErrNoToken.Because("token %d of user %d", number, userID)
	}
	return nil
}

// RevokeToken ends a token before it expires. It is no error if the token is unknown or has ended already.
func (a *Accounts) RevokeToken(ctx context.Context, token string) error {
	_, err := a.q.RevokeToken(ctx, a.pool, dbsqlc.RevokeTokenParams{At: new(a.now()), TokenHash: hash(token)})
	if err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	return nil
}
