package ledger_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/ledger"
	"videomall/mall/money"
)

func cny(n int64) money.Money { return money.Of(n, "CNY") }

func TestLedger_PostTx_once_and_balanced(t *testing.T) {
	t.Parallel()
	pool, ctx := dbtest.New(t), context.Background()
	books := ledger.New(ledger.Deps{
		Pool: pool,
		Now:  time.Now,
	})
	post := func(p ledger.Posting) (posted bool, err error) {
		err = db.InTx(ctx, pool, func(tx pgx.Tx) error {
			posted, err = books.PostTx(ctx, tx, p)
			return err
		})
		return posted, err
	}
	sale := ledger.Posting{
		Kind:      "capture",
		Reference: "sandbox/T1",
		Lines: []ledger.Line{
			{Account: "channel:sandbox", Amount: cny(990)}, {Account: "sales", Amount: cny(-990)},
		},
	}
	if posted, err := post(sale); err != nil || !posted {
		t.Fatalf("first: %v, %v", posted, err)
	}
	if posted, err := post(sale); err != nil || posted {
		t.Fatalf("again: %v, %v", posted, err)
	}
	got, err := books.Balances(ctx)
	if err != nil || len(got) != 2 || got[0].Amount != cny(990) || got[1].Amount != cny(-990) {
		t.Fatalf("balances %v, %v", got, err)
	}
	lame := ledger.Posting{
		Kind:      "capture",
		Reference: "sandbox/T2",
		Lines: []ledger.Line{
			{Account: "channel:sandbox", Amount: cny(990)}, {Account: "sales", Amount: cny(-980)},
		},
	}
	if _, err := post(lame); !errors.Is(err, ledger.ErrUnbalanced) {
		t.Fatalf("unbalanced: %v", err)
	}
	mixed := ledger.Posting{
		Kind:      "capture",
		Reference: "sandbox/T3",
		Lines: []ledger.Line{
			{Account: "channel:sandbox", Amount: cny(990)}, {Account: "sales", Amount: money.Of(-990, "USD")},
		},
	}
	if _, err := post(mixed); !errors.Is(err, ledger.ErrUnbalanced) {
		t.Fatalf("two currencies: %v", err)
	}
}

func TestSchema_lines_balance_and_are_append_only(t *testing.T) {
	t.Parallel()
	pool, ctx := dbtest.New(t), context.Background()
	_, err := pool.Exec(ctx, `with p as (insert into ledger_posting (kind, reference) values ('x', '1') returning id)
		insert into ledger_line (posting_id, account, amount, currency) select id, 'sales', 1, 'CNY' from p`)
	if err == nil || !strings.Contains(err.Error(), "does not sum to zero") {
		t.Fatalf("a lone line was committed: %v", err)
	}
	if _, err := pool.Exec(ctx, `with p as (insert into ledger_posting (kind, reference) values ('x', '2') returning id)
		insert into ledger_line (posting_id, account, amount, currency)
		select id, a, n, 'CNY' from p, (values ('sales', -1), ('suspense', 1)) v(a, n)`); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{`update ledger_line set amount = amount * 2`, `delete from ledger_line`} {
		if _, err := pool.Exec(ctx, sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// Rows from before sums were bounded stay, and the books can still be read.
func TestLedger_Families_sums_beyond_bigint(t *testing.T) {
	t.Parallel()
	pool, ctx := dbtest.New(t), context.Background()
	books := ledger.New(ledger.Deps{
		Pool: pool,
		Now:  time.Now,
	})
	for _, sql := range []string{
		`alter table ledger_line drop constraint ledger_line_amount_bounded`, `
		with p as (insert into ledger_posting (kind, reference) values ('capture', 'old/1'), ('capture', 'old/2')
		returning id)
		insert into ledger_line (posting_id, account, amount, currency)
		select id, a, n, 'CNY' from p, (values ('suspense', -9223372036854775807), ('channel:sandbox',
		9223372036854775807)) v(a, n)`,
		`alter table ledger_line add constraint ledger_line_amount_bounded check (amount between -1000000000000
			and 1000000000000) not valid`,
	} {
		if _, err := pool.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	families, err := books.Families(ctx)
	if err != nil || len(families) != 2 || families[0].Amount != cny(math.MaxInt64) ||
		families[1].Amount != cny(-math.MaxInt64) {
		t.Errorf("families %v, %v", families, err)
	}
	if sums, err := books.Imbalances(ctx); err != nil || len(sums) != 1 || !sums[0].IsZero() {
		t.Errorf("sums %v, %v", sums, err)
	}
	if balances, err := books.Balances(ctx); err != nil || len(balances) != 2 {
		t.Errorf("balances %v, %v", balances, err)
	}
	if postings, err := books.Recent(ctx, 0, 10); err != nil || len(postings) != 2 {
		t.Errorf("postings %v, %v", postings, err)
	}
	err = db.InTx(ctx, pool, func(tx pgx.Tx) error {
		return books.CaptureTx(ctx, tx, "sandbox/T1", "sandbox", ledger.Suspense, cny(money.MaxSum+1))
	})
	if !db.IsCheck(err, "ledger_line_amount_bounded") {
		t.Errorf("a line beyond the bound: %v", err)
	}
}
