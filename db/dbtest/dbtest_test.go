package dbtest_test

import (
	"context"
	"fmt"
	"testing"

	"videomall/db"
	"videomall/db/dbtest"
)

func TestEveryTestHasADatabaseOfItsOwn(t *testing.T) {
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			pool := dbtest.New(t)
			ctx := context.Background()
			if err := db.CheckMigrated(ctx, pool); err != nil {
				t.Fatal(err)
			}
			if _, err := pool.Exec(ctx, "create table mine (n int)"); err != nil {
				t.Fatal(err)
			}
		})
	}
}
