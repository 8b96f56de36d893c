package partner

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/fault"
	"videomall/mall/partner/internal/dbsqlc"
	"videomall/mall/partner/signature"
)

// Tolerance is how far the clock of a caller may be from the mall's, in either direction.
const Tolerance = 300 * time.Second

// nonceKept is how long a nonce is remembered after its timestamp. A timestamp is accepted until Tolerance after it; the
// rest is for processes whose clocks differ.
const nonceKept = 2 * Tolerance

// useEvery is how coarsely the last use of a key is written.
const useEvery = time.Minute

// Why a request is refused. Whether a key has ended is told only to those who have it.
var (
	ErrSkew = fault.New(fault.Unauthenticated, "timestamp_skew",
		"The timestamp is more than 300 seconds from the mall's clock, which serverTime shows.")
	ErrExpired = fault.New(fault.Unauthenticated, "signature_expired",
		"The time that the signature itself names as its end has passed. Sign again.")
	ErrKeyUnknown = fault.New(fault.Unauthenticated, "key_unknown",
		"No key of that id signs in this way. Check the id, and whether it is a key of VM1 or of Ed25519.")
	ErrWrong = fault.New(fault.Unauthenticated, "signature_wrong",
		"The signature does not fit. Compare the text that you sign with the test vectors, byte by byte.")
	ErrHost = fault.New(fault.Unauthenticated, "host_wrong",
		"The request was signed for another host than the mall's own, which errors names.")
	ErrBody = fault.New(fault.Unauthenticated, "body_changed",
		"The signature is right, but the body is not the one that was signed.")
	ErrKeyEnded     = fault.New(fault.Unauthenticated, "key_ended", "This key has ended. Sign with its successor.")
	ErrPartnerEnded = fault.New(fault.Unauthenticated, "partner_ended",
		"This partner has been ended, and all of its keys with it. Write to the mall.")
	ErrReplayed = fault.New(fault.Unauthenticated, "nonce_replayed",
		"This nonce was used before. Take a new random one for every request, also for a repeated one.")
	ErrScope = fault.New(fault.Forbidden, "scope_missing",
		"The key is right, but lacks the scope that errors names.")
)

// skewed is an ErrSkew or ErrExpired with the time of the mall's clock.
type skewed struct {
	error
	at time.Time
}

func (s skewed) Unwrap() error         { return s.error }
func (s skewed) ServerTime() time.Time { return s.at }

// Caller is a partner whose request is proved to be theirs.
type Caller struct {
	PartnerID int64
	Name      string
	Key       Key
}

// Asked is a request as it arrived. Host is what its Host header says, which counts for nothing but a better answer.
type Asked struct {
	Method, Target, Host string
	Header               http.Header
	Body                 []byte
	// Count counts the request against the limit of its key, which is proved, before its nonce is taken, and refuses it if
	// there were too many. Nil counts nothing.
	Count func(publicID string) error
}

// Authenticate returns whose request it is, and takes its nonce, so that it is accepted once. Errors:
// signature.ErrMissing, signature.ErrMalformed, ErrSkew, ErrExpired, ErrKeyUnknown, ErrWrong, ErrHost, ErrBody,
// ErrPartnerEnded, ErrKeyEnded, those of Count, ErrReplayed.
func (p *Partners) Authenticate(ctx context.Context, a Asked) (caller Caller, err error) {
	name := ""
	defer func() { p.deps.Metrics.PartnerRequest(name, outcome(err)) }()
	r := signature.Request{
		Method: a.Method,
		Scheme: p.scheme,
		Host:   p.host,
		Target: a.Target,
		Header: a.Header,
		Body:   a.Body,
	}
	claim, err := signature.Read(r)
	if err != nil {
		return Caller{}, err
	}
	now := p.deps.Now()
	if off := now.Unix() - claim.At.Unix(); off > int64(Tolerance.Seconds()) || -off > int64(Tolerance.Seconds()) {
		return Caller{}, skewed{ErrSkew.Because("off by %d s", off), now}
	}
	if !claim.Expires.IsZero() && now.After(claim.Expires) {
		return Caller{}, skewed{ErrExpired.Because("at %s", claim.Expires), now}
	}
	row, err := p.q.KeyByPublicID(ctx, p.deps.Pool, claim.KeyID)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && signature.Form(row.Kind) != claim.Form {
		return Caller{}, ErrKeyUnknown.Because("key %q for %s", claim.KeyID, claim.Form)
	}
	if err != nil {
		return Caller{}, fmt.Errorf("find key %q: %w", claim.KeyID, err)
	}
	if err := p.prove(claim, row, r, a.Host); err != nil {
		return Caller{}, err
	}
	name = row.PartnerName
	caller = callerOf(row)
	if row.PartnerEndedAt != nil {
		return Caller{}, ErrPartnerEnded.Because("partner %d ended at %s", row.PartnerID, row.PartnerEndedAt)
	}
	if caller.Key.Ended(now) {
		return Caller{}, ErrKeyEnded.Because("key %q ended at %s", claim.KeyID, caller.Key.EndsAt)
	}
	if a.Count != nil {
		if err := a.Count(caller.Key.PublicID); err != nil {
			return Caller{}, err
		}
	}
	if err := p.take(ctx, row.ID, claim, now); err != nil {
		return Caller{}, err
	}
	return caller, nil
}

