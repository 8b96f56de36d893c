package account

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/sessions"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/redisbreaker"
)

const (
	guestTTL     = 7 * 24 * time.Hour // since the last change
	idBytes      = 32
	maxUserAgent = 300

	userKey = "user" // the session value that holds the person's id; only SignIn sets it
)

// Sessions is a gorilla/sessions store. The browser holds 256 random bits; the servers know only their SHA-256.
//
// Redis holds the values at session:<hex of the hash>, as a JSON object of strings. Only the row in PostgreSQL decides
// whether an id is signed in: deleting the row ends the session whatever Redis holds, and a person whose values Redis
// has lost or cannot return stays signed in without other values. A guest's values are lost with Redis. See
// docs/decisions/0011-sessions-survive-redis.md.
type Sessions struct {
	lifetimes Lifetimes

	pool   *pgxpool.Pool
	q      *dbsqlc.Queries
	redis  *redisbreaker.Breaker
	log    *slog.Logger
	now    func() time.Time
	secure bool
	people *standings
	alert  *alerts
}

var _ sessions.Store = (*Sessions)(nil)

// SessionsDeps are the dependencies of Sessions.
type SessionsDeps struct {
	Pool  *pgxpool.Pool
	Redis redis.UniversalClient
	Log   *slog.Logger
	Now   func() time.Time
	// Secure says that people reach the mall over HTTPS. The cookie is then Secure and has the prefix __Host-, which a
	// browser accepts only from this host.
	Secure    bool
	Lifetimes Lifetimes // the zero value stands for UsualLifetimes
	// Accounts mail people who sign in from a new place; nil tells nobody.
	Accounts *Accounts
}

// NewSessions returns a store with the given dependencies.
func NewSessions(d SessionsDeps) *Sessions {
	return &Sessions{
		lifetimes: cmp.Or(d.Lifetimes, UsualLifetimes),
		pool:      d.Pool,
		q:         dbsqlc.New(),
		redis:     redisbreaker.New(d.Redis),
		log:       d.Log,
		now:       d.Now,
		secure:    d.Secure,
		people:    newStandings(d.Pool, d.Log, d.Now),
		alert:     newAlerts(d.Accounts, d.Now),
	}
}

// CookieName returns the name to pass to Get.
func (s *Sessions) CookieName() string {
	if s.secure {
		return "__Host-session"
	}
	return "session"
}

// Get returns the request's session, loading it at the first call.
func (s *Sessions) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New loads the session that the cookie names, or makes an empty one. It never adopts an id that was not issued or has
// ended: the empty session gets a new id when it is first saved.
func (s *Sessions) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	session.IsNew = true
	session.Options = s.options()
	cookie, err := r.Cookie(name)
	if err != nil || !wellFormed(cookie.Value) {
		return session, nil
	}
	values, found := s.load(r.Context(), cookie.Value)
	if !found {
		return session, nil
	}
	session.ID, session.IsNew = cookie.Value, false
	for k, v := range values {
		session.Values[k] = v
	}
	return session, nil
}

// load reads the values from Redis. If they are missing, it makes them from the row in PostgreSQL and stores them in
// Redis again.
func (s *Sessions) load(ctx context.Context, id string) (values map[string]string, found bool) {
	raw, err := s.get(ctx, id)
	if err == nil {
		if err = json.Unmarshal(raw, &values); err == nil {
			return values, true
		}
	}
	lost := errors.Is(err, redis.Nil)
	if !lost {
		s.log.WarnContext(ctx, "session values not read, PostgreSQL decides", "error", err)
	}
	row, err := s.people.of(ctx, credential{session: string(hash(id))})
	if err != nil {
		s.log.ErrorContext(ctx, "session row not read", "error", err)
		return nil, false
	}
	if row.ID == 0 {
		return nil, false
	}
	values = map[string]string{userKey: strconv.FormatInt(row.ID, 10)}
	if lost {
		s.put(ctx, id, values, row.ExpiresAt.Sub(s.now()))
	}
	return values, true
}

