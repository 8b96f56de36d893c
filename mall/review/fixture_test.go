package review_test

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
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/review"
)

// The people of the tests.
const (
	creator int64 = 1
	rival   int64 = 2
	olga    int64 = 11
	oscar   int64 = 12
	oleg    int64 = 13
)

// desk is a review desk whose neighbours write what they are asked into a table, in the desk's own transaction.
type desk struct {
	*review.Reviews
	deps review.Deps // of Reviews
	t    *testing.T
	pool *pgxpool.Pool
	now  time.Time

	creator    review.Creator
	band       review.Band
	duplicates []int64
	unaudit    error // what the audit log answers
}

func open(t *testing.T) *desk {
	t.Helper()
	t.Parallel()
	d := &desk{
		t:    t,
		pool: dbtest.New(t),
		now:  time.Now().Truncate(time.Microsecond),
	}
	d.creator = review.Creator{
		Since:        d.now.AddDate(-1, 0, 0),
		FirstListing: d.now.AddDate(0, -6, 0),
		Live:         3,
	}
	if _, err := d.pool.Exec(t.Context(),
		`create table neighbour (id bigint generated always as identity, action text)`); err != nil {
		t.Fatal(err)
	}
	notes := func(ctx context.Context, tx pgx.Tx, action string, id int64) error {
		_, err := tx.Exec(ctx, `insert into neighbour (action) values (format('%s %s', $1::text, $2::bigint))`, action,
			id)
		return err
	}
	verb := func(action string) func(context.Context, pgx.Tx, int64) error {
		return func(ctx context.Context, tx pgx.Tx, id int64) error { return notes(ctx, tx, action, id) }
	}
	d.deps = review.Deps{
		Pool: d.pool,
		Now:  func() time.Time { return d.now },
		Listing: review.Listing{
			Approve:  verb("approve"),
			Reopen:   verb("reopen"),
			TakeDown: verb("take_down"),
			Restore:  verb("restore"),
			Return: func(ctx context.Context, tx pgx.Tx, id int64, _ string) error {
				return notes(ctx, tx, "return", id)
			},
		},
		Facts: review.Facts{
			Creator: func(context.Context, pgx.Tx, int64) (review.Creator, error) { return d.creator, nil },
			PriceBand: func(context.Context, pgx.Tx, int64, string, string) (review.Band, error) {
				return d.band, nil
			},
			Duplicates: func(context.Context, pgx.Tx, int64) ([]int64, error) { return d.duplicates, nil },
		},
		Audit: func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, _ any) error {
			if d.unaudit != nil {
				return d.unaudit
			}
			return notes(ctx, tx, "audit:"+verb+":"+subject, actorID)
		},
		EndAccess: func(ctx context.Context, tx pgx.Tx, spuID, _ int64) error {
			return notes(ctx, tx, "end_access", spuID)
		},
	}
	d.Reviews = review.New(d.deps)
	return d
}

// actions are what the neighbours and the audit log were told, in order.
func (d *desk) actions() string {
	d.t.Helper()
	rows, err := d.pool.Query(d.t.Context(), `select action from neighbour order by id`)
	if err != nil {
		d.t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.Join(all, ", ")
}

func content() review.Content {
	return review.Content{
		Title:       locale.Text{Zh: "山脊晨光", En: "First light"},
		Description: locale.Text{En: "A walk."},
		CategoryID:  1,
		VideoID:     5,
		Prices: []review.Price{{
			Kind:    "own",
			Quality: "HD",
			Amount:  money.Of(990, "CNY"),
		}},
	}
}

// opens submits a revision of listing 70 by the creator.
func (d *desk) opens(revisionID int64, change ...func(*review.Submission)) review.Case {
	d.t.Helper()
	c, err := d.submit(revisionID, change...)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

func (d *desk) submit(revisionID int64, change ...func(*review.Submission)) (c review.Case, err error) {
	s := review.Submission{
		RevisionID: revisionID,
		SPUID:      70,
		CreatorID:  creator,
		Content:    content(),
	}
	for _, f := range change {
		f(&s)
	}
	err = db.InTx(d.t.Context(), d.pool, func(tx pgx.Tx) error {
		c, err = d.OpenTx(d.t.Context(), tx, s)
		return err
	})
	return c, err
}

// risky submits one that takes two people.
func (d *desk) risky(revisionID int64) review.Case {
	d.t.Helper()
	d.duplicates = []int64{rival}
	c := d.opens(revisionID)
	d.duplicates = nil
	if !c.NeedsTwo() {
		d.t.Fatalf("score %d", c.Score)
	}
	return c
}

func (d *desk) withdraw(revisionID int64) error {
	return db.InTx(d.t.Context(), d.pool, func(tx pgx.Tx) error { return d.WithdrawTx(d.t.Context(), tx, revisionID) })
}

func (d *desk) is(id int64, want review.State) review.Case {
	d.t.Helper()
	c, err := d.Get(d.t.Context(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	if c.State != want {
		d.t.Fatalf("case %d is %s, want %s", id, c.State, want)
	}
	return c
}

func (d *desk) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) fails(err, want error) {
	d.t.Helper()
	if !errors.Is(err, want) {
		d.t.Fatalf("%v, want %v", err, want)
	}
}

func (d *desk) says(want string) {
	d.t.Helper()
	if got := d.actions(); got != want {
		d.t.Errorf("done: %s\nwant: %s", got, want)
	}
}
