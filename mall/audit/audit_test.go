package audit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/audit"
)

type chain struct {
	*audit.Log
	t    *testing.T
	pool *pgxpool.Pool
}

func open(t *testing.T) chain {
	t.Helper()
	t.Parallel()
	pool := dbtest.New(t)
	return chain{audit.New(audit.Deps{
		Pool: pool,
		Key:  []byte("a key of a test"),
		Now:  time.Now,
	}), t, pool}
}

func (c chain) write(e audit.Entry) {
	c.t.Helper()
	if err := db.InTx(c.t.Context(), c.pool, func(tx pgx.Tx) error {
		return c.WriteTx(c.t.Context(), tx, e)
	}); err != nil {
		c.t.Fatal(err)
	}
}

func (c chain) filled(n int) chain {
	c.t.Helper()
	for i := range n {
		c.write(audit.Entry{
			ActorID: int64(i%2 + 1),
			Actor:   fmt.Sprintf("op%d@example.test", i%2+1),
			Verb:    []string{"order.refund", "list.add"}[i%2],
			Subject: fmt.Sprintf("order:%d", i+1),
			Detail:  map[string]any{"zebra": 1, "amount": 1e2, "words": "写下"},
		})
	}
	return c
}

// force runs statements with the triggers off, as only a superuser can.
func (c chain) force(statements ...string) {
	c.t.Helper()
	err := db.InTx(c.t.Context(), c.pool, func(tx pgx.Tx) error {
		for _, s := range append([]string{"set local session_replication_role = replica"}, statements...) {
			if _, err := tx.Exec(c.t.Context(), s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c chain) is(fault string, broken, upto int64) {
	c.t.Helper()
	s, err := c.Verify(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	if s.Fault != fault || s.Broken != broken || s.Upto != upto || s.Whole() != (fault == "") {
		c.t.Errorf("the chain is %q at %d, whole up to %d; want %q at %d, up to %d", s.Fault, s.Broken, s.Upto, fault,
			broken, upto)
	}
}

func TestLog_Verify_untouched_chain_is_whole(t *testing.T) {
	c := open(t)
	c.is("", 0, 0)
	c.filled(5).is("", 0, 5)
}

func TestLog_Verify_detects_a_change_of_any_field(t *testing.T) {
	c := open(t).filled(4)
	for _, set := range []string{
		"actor = 'nobody'", "actor_id = 9", "verb = 'order.look'", "subject = 'order:9'",
		"detail = '{}'", "at = at + interval '1 us'",
		"prev_hash = hash", "hash = sha256('x')",
	} {
		c.force("create temp table kept on commit drop as select * from audit_entry where id = 2",
			"create table saved as select * from kept", "update audit_entry set "+set+" where id = 2")
		c.is(audit.Changed, 2, 1)
		c.force("delete from audit_entry where id = 2", "insert into audit_entry select * from saved",
			"drop table saved")
		c.is("", 0, 4)
	}
}

func TestLog_Verify_detects_a_missing_entry(t *testing.T) {
	c := open(t).filled(4)
	c.force("delete from audit_entry where id = 2")
	c.is(audit.Missing, 2, 1)
}

func TestLog_Verify_detects_a_cut_off_end(t *testing.T) {
	c := open(t).filled(4)
	c.force("delete from audit_entry where id = 4")
	c.is(audit.CutOff, 4, 3)
	// An attacker who also moves the head back cannot sign it.
	c.force("update audit_head set (entry_id, hash) = (select id, hash from audit_entry where id = 3)")
	c.is(audit.Forged, 3, 3)
	c.force("delete from audit_head")
	c.is(audit.CutOff, 1, 0)
}

func TestLog_Verify_detects_an_entry_after_the_head(t *testing.T) {
	c := open(t).filled(2)
	c.force(`insert into audit_entry select 3, at, actor_id, actor, verb, subject, detail, hash, sha256('x')
		from audit_entry where id = 2`)
	c.is(audit.CutOff, 3, 2)
}

func TestLog_tables_refuse_updates_and_deletions(t *testing.T) {
	c := open(t).filled(2)
	for _, s := range []string{
		"update audit_entry set actor = 'x' where id = 1",
		"delete from audit_entry where id = 2", "truncate audit_entry",
		"delete from audit_head", "truncate audit_head", "update audit_head set entry_id = 1",
		"update audit_head set entry_id = 9",
	} {
		if _, err := c.pool.Exec(t.Context(), s); err == nil || !strings.Contains(err.Error(), "audit log") {
			t.Errorf("%s: %v", s, err)
		}
	}
	c.is("", 0, 2)
}

func TestLog_WriteTx_concurrent_writers_and_rollbacks_leave_no_gap(t *testing.T) {
	c := open(t)
	stop := errors.New("the action failed")
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			err := db.InTx(context.Background(), c.pool, func(tx pgx.Tx) error {
				if err := c.WriteTx(context.Background(), tx, audit.Entry{
					ActorID: 1,
					Actor:   "op",
					Verb:    "x.y",
					Subject: fmt.Sprint("n:", i),
				}); err != nil {
					return err
				}
				if i%3 == 0 {
					return stop
				}
				return nil
			})
			if err != nil && !errors.Is(err, stop) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	c.is("", 0, 16)
}

func TestLog_List_filters(t *testing.T) {
	c := open(t).filled(6)
	ids := func(f audit.Filter) string {
		t.Helper()
		f.Most = 10
		records, err := c.List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, r := range records {
			out = append(out, fmt.Sprint(r.ID))
		}
		return strings.Join(out, " ")
	}
	for want, f := range map[string]audit.Filter{
		"6 5 4 3 2 1": {}, "5 3 1": {Verb: "order.refund"}, "6 4 2": {ActorID: 2}, "3 2 1": {Before: 4},
		"4": {Subject: "order:4"},
		"":  {Actor: "op_@"}, // an underscore is no wildcard
	} {
		if got := ids(f); got != want {
			t.Errorf("%+v finds %q, want %q", f, got, want)
		}
	}
	if got := ids(audit.Filter{Since: time.Now().Add(time.Hour)}); got != "" {
		t.Errorf("found %q in the future", got)
	}
	if got := ids(audit.Filter{Until: time.Now().Add(-time.Hour)}); got != "" {
		t.Errorf("found %q in the past", got)
	}
	if got := ids(audit.Filter{Actor: "OP2@"}); got != "6 4 2" {
		t.Errorf("a part of a name finds %q", got)
	}
	verbs, err := c.Verbs(t.Context())
	if err != nil || strings.Join(verbs, " ") != "list.add order.refund" {
		t.Errorf("verbs %v, %v", verbs, err)
	}
}