// Save stores the session's values, which must be strings under string keys, and sets the cookie. It does not create an
// empty session for a guest. A negative Options.MaxAge ends the session.
func (s *Sessions) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	ctx := r.Context()
	if session.Options.MaxAge < 0 {
		err := s.end(ctx, session.ID)
		replaceCookie(w, sessions.NewCookie(session.Name(), "", session.Options))
		session.ID = ""
		session.IsNew = true
		session.Options = s.options()
		clear(session.Values)
		return err
	}
	values, err := flatten(session.Values)
	if err != nil {
		return err
	}
	if session.ID == "" {
		if len(values) == 0 {
			return nil
		}
		if values[userKey] != "" {
			return errors.New("session: only SignIn may name a person")
		}
		session.ID = newID()
	}
	ttl := guestTTL
	if values[userKey] != "" {
		now := s.now()
		until, err := s.q.SlideSession(ctx, s.pool, dbsqlc.SlideSessionParams{
			At:            now,
			Until:         now.Add(s.lifetimes.Idle),
			OperatorUntil: now.Add(s.lifetimes.OperatorIdle),
			IDHash:        hash(session.ID),
		})
		if errors.Is(err, pgx.ErrNoRows) { // signed out elsewhere while this request ran
			return s.end(ctx, session.ID)
		}
		if err != nil {
			return fmt.Errorf("slide session: %w", err)
		}
		ttl = until.Sub(now)
	}
	if !s.put(ctx, session.ID, values, ttl) && values[userKey] == "" {
		return nil // nothing was stored that a cookie could name
	}
	s.setCookie(w, session, ttl)
	return nil
}

// SignIn gives the session to the person under a new id, so that an id which an attacker planted before is worthless.
// The old id and its row end; other values are kept. u is the person as they were when they proved the password. They
// are told by mail if they have never signed in from there before. Errors: ErrEnded if their access has ended since, or
// if they have a second factor, which takes SignInByFactor.
func (s *Sessions) SignIn(r *http.Request, w http.ResponseWriter, session *sessions.Session, u User,
	from Place,
) error {
	return s.signIn(r, w, session, u, from, nil, nil)
}

// SignInByFactor is SignIn for a person who proved a second factor as well, at the given time.
func (s *Sessions) SignInByFactor(r *http.Request, w http.ResponseWriter, session *sessions.Session, u User,
	from Place, at time.Time,
) error {
	return s.signIn(r, w, session, u, from, &at, &at)
}

// SignInAgain is SignIn for a person whose own deed has ended their session. It is no proof of who they are: provedAt is
// when the former session had the last one, and factor says that it included a second factor.
func (s *Sessions) SignInAgain(r *http.Request, w http.ResponseWriter, session *sessions.Session, u User,
	from Place, provedAt time.Time, factor bool,
) error {
	if factor {
		return s.signIn(r, w, session, u, from, &provedAt, &provedAt)
	}
	return s.signIn(r, w, session, u, from, &provedAt, nil)
}

