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

// ErrEnded says that what somebody was let in with has ended: they signed out there or everywhere, their password or
// role changed, they were suspended, or its time is over.
var ErrEnded = fault.New(fault.Unauthenticated, "access_ended", "This access has ended. Sign in again.")

// Grant names what a person was let in with, for what is given out on its strength and used later, a play token for
// example: one of Session and Token, and the epoch. It is no secret and proves nothing; MayAct says whether it is still
// good.
type Grant struct {
	UserID  int64
	Epoch   int64 // of the person when it was given; see Accounts.EndAll
	Session int64 // number of the session, or 0
	Token   int64 // number of the bearer token, or 0
}

// Standing is a person who may act now, and what they were let in with.
type Standing struct {
	User
	Grant     Grant
	SeenAt    time.Time // when the credential was last used; behind by as much as its writes are spared
	ExpiresAt time.Time
	// when the password was last proved in the session, by signing in or since; long ago for a token
	ProvedAt time.Time
}

// credential is what a request carries: the hash of a session's id or of a token, or a grant.
type credential struct {
	session, token string
	grant          Grant
}

// standings answers the one question that every way into the mall asks, in one statement: may this person still act?
// Sessions, bearer tokens and everything that was given out on their strength end here, and nowhere else. Nothing is
// remembered from one question to the next, so that whoever is shut out is out at once in every process, and Redis has
// no say. Those who ask at the same moment share a query.
type standings struct {
	pool *pgxpool.Pool
	q    *dbsqlc.Queries
	log  *slog.Logger
	now  func() time.Time
	ask  *batch.Gatherer[credential, Standing]
}

// lookupTimeout bounds one query: longer than a slow database needs, shorter than a browser waits.
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

// of finds who stands behind a credential; the zero Standing is nobody.
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
			User: User{r.ID, r.Email, r.Name, r.Role, r.Locale, r.CreatedAt, r.AccessEpoch},
			Grant: Grant{
				UserID:  r.ID,
				Epoch:   r.AccessEpoch,
				Session: r.SessionNo,
				Token:   r.TokenNo,
			},
			SeenAt:    r.SeenAt,
			ExpiresAt: r.ExpiresAt,
			ProvedAt:  r.ProvedAt,
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

// MayAct says whether what a person was let in with is still good, and they are not suspended: nil, or ErrEnded. It
// asks PostgreSQL each time, together with all who ask at that moment.
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
