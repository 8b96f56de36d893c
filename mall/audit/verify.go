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
	Changed = "changed" // the entry does not hash to what it says, or does not follow the one before
	Missing = "missing" // the entry is gone
	CutOff  = "cut_off" // the log ends before or after where its head says
	Forged  = "forged"  // the head is not signed by this mall
)

// State is what a look at the whole chain found.
type State struct {
	Entries int64  // of the chain as it should be
	Hash    []byte // of the last entry
	Upto    int64  // the last entry that is whole
	Broken  int64  // the first that is not; 0 when all are
	Fault   string // Changed, Missing, CutOff, Forged; empty when nothing is
}

// Whole says that nothing is wrong.
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
	case headless: // nobody has ever done anything
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
