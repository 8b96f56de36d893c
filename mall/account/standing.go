package account

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/batch"
	"videomall/mall/fault"
)

// ErrEnded reports that a person's session, token or grant has ended: they signed out there or everywhere, their
// password or role changed, they were suspended, or it has expired.
var ErrEnded = fault.New(fault.Unauthenticated, "access_ended", "This access has ended. Sign in again.")

// Grant names the session or the bearer token by which a person had access, and their epoch. Something that is issued
// for it and used later, such as a play token, carries it. A Grant is not secret and proves nothing; MayAct checks
// whether it is still valid.
type Grant struct {
	UserID  int64
	Epoch   int64 // of the person when it was given; see Accounts.EndAll
	Session int64 // number of the session, or 0
	Token   int64 // number of the bearer token, or 0
}

// Standing is a person who may act now, with the grant by which they do.
type Standing struct {
	User
	Currency  string // in which the person wants to see prices; "" is that of each price
	Grant     Grant
	SeenAt    time.Time // when the credential was last used; late, since not every use is written
	ExpiresAt time.Time
	// ProvedAt is when the person last proved who they are in the session, by signing in or later; long ago for a token.
	// For a person with a second factor, only proofs with the factor count.
	ProvedAt  time.Time
	HasFactor bool // the person has an authenticator app or a passkey
}

// credential is what a request presents: the hash of a session's id or of a token, or a grant.
type credential struct {
	session, token string
	grant          Grant
}

// standings answers in one statement the question that every way into the mall asks: may this person still act? It is
// the only place that decides when sessions, bearer tokens and grants end. It caches nothing and does not ask Redis, so
// that whoever loses access loses it at once in every process. Callers that ask at the same moment share a query.
type standings struct {
	pool *pgxpool.Pool
	q    *dbsqlc.Queries
	log  *slog.Logger
	now  func() time.Time
	ask  *batch.Gatherer[credential, Standing]
}

// lookupTimeout bounds one query. It is longer than a slow database needs and shorter than a browser waits.
const lookupTimeout = 10 * time.Second

func newStandings(pool *pgxpool.Pool, log *slog.Logger, now func() time.Time) *standings {
	s := &standings{
		pool: pool,
		q:    dbsqlc.New(),
		log:  log,
		now:  now,
	}
	s.ask = batch.New(batch.Options{Set: 256, Waiting: 1 << 16}, s.find)
	return s
}

// of returns the person to whom a credential belongs, or the zero Standing.
func (s *standings) of(ctx context.Context, c credential) (Standing, error) {
	found, err := s.ask.Do(ctx, c)
	if err != nil {
		return Standing{}, fmt.Errorf("find who stands behind a credential: %w", err)
	}
	return found, nil
}

func (s *standings) find(ctx context.Context, asked []credential) []batch.Result[Standing] {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	p := dbsqlc.StandingsParams{At: s.now()}
	for _, c := range asked {
		switch {
		case c.session != "":
			p.Sessions = append(p.Sessions, []byte(c.session))
		case c.token != "":
			p.Tokens = append(p.Tokens, []byte(c.token))
		default:
			p.GrantUsers = append(p.GrantUsers, c.grant.UserID)
			p.GrantEpochs = append(p.GrantEpochs, c.grant.Epoch)
			p.GrantSessions = append(p.GrantSessions, c.grant.Session)
			p.GrantTokens = append(p.GrantTokens, c.grant.Token)
		}
	}
	rows, err := s.q.Standings(ctx, s.pool, p)
	found := make(map[credential]Standing, len(rows))
	for _, r := range rows {
		st := Standing{
			User:     User{r.ID, r.Email, r.Name, r.Roles, r.Locale, r.CreatedAt, r.AccessEpoch},
			Currency: r.Currency,
			Grant: Grant{
				UserID:  r.ID,
				Epoch:   r.AccessEpoch,
				Session: r.SessionNo,
				Token:   r.TokenNo,
			},
			SeenAt:    r.SeenAt,
			ExpiresAt: r.ExpiresAt,
			ProvedAt:  r.ProvedAt,
			HasFactor: r.HasFactor,
		}
		switch r.Kind {
		case "session":
			found[credential{session: string(r.Secret)}] = st
		case "token":
			found[credential{token: string(r.Secret)}] = st
		default:
			found[credential{grant: st.Grant}] = st
		}
	}
	results := make([]batch.Result[Standing], len(asked))
	for i, c := range asked {
		results[i] = batch.Result[Standing]{Value: found[c], Err: err}
	}
	return results
}

// MayAct returns nil if a grant is still valid and the person is not suspended, and else ErrEnded. It asks PostgreSQL
// each time, in one query with all callers of that moment.
func (a *Accounts) MayAct(ctx context.Context, g Grant) error {
	found, err := a.standings.of(ctx, credential{grant: g})
	if err != nil {
		return err
	}
	if found.ID == 0 {
		return ErrEnded.Because("grant %+v", g)
	}
	if a.suspended != nil && a.suspended(ctx, g.UserID) {
		return ErrEnded.Because("user %d is suspended", g.UserID)
	}
	return nil
}