// outcome is what the metric of requests says.
func outcome(err error) string {
	if err == nil {
		return "accepted"
	}
	return fault.From(err).Slug
}

// prove checks a claim against the key that it names. Errors: ErrWrong, ErrHost, ErrBody.
func (p *Partners) prove(c signature.Claim, row dbsqlc.KeyByPublicIDRow, r signature.Request, asked string) error {
	material := row.PublicKey
	if c.Form == signature.VM1 {
		var err error
		if material, err = p.box.Open(row.Secret, place(row.ID)); err != nil {
			return fmt.Errorf("open the secret of key %d: %w", row.ID, err)
		}
	}
	if !c.Confirms(material, r) {
		elsewhere := r
		elsewhere.Host = authority(p.scheme, asked)
		if elsewhere.Host != r.Host && c.Confirms(material, elsewhere) {
			return ErrHost.With("host", p.host)
		}
		return ErrWrong.Because("key %q", c.KeyID)
	}
	if !c.CoversBody(r.Body) {
		return ErrBody.Because("key %q", c.KeyID)
	}
	return nil
}

func callerOf(r dbsqlc.KeyByPublicIDRow) Caller {
	return Caller{
		PartnerID: r.PartnerID,
		Name:      r.PartnerName,
		Key: keyOf(dbsqlc.PartnerKey{
			ID:         r.ID,
			PartnerID:  r.PartnerID,
			PublicID:   r.PublicID,
			Label:      r.Label,
			Kind:       r.Kind,
			Scopes:     r.Scopes,
			Lifetime:   r.Lifetime,
			EndsAt:     r.EndsAt,
			LastUsedAt: r.LastUsedAt,
			CreatedAt:  r.CreatedAt,
		}),
	}
}

// take keeps the nonce of a request. It is a row of PostgreSQL and nothing of Redis, which may forget: decision 0057.
// Errors: ErrReplayed.
func (p *Partners) take(ctx context.Context, keyID int64, c signature.Claim, now time.Time) error {
	taken, err := p.q.TakeNonce(ctx, p.deps.Pool, dbsqlc.TakeNonceParams{
		KeyID:     keyID,
		Nonce:     c.Nonce,
		ExpiresAt: c.At.Add(nonceKept),
	})
	if err != nil {
		return fmt.Errorf("take a nonce of key %d: %w", keyID, err)
	}
	if taken == 0 {
		return ErrReplayed.Because("key %q", c.KeyID)
	}
	err = p.q.NoteUse(ctx, p.deps.Pool, dbsqlc.NoteUseParams{
		ID:     keyID,
		At:     now,
		Before: now.Add(-useEvery),
	})
	if err != nil { // the nonce is taken, so that a refusal would lose the request
		p.deps.Log.ErrorContext(ctx, "use of a partner's key not noted", "key", c.KeyID, "error", err)
	}
	return nil
}

// May refuses a caller whose key lacks a scope. Errors: ErrScope.
func (c Caller) May(s Scope) error {
	if slices.Contains(c.Key.Scopes, s) {
		return nil
	}
	return ErrScope.With("scope", string(s)).Because("key %q", c.Key.PublicID)
}

// dropped bounds one statement of DropNonces and PurgeLinks.
const dropped = 10_000

// DropNonces forgets nonces whose requests could not be accepted any more, and returns how many.
func (p *Partners) DropNonces(ctx context.Context) (int64, error) {
	for sum := int64(0); ; {
		n, err := p.q.DropNonces(ctx, p.deps.Pool, dbsqlc.DropNoncesParams{Before: p.deps.Now(), Most: dropped})
		if err != nil {
			return sum, fmt.Errorf("drop nonces: %w", err)
		}
		if sum += n; n < dropped {
			return sum, nil
		}
	}
}
