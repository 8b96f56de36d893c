package db_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/db/dbtest"
)

// table returns a pool with a table that has every kind of constraint which callers tell apart.
func table(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := dbtest.New(t)
	if _, err := pool.Exec(context.Background(), `create table thing (
		n int primary key, v int not null constraint thing_v_check check (v >= 0),
		parent int constraint thing_parent_fkey references thing, name text constraint thing_name_key unique)`); err != nil {
		t.Fatal(err)
	}
	return pool
}

func count(t *testing.T, pool *pgxpool.Pool) (n int) {
	t.Helper()
	if err := pool.QueryRow(context.Background(), "select count(*) from thing").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestInTx_commits_all_or_nothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := table(t)
	insert := func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "insert into thing (n, v) values ((select count(*) from thing), 0)")
		return err
	}
	if err := db.InTx(ctx, pool, insert); err != nil || count(t, pool) != 1 {
		t.Fatalf("%v, %d rows", err, count(t, pool))
	}
	refused := errors.New("refused")
	err := db.InTx(ctx, pool, func(tx pgx.Tx) error { return errors.Join(insert(tx), refused) })
	if !errors.Is(err, refused) || count(t, pool) != 1 {
		t.Errorf("after an error: %v, %d rows", err, count(t, pool))
	}
	func() {
		defer func() {
			if recover() != "broken" {
				t.Error("the panic was swallowed")
			}
		}()
		_ = db.InTx(ctx, pool, func(tx pgx.Tx) error {
			if err := insert(tx); err != nil {
				t.Error(err)
			}
			panic("broken")
		})
	}()
	ended, cancel := context.WithCancel(ctx)
	err = db.InTx(ended, pool, func(tx pgx.Tx) error {
		cancel()
		return insert(tx)
	})
	if err != nil { // insert used a context that has not ended, so the commit failed
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after a cancellation: %v", err)
		}
	} else {
		t.Error("committed after its context had ended")
	}
	if n := count(t, pool); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	if busy := pool.Stat().AcquiredConns(); busy != 0 {
		t.Errorf("%d connections were not given back", busy)
	}
}

