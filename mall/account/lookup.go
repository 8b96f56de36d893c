package account

import (
	"context"
	"time"

	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/batch"
)

// Every request of a signed-in person asks PostgreSQL who they are, so that whoever is shut out is out at once. In a crowd those
// who ask at the same moment share a query; nothing is remembered from one to the next.
func lookups() batch.Options { return batch.Options{Set: 256, Waiting: 1 << 16} }

// lookupTimeout bounds one query: longer than a slow database needs, shorter than a browser waits.
const lookupTimeout = 10 * time.Second

// holder is whom a secret stands for; the zero holder is nobody.
type holder struct {
	User
	seenAt time.Time // of a session
}

// findPeople answers hashes of session ids.
func (s *Sessions) findPeople(ctx context.Context, hashes []string) []batch.Result[holder] {
	return find(ctx, hashes, func(ctx context.Context, asked [][]byte) (map[string]holder, error) {
		rows, err := s.q.SessionUsers(ctx, s.pool, dbsqlc.SessionUsersParams{IDHashes: asked, At: s.now()})
		found := make(map[string]holder, len(rows))
		for _, r := range rows {
			found[string(r.IDHash)] = holder{User{r.ID, r.Email, r.Name, r.Role, r.Locale, r.CreatedAt}, r.SeenAt}
		}
		return found, err
	})
}

// findBearers answers hashes of tokens.
func (a *Accounts) findBearers(ctx context.Context, hashes []string) []batch.Result[holder] {
	return find(ctx, hashes, func(ctx context.Context, asked [][]byte) (map[string]holder, error) {
		rows, err := a.q.TokenUsers(ctx, a.pool, dbsqlc.TokenUsersParams{TokenHashes: asked, At: a.now()})
		found := make(map[string]holder, len(rows))
		for _, r := range rows {
			found[string(r.TokenHash)] = holder{User: User{r.ID, r.Email, r.Name, r.Role, r.Locale, r.CreatedAt}}
		}
		return found, err
	})
}

func find(ctx context.Context, hashes []string, query func(context.Context, [][]byte) (map[string]holder, error)) []batch.Result[holder] {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	asked := make([][]byte, len(hashes))
	for i, h := range hashes {
		asked[i] = []byte(h)
	}
	found, err := query(ctx, asked)
	results := make([]batch.Result[holder], len(hashes))
	for i, h := range hashes {
		results[i] = batch.Result[holder]{Value: found[h], Err: err}
	}
	return results
}
