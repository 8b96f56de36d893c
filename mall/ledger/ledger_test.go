package ledger_test

import (
	"context"
	"errors"
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

func TestAPostingIsWrittenOnceAndInBalance(t *testing.T) {
	t.Parallel()
	pool, ctx := dbtest.New(t), context.Background()
	books := ledger.New(pool, time.Now)
	post := func(p ledger.Posting) (posted bool, err error) {
		err = db.InTx(ctx, pool, func(tx pgx.Tx) error {
			posted, err = books.PostTx(ctx, tx, p)
			return err
		})
		return posted, err
	}
	sale := ledger.Posting{Kind: "capture", Reference: "sandbox/T1", Lines: []ledger.Line{
		{Account: "channel:sandbox", Amount: cny(990)}, {Account: "sales", Amount: cny(-990)}}}
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
	lame := ledger.Posting{Kind: "capture", Reference: "sandbox/T2", Lines: []ledger.Line{
		{Account: "channel:sandbox", Amount: cny(990)}, {Account: "sales", Amount: cny(-980)}}}
	if _, err := post(lame); !errors.Is(err, ledger.ErrUnbalanced) {
		t.Fatalf("unbalanced: %v", err)
	}
	mixed := ledger.Posting{Kind: "capture", Reference: "sandbox/T3", Lines: []ledger.Line{
		{Account: "channel:sandbox", Amount: cny(990)}, {Account: "sales", Amount: money.Of(-990, "USD")}}}
	if _, err := post(mixed); !errors.Is(err, ledger.ErrUnbalanced) {
		t.Fatalf("two currencies: %v", err)
	}
}

func TestTheDatabaseKeepsTheBooksItself(t *testing.T) {
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
