package db_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/db"
)

func TestLater_Send_keeps_the_order_or_fails(t *testing.T) {
	t.Parallel()
	pool := table(t)
	wrong := errors.New("another number of rows")
	in := func(do func(l *db.Later, tx pgx.Tx) error) error {
		return db.InTx(t.Context(), pool, func(tx pgx.Tx) error { return do(&db.Later{}, tx) })
	}
	insert := func(l *db.Later, id int) { _, _ = l.Exec(t.Context(), "insert into thing (n, v) values ($1, 0)", id) }

	err := in(func(l *db.Later, tx pgx.Tx) error {
		insert(l, 101)
		if n := count(t, pool); n != 0 {
			t.Errorf("%d rows before they were sent", n)
		}
		// This statement sees the rows of the one before it.
		_, _ = l.Exactly(1, wrong).Exec(t.Context(), "update thing set v = 7 where n = 101")
		if err := l.Send(t.Context(), tx); err != nil {
			return err
		}
		return l.Send(t.Context(), tx) // must send nothing twice
	})
	if n := count(t, pool); err != nil || n != 1 {
		t.Fatalf("%v, %d rows", err, n)
	}

	err = in(func(l *db.Later, tx pgx.Tx) error {
		insert(l, 102)
		_, _ = l.Exactly(2, wrong).Exec(t.Context(), "update thing set v = 8 where n = 101")
		return l.Send(t.Context(), tx)
	})
	if n := count(t, pool); !errors.Is(err, wrong) || n != 1 {
		t.Errorf("one row of two: %v, %d rows", err, n)
	}

	err = in(func(l *db.Later, tx pgx.Tx) error {
		insert(l, 103)
		insert(l, 101)
		return l.Send(t.Context(), tx)
	})
	if n := count(t, pool); !db.IsUnique(err, "thing_pkey") || n != 1 {
		t.Errorf("a row that exists already: %v, %d rows", err, n)
	}

	err = in(func(l *db.Later, _ pgx.Tx) error { return l.QueryRow(t.Context(), "select 1").Scan(new(int)) })
	if err == nil {
		t.Error("a statement that was never sent had a row")
	}
	if _, err := (&db.Later{}).Query(t.Context(), "select 1"); err == nil {
		t.Error("a statement that was never sent had rows")
	}
}
