package dbtest_test

import (
	"context"
	"fmt"
	"os/exec"
	"testing"

	"videomall/db"
	"videomall/db/dbtest"
)

func TestNew_gives_every_test_its_own_database(t *testing.T) {
	t.Parallel()
	for i := range 6 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			pool := dbtest.New(t)
			ctx := context.Background()
			if err := db.CheckMigrated(ctx, pool); err != nil {
				t.Fatal(err)
			}
			if _, err := pool.Exec(ctx, "create table mine (n int)"); err != nil { // fails if a sibling has made it
				t.Fatal(err)
			}
		})
	}
}

func TestNew_drops_the_database_after_the_test(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var name string
	t.Run("inner", func(t *testing.T) {
		if err := dbtest.New(t).QueryRow(ctx, "select current_database()").Scan(&name); err != nil {
			t.Fatal(err)
		}
	})
	if have, err := dbtest.Exists(ctx, name); have || err != nil {
		t.Errorf("%s is left: %v, %v", name, have, err)
	}
}

func TestSweep_drops_databases_of_killed_tests(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := dbtest.New(t) // of a running process, so it stays
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	left := fmt.Sprintf("mall_test_%d_left", gone.Process.Pid)
	if err := dbtest.Admin(ctx, "create database "+left); err != nil {
		t.Fatal(err)
	}
	swept, err := dbtest.Sweep(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !swept {
		if err := dbtest.Admin(ctx, "drop database "+left); err != nil {
			t.Error(err)
		}
		t.Skip("the server of TEST_DATABASE_URL is not swept")
	}
	if have, err := dbtest.Exists(ctx, left); have || err != nil {
		t.Errorf("%s is left: %v, %v", left, have, err)
	}
	if err := pool.Ping(ctx); err != nil {
		t.Error("a living test lost its database: ", err)
	}
}
