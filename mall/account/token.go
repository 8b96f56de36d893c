package account

import (
	"context"
	"fmt"
	"strings"
	"time"

	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
)

const (
	tokenTTL = 12 * time.Hour
	// tokenPrefix lets scanners of source code and logs know a token when they see one.
	tokenPrefix = "vmt_"
)

// ErrInvalidToken is the one answer to a token that is unknown, expired or revoked, or whose person is locked.
var ErrInvalidToken = fault.New(fault.Unauthenticated, "invalid_token", "The access token is unknown, expired or revoked.")

// Token is an opaque bearer token. Value is shown once; the database keeps its SHA-256.
type Token struct {
	Value     string
	ExpiresAt time.Time
	User      User
}

// IssueToken proves the person as Authenticate does and hands out a token for 12 hours. Errors: those of Authenticate.
func (a *Accounts) IssueToken(ctx context.Context, email, password, addr string) (Token, error) {
	u, err := a.Authenticate(ctx, email, password, addr)
	if err != nil {
		return Token{}, err
	}
	now := a.now()
	t := Token{Value: tokenPrefix + newID(), ExpiresAt: now.Add(tokenTTL), User: u}
	err = a.q.InsertToken(ctx, a.pool, dbsqlc.InsertTokenParams{TokenHash: hash(t.Value), UserID: u.ID, CreatedAt: now, ExpiresAt: t.ExpiresAt})
	if err != nil {
		return Token{}, fmt.Errorf("issue token: %w", err)
	}
	return t, nil
}

// TokenUser returns the person a living token stands for. Errors: ErrInvalidToken.
func (a *Accounts) TokenUser(ctx context.Context, token string) (User, error) {
	id, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok || !wellFormed(id) {
		return User{}, ErrInvalidToken
	}
	found, err := a.tokens.Do(ctx, string(hash(token)))
	if err != nil {
		return User{}, fmt.Errorf("find the token's person: %w", err)
	}
	if found.ID == 0 {
		return User{}, ErrInvalidToken
	}
	return found.User, nil
}

// RevokeToken ends a token before its time; one that is unknown or ended already is no error.
func (a *Accounts) RevokeToken(ctx context.Context, token string) error {
	_, err := a.q.RevokeToken(ctx, a.pool, dbsqlc.RevokeTokenParams{At: new(a.now()), TokenHash: hash(token)})
	if err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	return nil
}
