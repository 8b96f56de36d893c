// Package audit owns the log of who of the staff did what: a chain of entries that are only added to, each in the
// transaction of the action that it tells of. It refuses to know what the actions mean: a verb, a subject and a detail
// are all it is told. docs/decisions/0015 says what the chain proves and what it does not.
package audit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/audit/internal/dbsqlc"
)

// Log is the chain in one database.
type Log struct {
	pool *pgxpool.Pool
	key  []byte
	q    *dbsqlc.Queries
	now  func() time.Time
}

// New needs a migrated database. key signs how far the chain reaches; it must stay the same.
func New(pool *pgxpool.Pool, key []byte, now func() time.Time) *Log {
	return &Log{
		pool: pool,
		key:  key,
		q:    dbsqlc.New(),
		// PostgreSQL keeps microseconds; a finer clock would be hashed and never read again.
		now: func() time.Time { return now().Truncate(time.Microsecond) },
	}
}

// WithClock is the same chain under another clock: for history that is written after the fact. Entries keep the order
// in which they are written, whatever their times.
func (l *Log) WithClock(now func() time.Time) *Log { return New(l.pool, l.key, now) }

// Entry is one action to be written down.
type Entry struct {
	ActorID int64  // whose account; 0 is the mall itself
	Actor   string // how the person is called, such as an email
	Verb    string // "order.refund": lower case, dots between what and how
	Subject string // what it was done to: "order:01H…"
	Detail  any    // becomes JSON; nil is {}
}

// Record is an entry of the chain.
type Record struct {
	ID       int64
	At       time.Time
	ActorID  int64
	Actor    string
	Verb     string
	Subject  string
	Detail   string // JSON, as PostgreSQL writes it
	PrevHash []byte
	Hash     []byte
}

// WriteTx adds an entry within the transaction of the action, so that both are there or neither is. Whoever writes
// holds other writers off until the transaction ends: call it last.
func (l *Log) WriteTx(ctx context.Context, tx pgx.Tx, e Entry) error {
	if err := l.writeTx(ctx, tx, e); err != nil {
		return fmt.Errorf("write down %s of %s by %d: %w", e.Verb, e.Subject, e.ActorID, err)
	}
	return nil
}

func (l *Log) writeTx(ctx context.Context, tx pgx.Tx, e Entry) error {
	if e.Detail == nil {
		e.Detail = struct{}{}
	}
	raw, err := json.Marshal(e.Detail)
	if err != nil {
		return err
	}
	detail, err := l.q.Canonical(ctx, tx, string(raw))
	if err != nil {
		return err
	}
	if err := l.q.LockChain(ctx, tx); err != nil {
		return err
	}
	head, err := l.q.Head(ctx, tx)
	if errors.Is(err, pgx.ErrNoRows) {
		first := dbsqlc.AuditHead{Hash: make([]byte, sha256.Size)}
		err = l.q.BeginChain(ctx, tx, dbsqlc.BeginChainParams{Hash: first.Hash, Seal: l.seal(0, first.Hash)})
		head = first
	}
	if err != nil {
		return err
	}
	r := Record{
		ID:       head.EntryID + 1,
		At:       l.now(),
		ActorID:  e.ActorID,
		Actor:    e.Actor,
		Verb:     e.Verb,
		Subject:  e.Subject,
		Detail:   detail,
		PrevHash: head.Hash,
	}
	r.Hash = r.sum()
	if err := l.q.AddEntry(ctx, tx, dbsqlc.AddEntryParams{
		ID:       r.ID,
		At:       r.At,
		ActorID:  r.ActorID,
		Actor:    r.Actor,
		Verb:     r.Verb,
		Subject:  r.Subject,
		Detail:   r.Detail,
		PrevHash: r.PrevHash,
		Hash:     r.Hash,
	}); err != nil {
		return err
	}
	moved, err := l.q.MoveHead(ctx, tx, dbsqlc.MoveHeadParams{
		After:   head.EntryID,
		EntryID: r.ID,
		Hash:    r.Hash,
		Seal:    l.seal(r.ID, r.Hash),
	})
	if err == nil && moved != 1 {
		err = fmt.Errorf("the chain's head is not at %d", r.ID-1)
	}
	return err
}

// sum is the hash of an entry: SHA-256 over its fields, each with its length before it, the hash of the entry before
// among them.
func (r Record) sum() []byte {
	h := sha256.New()
	for _, field := range [][]byte{binary.BigEndian.AppendUint64(nil, uint64(r.ID)),
		binary.BigEndian.AppendUint64(nil, uint64(r.At.UnixMicro())),
		binary.BigEndian.AppendUint64(nil, uint64(r.ActorID)), []byte(r.Actor), []byte(r.Verb), []byte(r.Subject),
		[]byte(r.Detail), r.PrevHash} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(field))))
		h.Write(field)
	}
	return h.Sum(nil)
}

// seal signs how far the chain reaches.
func (l *Log) seal(id int64, hash []byte) []byte {
	h := hmac.New(sha256.New, l.key)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(id)))
	h.Write(hash)
	return h.Sum(nil)
}