func (s *Sessions) signIn(r *http.Request, w http.ResponseWriter, session *sessions.Session, u User,
	from Place, provedAt, factorAt *time.Time,
) error {
	ctx, old, id, now := r.Context(), session.ID, newID(), s.now()
	values, err := flatten(session.Values)
	if err != nil {
		return err
	}
	values[userKey] = strconv.FormatInt(u.ID, 10)
	idle, most := s.lifetimes.of(u.Roles)
	idle = min(idle, most)
	err = db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if old != "" {
			if _, err := s.q.DeleteSession(ctx, tx, hash(old)); err != nil {
				return err
			}
		}
		n, err := s.q.InsertSession(ctx, tx, dbsqlc.InsertSessionParams{
			IDHash:    hash(id),
			UserID:    u.ID,
			Epoch:     u.Epoch,
			UserAgent: clip(r.UserAgent(), maxUserAgent),
			Device:    from.Device,
			CreatedAt: now,
			ExpiresAt: now.Add(idle),
			EndsAt:    now.Add(most),
			ProvedAt:  provedAt,
			FactorAt:  factorAt,
		})
		if err == nil && n == 0 {
			err = ErrEnded.Because("since epoch %d", u.Epoch)
		}
		if err != nil {
			return err
		}
		return s.alert.signedIn(ctx, tx, u, "sign_in/"+hex.EncodeToString(hash(id)[:16]), Place{
			Known:     from.Known,
			Addr:      from.Addr,
			UserAgent: r.UserAgent(),
		})
	})
	if err != nil {
		return fmt.Errorf("sign in user %d: %w", u.ID, err)
	}
	if old != "" {
		s.forget(ctx, hash(old))
	}
	s.put(ctx, id, values, idle)
	session.ID, session.IsNew = id, false
	session.Values[userKey] = values[userKey]
	session.Options.MaxAge = 0
	s.setCookie(w, session, idle)
	return nil
}

// Prove records that the session's person has just proved who they are with Accounts.Prove or Accounts.ProvePasskey.
// factor says that a second factor was part of it. Errors: ErrEnded.
func (s *Sessions) Prove(ctx context.Context, session *sessions.Session, factor bool) error {
	n, err := s.q.ProveSession(ctx, s.pool, dbsqlc.ProveSessionParams{
		At:     s.now(),
		Factor: factor,
		IDHash: hash(session.ID),
	})
	if err != nil {
		return fmt.Errorf("note that a password was proved: %w", err)
	}
	if n == 0 {
		return ErrEnded.Because("the session ended meanwhile")
	}
	return nil
}

// User returns the person of the session as PostgreSQL has them now, or the zero Standing for a guest and for a session
// that has ended, which it empties. stale reports that Save should be called to prolong the session.
func (s *Sessions) User(ctx context.Context, session *sessions.Session) (u Standing, stale bool, err error) {
	if session.ID == "" || session.Values[userKey] == nil {
		return Standing{}, false, nil
	}
	row, err := s.people.of(ctx, credential{session: string(hash(session.ID))})
	if err != nil {
		return Standing{}, false, err
	}
	if row.ID == 0 {
		s.forget(ctx, hash(session.ID))
		session.ID, session.IsNew = "", true
		clear(session.Values)
		return Standing{}, false, nil
	}
	return row, s.now().Sub(row.SeenAt) >= s.lifetimes.slideEvery(row.Roles), nil
}

// end deletes the row of the id, and then the values in Redis. Only a failure to delete the row is an error.
func (s *Sessions) end(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	if _, err := s.q.DeleteSession(ctx, s.pool, hash(id)); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	s.forget(ctx, hash(id))
	return nil
}

func (s *Sessions) get(ctx context.Context, id string) (raw []byte, err error) {
	err = s.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		raw, err = r.Get(ctx, redisKey(hash(id))).Bytes()
		return err
	})
	return raw, err
}

func (s *Sessions) put(ctx context.Context, id string, values map[string]string, ttl time.Duration) bool {
	raw, err := json.Marshal(values)
	if err == nil {
		err = s.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
			return r.Set(ctx, redisKey(hash(id)), raw, ttl).Err()
		})
	}
	if err != nil {
		s.log.WarnContext(ctx, "session values not kept", "error", err)
	}
	return err == nil
}

// forget deletes values from Redis. If Redis is away they stay until they expire, but sign nobody in without a row.
func (s *Sessions) forget(ctx context.Context, hashes ...[]byte) {
	if len(hashes) == 0 {
		return
	}
	err := s.redis.Try(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		pipe := r.Pipeline() // a cluster permits commands of one key each
		for _, h := range hashes {
			pipe.Del(ctx, redisKey(h))
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	if err != nil {
		s.log.WarnContext(ctx, "session values not dropped", "error", err)
	}
}

func redisKey(hash []byte) string { return "session:" + hex.EncodeToString(hash) }
