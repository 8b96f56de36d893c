package account

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
)

// crowdBatch bounds what one transaction of Crowd writes.
const crowdBatch = 2000

// crowdTTL is the lifetime of a crowd's tokens.
const crowdTTL = 2 * time.Hour

// Crowd makes n shoppers for a load test and returns a token for each. Their emails are
// <name>-<number>@crowd.example.test; no earlier crowd may have had the name. They share one random password, which is
// discarded: nobody can sign in as one of them, and making them does not cost a hashing for each. Crowd is for whoever
// runs the mall and must not be offered on a page.
func (a *Accounts) Crowd(ctx context.Context, name string, n int) ([]Token, error) {
	hashed, err := a.hasher.make(ctx, familiars, newID())
	if err != nil {
		return nil, err
	}
	tokens := make([]Token, 0, n)
	for len(tokens) < n {
		batch, err := a.crowdBatch(ctx, name, hashed, len(tokens), min(crowdBatch, n-len(tokens)))
		if err != nil {
			return nil, fmt.Errorf("make a crowd of %d: %w", n, err)
		}
		tokens = append(tokens, batch...)
	}
	return tokens, nil
}

func (a *Accounts) crowdBatch(ctx context.Context, name, hashed string, from, n int) ([]Token, error) {
	now := a.now()
	emails, hashes, ids := make([]string, n), make([][]byte, n), make([]int64, n)
	tokens, place := make([]Token, n), make(map[string]int, n)
	for i := range n {
		emails[i] = fmt.Sprintf("%s-%d@crowd.example.test", name, from+i)
		tokens[i].Value, tokens[i].ExpiresAt = tokenPrefix+newID(), now.Add(crowdTTL)
		hashes[i], place[emails[i]] = hash(tokens[i].Value), i
	}
	err := db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		made, err := a.q.InsertCrowd(ctx, tx, dbsqlc.InsertCrowdParams{
			Name:         "Crowd " + name,
			PasswordHash: hashed,
			CreatedAt:    now,
			Emails:       emails,
		})
		if err != nil {
			return err
		}
		for _, u := range made {
			i := place[u.Email]
			ids[i] = u.ID
			tokens[i].User = User{
				ID:        u.ID,
				Email:     u.Email,
				Name:      "Crowd " + name,
				CreatedAt: now,
				Epoch:     1,
			}
		}
		return a.q.InsertTokens(ctx, tx, dbsqlc.InsertTokensParams{
			TokenHashes: hashes,
			UserIds:     ids,
			CreatedAt:   now,
			ExpiresAt:   now.Add(crowdTTL),
		})
	})
	return tokens, err
}

// Cookie signs a person in without a browser and returns the value of a Cookie header for the session. It is for load
// tests.
func (s *Sessions) Cookie(ctx context.Context, userID int64) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	if err != nil {
		return "", err
	}
	session, err := s.New(r, s.CookieName())
	if err != nil {
		return "", err
	}
	u, err := s.q.UserByID(ctx, s.pool, userID)
	if err != nil {
		return "", fmt.Errorf("find user %d: %w", userID, err)
	}
	w := discarded{http.Header{}}
	if err := s.SignIn(r, w, session, User{
		ID:    u.ID,
		Roles: u.Roles,
		Epoch: u.AccessEpoch,
	}, Place{Known: true}); err != nil {
		return "", err
	}
	return s.CookieName() + "=" + session.ID, nil
}

// discarded is a ResponseWriter that discards everything.
type discarded struct{ header http.Header }

func (d discarded) Header() http.Header         { return d.header }
func (d discarded) Write(b []byte) (int, error) { return len(b), nil }
func (d discarded) WriteHeader(int)             {}
