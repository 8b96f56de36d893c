package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/audit/internal/dbsqlc"
)

// batch is how many entries are read at a time.
const batch = 2000

// What can be wrong with a chain.
const (
	Changed = "changed" // the entry does not match its hash, or does not follow the previous one
	Missing = "missing" // the entry is gone
	CutOff  = "cut_off" // the log does not end at the entry that its head names
	Forged  = "forged"  // the head is not signed by this mall
)

// State is the result of a check of the whole chain.
type State struct {
	Entries int64  // number of entries according to the head
	Hash    []byte // of the last entry according to the head
	Upto    int64  // the last intact entry
	Broken  int64  // the first entry that is not intact; 0 if all are
	Fault   string // Changed, Missing, CutOff or Forged; empty if the chain is whole
}

// Whole reports whether nothing is wrong.
func (s State) Whole() bool { return s.Fault == "" }

// Verify reads every entry in one snapshot and follows the chain from the first to the signed head. It costs about a
// second for every few hundred thousand entries.
func (l *Log) Verify(ctx context.Context) (s State, err error) {
	err = pgx.BeginTxFunc(ctx, l.pool, pgx.TxOptions{
		IsoLevel:   pgx.RepeatableRead,
		AccessMode: pgx.ReadOnly,
	}, func(tx pgx.Tx) error {
		s, err = l.verifyTx(ctx, tx)
		return err
	})
	if err != nil {
		return State{}, fmt.Errorf("verify the audit log: %w", err)
	}
	return s, nil
}

func (l *Log) verifyTx(ctx context.Context, tx pgx.Tx) (State, error) {
	head, err := l.q.Head(ctx, tx)
	headless := errors.Is(err, pgx.ErrNoRows)
	if err != nil && !headless {
		return State{}, err
	}
	s := State{Entries: head.EntryID, Hash: head.Hash}
	broken := func(id int64, fault string) (State, error) {
		s.Broken, s.Fault = id, fault
		return s, nil
	}
	prev := make([]byte, 32)
	for {
		rows, err := l.q.After(ctx, tx, dbsqlc.AfterParams{After: s.Upto, Most: batch})
		if err != nil {
			return State{}, err
		}
		for _, row := range rows {
			r := Record(row)
			switch {
			case headless || r.ID > head.EntryID:
				return broken(r.ID, CutOff)
			case r.ID != s.Upto+1:
				return broken(s.Upto+1, Missing)
			case !bytes.Equal(r.PrevHash, prev), !bytes.Equal(r.Hash, r.sum()):
				return broken(r.ID, Changed)
			}
			s.Upto, prev = r.ID, r.Hash
		}
		if len(rows) < batch {
			break
		}
	}
	switch {
	case headless: // nothing has ever been recorded
		return s, nil
	case s.Upto < head.EntryID:
		return broken(s.Upto+1, CutOff)
	case !bytes.Equal(prev, head.Hash):
		return broken(head.EntryID, Changed)
	case !hmac.Equal(head.Seal, l.seal(head.EntryID, head.Hash)):
		return broken(head.EntryID, Forged)
	}
	return s, nil
}
