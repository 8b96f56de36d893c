package review_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/locale"
	"videomall/mall/review"
)

func target(keep bool) review.Target {
	return review.Target{
		SPUID:      70,
		CreatorID:  creator,
		Title:      locale.Text{Zh: "山脊晨光", En: "First light"},
		Reason:     "A claim of rights.",
		KeepAccess: keep,
	}
}

func TestReviews_TakeDown(t *testing.T) {
	d := open(t)
	down, err := d.TakeDown(t.Context(), olga, target(true))
	d.ok(err)
	d.says("take_down 70, audit:review.take_down:spu:70 11")
	_, err = d.TakeDown(t.Context(), oscar, target(false))
	d.fails(err, review.ErrTakenDown)
	ended := func() (m map[int64]int64) {
		d.ok(db.InTx(t.Context(), d.pool, func(tx pgx.Tx) (err error) {
			m, err = d.EndedAccessTx(t.Context(), tx, []int64{70, 71})
			return err
		}))
		return m
	}
	if got := ended(); len(got) != 0 {
		t.Errorf("access was to be kept, but ended: %v", got)
	}
	d.ok(d.Undo(t.Context(), olga, down.ID))
	d.fails(d.Undo(t.Context(), olga, down.ID), review.ErrMoved)
	d.fails(d.Undo(t.Context(), olga, 999), review.ErrNotFound)
	again, err := d.TakeDown(t.Context(), olga, target(false))
	d.ok(err)
	if got := ended(); got[70] != again.ID || len(got) != 1 {
		t.Errorf("ended: %v", got)
	}
	d.says("take_down 70, audit:review.take_down:spu:70 11, restore 70, audit:review.restore:spu:70 11, " +
		"take_down 70, end_access 70, audit:review.take_down:spu:70 11")
	bare := target(true)
	bare.SPUID, bare.Reason = 71, "  "
	_, err = d.TakeDown(t.Context(), olga, bare)
	d.fails(err, review.ErrInvalid)
}