func TestInTx_reads_what_others_commit_meanwhile(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := table(t)
	err := db.InTx(ctx, pool, func(tx pgx.Tx) error {
		var before, after int
		if err := tx.QueryRow(ctx, "select count(*) from thing").Scan(&before); err != nil {
			return err
		}
		if _, err := pool.Exec(ctx, "insert into thing (n, v) values (1, 0)"); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, "select count(*) from thing").Scan(&after); err != nil {
			return err
		}
		if before != 0 || after != 1 {
			t.Errorf("%d then %d; want read committed", before, after)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// collide runs two transactions that lock two rows in opposite order.
func collide(t *testing.T, run func(ctx context.Context, pool *pgxpool.Pool,
	fn func(pgx.Tx) error) error,
) (calls int, errs [2]error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	pool := table(t)
	if _, err := pool.Exec(ctx, "insert into thing (n, v) values (0, 0), (1, 0)"); err != nil {
		t.Fatal(err)
	}
	var met [2]chan struct{}
	for i := range met {
		met[i] = make(chan struct{})
	}
	type result struct{ i, calls int }
	done := make(chan result, 2)
	for i := range 2 {
		go func() {
			n := 0
			errs[i] = run(ctx, pool, func(tx pgx.Tx) error {
				n++
				if _, err := tx.Exec(ctx, "update thing set v = v + 1 where n = $1", i); err != nil {
					return err
				}
				if n == 1 { // both hold their first row before either asks for the second
					close(met[i])
					<-met[1-i]
				}
				_, err := tx.Exec(ctx, "update thing set v = v + 1 where n = $1", 1-i)
				return err
			})
			done <- result{i, n}
		}()
	}
	calls = (<-done).calls + (<-done).calls
	if errs[0] == nil && errs[1] == nil {
		var sum int
		if err := pool.QueryRow(ctx, "select sum(v) from thing").Scan(&sum); err != nil || sum != 4 {
			t.Errorf("sum %d, %v; want 4", sum, err)
		}
	}
	return calls, errs
}

func TestInTxRetrying_repeats_after_a_deadlock(t *testing.T) {
	t.Parallel()
	calls, errs := collide(t, db.InTx)
	if (errs[0] == nil) == (errs[1] == nil) || calls != 2 {
		t.Errorf("InTx: %v after %d calls; want one victim", errs, calls)
	}
	if victim := errors.Join(errs[0], errs[1]); !db.IsRetryable(victim) {
		t.Errorf("%v is not retryable", victim)
	}
	calls, errs = collide(t, func(ctx context.Context, pool *pgxpool.Pool, fn func(pgx.Tx) error) error {
		return db.InTxRetrying(ctx, pool, 3, fn)
	})
	if errs[0] != nil || errs[1] != nil || calls != 3 {
		t.Errorf("InTxRetrying: %v after %d calls", errs, calls)
	}
}

func TestInTxRetrying_gives_up_and_never_repeats_a_refusal(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := table(t)
	calls := 0
	err := db.InTxRetrying(ctx, pool, 3, func(tx pgx.Tx) error {
		calls++
		_, err := tx.Exec(ctx, "do $$ begin raise exception 'no' using errcode = '40001'; end $$")
		return err
	})
	if !db.IsRetryable(err) || calls != 3 {
		t.Errorf("%v after %d calls", err, calls)
	}
	calls = 0
	err = db.InTxRetrying(ctx, pool, 3, func(tx pgx.Tx) error {
		calls++
		_, err := tx.Exec(ctx, "insert into thing (n, v) values (1, -1)")
		return err
	})
	if !db.IsCheck(err, "thing_v_check") || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestIsUnique_tells_constraints_apart_by_name(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := table(t)
	if _, err := pool.Exec(ctx, "insert into thing (n, v, name) values (1, 0, 'a')"); err != nil {
		t.Fatal(err)
	}
	_, unique := pool.Exec(ctx, "insert into thing (n, v, name) values (2, 0, 'a')")
	_, key := pool.Exec(ctx, "insert into thing (n, v, parent) values (3, 0, 9)")
	if !db.IsUnique(unique, "thing_name_key") || !db.IsUnique(unique, "") || db.IsUnique(unique, "thing_pkey") ||
		db.IsUnique(key, "") || db.IsUnique(nil, "") {
		t.Errorf("IsUnique misjudges %v", unique)
	}
	if !db.IsForeignKey(key, "thing_parent_fkey") || db.IsForeignKey(unique, "") {
		t.Errorf("IsForeignKey misjudges %v", key)
	}
}

func TestOpenPools_configures_the_session(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	url := dbtest.URL(t)
	pools, err := db.OpenPools(ctx, url, url, db.Options{
		ApplicationName:  "mall test",
		StatementTimeout: 1500 * time.Millisecond,
		MaxConns:         3,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer pools.Close()
	for name, want := range map[string]string{
		"application_name": "mall test", "statement_timeout": "1500ms",
		"idle_in_transaction_session_timeout": "1min", "TimeZone": "UTC",
		"default_transaction_isolation": "read committed",
	} {
		var got string
		if err := pools.Primary.QueryRow(ctx, "select current_setting($1)", name).Scan(&got); err != nil ||
			got != want {
			t.Errorf("%s = %q, %v; want %q", name, got, err, want)
		}
	}
	if n := pools.Primary.Config().MaxConns; n != 3 {
		t.Errorf("MaxConns %d", n)
	}
	if _, err := pools.Replica.Exec(ctx, "create table x ()"); err == nil {
		t.Error("the replica takes writes")
	}
	alone, err := db.OpenPools(ctx, url+"&pool_max_conns=2&statement_timeout=7000", "", db.Options{MaxConns: 9})
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	if alone.Replica != alone.Primary || alone.Primary.Config().MaxConns != 2 {
		t.Error("without a replica the primary serves reads, and the URL's limit wins")
	}
	var got string
	if err := alone.Primary.QueryRow(ctx, "show statement_timeout").Scan(&got); err != nil || got != "7s" {
		t.Errorf("statement_timeout %q, %v; the URL's should win", got, err)
	}
}

func TestOpen_error_does_not_tell_the_password(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "postgres://u:hunter22@127.0.0.1:1/mall?connect_timeout=1",
		"postgres://u:hunter22@[broken/mall", "postgres://u:hunter22@h:notaport/mall",
	} {
		pool, err := db.Open(context.Background(), url, db.Options{})
		if err == nil {
			pool.Close()
			t.Errorf("%s opened", url)
			continue
		}
		if strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%q tells the password", err)
		}
	}
}
