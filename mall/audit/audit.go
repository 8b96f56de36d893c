// Package audit owns the log of what the staff did: an append-only chain of entries, each written in the transaction of
// the action that it records. It refuses to know what the actions mean and is told only a verb, a subject and a detail.
// docs/decisions/0015 explains what the chain proves and what it does not.
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

// Deps are the dependencies of the log.
type Deps struct {
	Pool *pgxpool.Pool // of a migrated database
	Key  []byte        // signs the head of the chain; it must never change
	Now  func() time.Time
}

// New opens the log.
func New(d Deps) *Log {
	return &Log{
		pool: d.Pool,
		key:  d.Key,
		q:    dbsqlc.New(),
		// PostgreSQL keeps microseconds. A finer time would be hashed, but could not be read back.
		now: func() time.Time { return d.Now().Truncate(time.Microsecond) },
	}
}

// WithClock returns the same chain with another clock, for history that is written after the fact. Entries keep the
// order in which they are written, whatever their times are.
func (l *Log) WithClock(now func() time.Time) *Log {
	return New(Deps{
		Pool: l.pool,
		Key:  l.key,
		Now:  now,
	})
}

// Entry is one action to be recorded.
type Entry struct {
	ActorID int64  // account of the actor; 0 is the mall itself
	Actor   string // name of the actor, such as an email
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

// WriteTx adds an entry in the transaction of the action, so that both are committed or neither is. It blocks other
// writers until the transaction ends, so it should be the last call of the transaction.
func (l *Log) WriteTx(ctx context.Context, tx pgx.Tx, e Entry) error {
	if err := l.writeTx(ctx, tx, e); err != nil {
		return fmt.Errorf("record %s of %s by %d: %w", e.Verb, e.Subject, e.ActorID, err)
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

// sum returns the hash of an entry: SHA-256 over its fields, each preceded by its length. One of the fields is the hash
// of the previous entry.
func (r Record) sum() []byte {
	h := sha256.New()
	for _, field := range [][]byte{
		binary.BigEndian.AppendUint64(nil, uint64(r.ID)),
		binary.BigEndian.AppendUint64(nil, uint64(r.At.UnixMicro())),
		binary.BigEndian.AppendUint64(nil, uint64(r.ActorID)), []byte(r.Actor), []byte(r.Verb), []byte(r.Subject),
		[]byte(r.Detail), r.PrevHash,
	} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(field))))
		h.Write(field)
	}
	return h.Sum(nil)
}

// seal signs the head of the chain.
func (l *Log) seal(id int64, hash []byte) []byte {
	h := hmac.New(sha256.New, l.key)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(id)))
	h.Write(hash)
	return h.Sum(nil)
}