func TestReviews_TakeDown_at_once(t *testing.T) {
	d := open(t)
	var made atomic.Int64
	var wg sync.WaitGroup
	for n := range 12 {
		wg.Go(func() {
			_, err := d.TakeDown(context.Background(), int64(100+n), target(false))
			if err == nil {
				made.Add(1)
			} else if !errors.Is(err, review.ErrTakenDown) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d takedowns were made", made.Load())
	}
	var ends int
	d.ok(d.pool.QueryRow(t.Context(), `select count(*) from neighbour where action = 'end_access 70'`).Scan(&ends))
	if ends != 1 {
		t.Errorf("access ended %d times", ends)
	}
}

func TestReviews_Appeal_takedown(t *testing.T) {
	d := open(t)
	_, err := d.Appeal(t.Context(), creator, 70, "please")
	d.fails(err, review.ErrNoAppeal)
	down, err := d.TakeDown(t.Context(), olga, target(true))
	d.ok(err)
	_, err = d.Appeal(t.Context(), rival, 70, "please")
	d.fails(err, review.ErrNoAppeal)
	_, err = d.Appeal(t.Context(), creator, 70, "  ")
	d.fails(err, review.ErrInvalid)
	a, err := d.Appeal(t.Context(), creator, 70, "It is mine.")
	d.ok(err)
	_, err = d.Appeal(t.Context(), creator, 70, "It is mine!")
	d.fails(err, review.ErrAppealOpen)
	d.fails(d.Answer(t.Context(), olga, a.ID, false, ""), review.ErrInvalid)
	d.fails(d.Answer(t.Context(), creator, a.ID, true, ""), review.ErrOwnListing)
	d.ok(d.Answer(t.Context(), olga, a.ID, false, "It is not."))
	d.fails(d.Answer(t.Context(), oscar, a.ID, true, ""), review.ErrMoved)
	if down, err := d.Takedown(t.Context(), down.ID); err != nil || down.UndoneAt != nil {
		t.Errorf("%+v %v", down, err)
	}
	a, err = d.Appeal(t.Context(), creator, 70, "Here is the contract.")
	d.ok(err)
	d.ok(d.Answer(t.Context(), oscar, a.ID, true, ""))
	if down, err := d.Takedown(t.Context(), down.ID); err != nil || down.UndoneBy != oscar {
		t.Errorf("%+v %v", down, err)
	}
	d.says("take_down 70, audit:review.take_down:spu:70 11, audit:review.appeal_refuse:spu:70 11, restore 70, " +
		"audit:review.appeal_grant:spu:70 12")
	heard, err := d.AppealsOf(t.Context(), creator, 70, 9)
	if err != nil || len(heard) != 2 || heard[0].State != review.Granted || heard[1].Answer != "It is not." ||
		heard[0].Takedown == nil {
		t.Errorf("%+v %v", heard, err)
	}
	if heard, err := d.AppealsOf(t.Context(), rival, 70, 9); err != nil || len(heard) != 0 {
		t.Errorf("another creator sees %+v, %v", heard, err)
	}
}

func TestReviews_Undo_grants_the_appeal(t *testing.T) {
	d := open(t)
	down, err := d.TakeDown(t.Context(), olga, target(true))
	d.ok(err)
	_, err = d.Appeal(t.Context(), creator, 70, "please")
	d.ok(err)
	d.ok(d.Undo(t.Context(), oscar, down.ID))
	heard, err := d.AppealsOf(t.Context(), creator, 70, 9)
	if err != nil || len(heard) != 1 || heard[0].State != review.Granted || heard[0].ByID != oscar {
		t.Errorf("%+v %v", heard, err)
	}
}

func TestReviews_Appeal_return(t *testing.T) {
	d := open(t)
	c := d.opens(1)
	c, err := d.Return(t.Context(), olga, c.ID, c.Version, review.Verdict{Causes: []string{"price"}})
	d.ok(err)
	a, err := d.Appeal(t.Context(), creator, 70, "It is fair.")
	d.ok(err)
	d.ok(d.Answer(t.Context(), oscar, a.ID, true, "Right."))
	again := d.is(c.ID, review.Open)
	if again.FirstBy != 0 || again.Note != "" || len(again.Causes) != 0 || again.DecidedAt != nil {
		t.Errorf("%+v", again)
	}
	d.says("return 1, audit:review.return:case:1 11, reopen 1, audit:review.appeal_grant:spu:70 12")
	_, err = d.Approve(t.Context(), olga, again.ID, again.Version)
	d.ok(err)
	_, err = d.Appeal(t.Context(), creator, 70, "please")
	d.fails(err, review.ErrNoAppeal)
}

func TestReviews_OpenTx_settles_the_appeal(t *testing.T) {
	d := open(t)
	c := d.opens(1)
	_, err := d.Return(t.Context(), olga, c.ID, c.Version, review.Verdict{Causes: []string{"price"}})
	d.ok(err)
	a, err := d.Appeal(t.Context(), creator, 70, "please")
	d.ok(err)
	d.opens(2)
	d.fails(d.Answer(t.Context(), oscar, a.ID, true, ""), review.ErrMoved)
	heard, err := d.AppealsOf(t.Context(), creator, 70, 9)
	if err != nil || len(heard) != 1 || heard[0].State != review.Moot {
		t.Errorf("%+v %v", heard, err)
	}
}

func TestReviews_Appeal_cannot_reopen(t *testing.T) {
	d := open(t)
	d.deps.Listing.Reopen = nil
	d.Reviews = review.New(d.deps)
	c := d.opens(1)
	_, err := d.Return(t.Context(), olga, c.ID, c.Version, review.Verdict{Causes: []string{"price"}})
	d.ok(err)
	_, err = d.Appeal(t.Context(), creator, 70, "please")
	d.fails(err, review.ErrNoAppeal)
}
