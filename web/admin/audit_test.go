package admin_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/audit"
)

func TestAudit_filter_and_export(t *testing.T) {
	d := open(t)
	d.b.Get("/admin/audit").Wants(200).Shows("No entries", "The chain is whole: 0 entries")
	log := audit.New(audit.Deps{
		Pool: d.Pool,
		Key:  make([]byte, 32),
		Now:  d.Now,
	})
	for _, e := range []audit.Entry{
		{
			ActorID: d.olga.ID,
			Actor:   "olga@example.test",
			Verb:    "order.refund",
			Subject: "order:1",
			Detail:  map[string]string{"reason": "<b>why"},
		},
		{
			ActorID: 99,
			Actor:   "=cmd()",
			Verb:    "list.add",
			Subject: "list_entry:1",
		},
	} {
		if err := db.InTx(t.Context(), d.Pool, func(tx pgx.Tx) error {
			return log.WriteTx(t.Context(), tx, e)
		}); err != nil {
			t.Fatal(err)
		}
	}
	d.b.Get("/admin/audit").Wants(200).
		Shows("The chain is whole: 2 entries", "Refund", "olga@example.test", "Added to the lists",
			`"reason": "<b>why"`)
	d.b.Get("/admin/audit?verb=list.add").Wants(200).Hides("order:1").Shows("=cmd()")
	d.b.Get("/admin/audit?actor=olga").Wants(200).Hides("=cmd()")
	d.b.Get("/admin/audit?subject=order:&since=2020-01-01&until=x").Wants(200).Shows("olga@example.test").
		Hides("=cmd()")
	d.b.Get("/admin/audit?until=2020-01-01").Wants(200).Shows("No entries")
	a := d.b.Get("/admin/audit.csv?verb=list.add").Wants(200)
	if lines := strings.Split(strings.TrimSpace(a.Body), "\n"); len(lines) != 2 ||
		!strings.Contains(lines[1], "'=cmd()") || !strings.Contains(lines[1], ",list.add,") {
		t.Errorf("CSV: got %q, want a header and one escaped entry", a.Body)
	}
	if err := db.InTx(t.Context(), d.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "set local session_replication_role = replica"); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), "update audit_entry set subject = 'order:2' where id = 1")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	d.b.Get("/admin/audit").Wants(200).
		Shows("The log was tampered with, at entry 1", "The entry is not what was written.")
}
