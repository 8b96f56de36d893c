package review_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/locale"
	"videomall/mall/review"
	"videomall/mall/transition/transitiontest"
)

func TestTransitions(t *testing.T) {
	d := open(t)
	transitiontest.Compare(t, review.Transitions(), d.pool, "review_move_allowed", "")
}

func TestReviews_Approve(t *testing.T) {
	d := open(t)
	c := d.opens(1)
	got, err := d.Approve(t.Context(), olga, c.ID, c.Version)
	d.ok(err)
	if got.State != review.Approved || got.FirstBy != olga || got.SecondBy != 0 || got.DecidedAt == nil {
		t.Errorf("%+v", got)
	}
	d.says("approve 1, audit:review.approve:case:1 11")
	_, err = d.Approve(t.Context(), oscar, c.ID, got.Version)
	d.fails(err, review.ErrMoved)
	_, err = d.Return(t.Context(), oscar, c.ID, got.Version, review.Verdict{Causes: []string{"price"}})
	d.fails(err, review.ErrMoved)
}

func TestReviews_Approve_two_people(t *testing.T) {
	d := open(t)
	c := d.risky(1)
	c, err := d.Approve(t.Context(), olga, c.ID, c.Version)
	d.ok(err)
	if c.State != review.Second || c.DecidedAt != nil {
		t.Fatalf("%+v", c)
	}
	_, err = d.Approve(t.Context(), olga, c.ID, c.Version)
	d.fails(err, review.ErrSamePerson)
	_, err = d.Return(t.Context(), olga, c.ID, c.Version, review.Verdict{Causes: []string{"price"}})
	d.fails(err, review.ErrSamePerson)
	d.says("audit:review.approve_first:case:1 11")
	c, err = d.Approve(t.Context(), oscar, c.ID, c.Version)
	d.ok(err)
	if c.State != review.Approved || c.FirstBy != olga || c.SecondBy != oscar {
		t.Errorf("%+v", c)
	}
	d.says("audit:review.approve_first:case:1 11, approve 1, audit:review.approve:case:1 12")

	// The schema holds both rules by itself.
	c = d.risky(2)
	for _, set := range []string{
		"state = 'approved', first_by = 11, decided_at = now()",
		"state = 'second', first_by = 1",
		"state = 'approved', first_by = 11, second_by = 11, decided_at = now()",
	} {
		if _, err := d.pool.Exec(t.Context(), "update review_case set "+set+" where id = $1",
			c.ID); !db.IsCheck(err, "") {
			t.Errorf("%s: %v", set, err)
		}
	}
}

func TestReviews_Return_by_the_second_person(t *testing.T) {
	d := open(t)
	c := d.risky(1)
	c, err := d.Approve(t.Context(), olga, c.ID, c.Version)
	d.ok(err)
	c, err = d.Return(t.Context(), oscar, c.ID, c.Version, review.Verdict{Causes: []string{"rights"}})
	d.ok(err)
	if c.State != review.Returned || c.FirstBy != olga || c.SecondBy != oscar {
		t.Errorf("%+v", c)
	}
}

func TestReviews_Approve_own_listing(t *testing.T) {
	d := open(t)
	c := d.opens(1, func(s *review.Submission) { s.CreatorID = olga })
	_, err := d.Approve(t.Context(), olga, c.ID, c.Version)
	d.fails(err, review.ErrOwnListing)
	_, err = d.Return(t.Context(), olga, c.ID, c.Version, review.Verdict{Causes: []string{"price"}})
	d.fails(err, review.ErrOwnListing)
	_, err = d.TakeDown(t.Context(), olga, review.Target{
		SPUID:     70,
		CreatorID: olga,
		Title:     locale.Text{Zh: "a", En: "a"},
		Reason:    "r",
	})
	d.fails(err, review.ErrOwnListing)
	d.says("")
}

func TestReviews_Return_reasons(t *testing.T) {
	d := open(t)
	c := d.opens(1)
	for field, v := range map[string]review.Verdict{
		"causes": {Note: "so"}, "note": {Causes: []string{"other"}},
	} {
		_, err := d.Return(t.Context(), olga, c.ID, c.Version, v)
		if f := fault.From(err); !errors.Is(err, review.ErrInvalid) || f.Fields[field] == "" {
			t.Errorf("%+v: %v %v", v, err, f.Fields)
		}
	}
	_, err := d.Return(t.Context(), olga, c.ID, c.Version, review.Verdict{Causes: []string{"made up"}})
	d.fails(err, review.ErrInvalid)
	c, err = d.Return(t.Context(), olga, c.ID, c.Version, review.Verdict{
		Causes: []string{"price", "other"},
		Note:   " too dear ",
	})
	d.ok(err)
	if c.State != review.Returned || c.Note != "too dear" || !slices.Equal(c.Causes, []string{"price", "other"}) {
		t.Errorf("%+v", c)
	}
	d.says("return 1, audit:review.return:case:1 11")
}

func TestReviews_Approve_old_version(t *testing.T) {
	d := open(t)
	c := d.risky(1)
	_, err := d.Approve(t.Context(), olga, c.ID, c.Version)
	d.ok(err)
	_, err = d.Approve(t.Context(), oscar, c.ID, c.Version) // what the first saw
	d.fails(err, review.ErrMoved)
	d.is(c.ID, review.Second)
	_, err = d.Approve(t.Context(), oscar, 999, 0)
	d.fails(err, review.ErrNotFound)
}

func TestReviews_OpenTx_again(t *testing.T) {
	d := open(t)
	c := d.opens(1)
	_, err := d.submit(1)
	d.fails(err, review.ErrOpenAlready)
	d.ok(d.withdraw(1))
	d.is(c.ID, review.Withdrawn)
	d.fails(d.withdraw(1), review.ErrMoved)
	again := d.opens(1)
	if again.ID == c.ID {
		t.Fatal("a revision that came again has its old case")
	}
	_, err = d.Return(t.Context(), olga, again.ID, again.Version, review.Verdict{Causes: []string{"price"}})
	d.ok(err)
	third := d.risky(1)
	_, err = d.Approve(t.Context(), olga, third.ID, third.Version)
	d.ok(err)
	d.ok(d.withdraw(1)) // while it waits for the second person
	d.is(third.ID, review.Withdrawn)
	fourth := d.opens(1)
	_, err = d.Approve(t.Context(), olga, fourth.ID, fourth.Version)
	d.ok(err)
	d.fails(d.withdraw(1), review.ErrMoved)
	_, err = d.submit(1)
	d.fails(err, review.ErrOpenAlready) // it is on sale
	moves, err := d.Moves(t.Context(), third.ID)
	if err != nil || len(moves) != 2 || moves[0].ActorID != olga || moves[1].To != review.Withdrawn {
		t.Errorf("%+v %v", moves, err)
	}
}

func TestReviews_Approve_at_once(t *testing.T) {
	d := open(t)
	quiet, loud := d.opens(1), d.risky(2)
	var won, seconds atomic.Int64
	var wg sync.WaitGroup
	for n := range 16 {
		who := int64(100 + n)
		wg.Go(func() {
			var err error
			if n%2 == 0 {
				_, err = d.Approve(context.Background(), who, quiet.ID, quiet.Version)
			} else {
				_, err = d.Return(context.Background(), who, quiet.ID, quiet.Version,
					review.Verdict{Causes: []string{"price"}})
			}
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, review.ErrMoved) {
				t.Error(err)
			}
		})
		wg.Go(func() {
			c, err := d.Approve(context.Background(), who, loud.ID, loud.Version)
			if err == nil {
				seconds.Add(1)
				if c.State != review.Second {
					t.Errorf("one person alone moved the case to %s", c.State)
				}
			} else if !errors.Is(err, review.ErrMoved) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || seconds.Load() != 1 {
		t.Errorf("%d decisions were made, %d were the first approval", won.Load(), seconds.Load())
	}
	var entries int
	d.ok(d.pool.QueryRow(t.Context(), `select count(*) from neighbour where action like 'audit:%'`).Scan(&entries))
	if entries != 2 {
		t.Errorf("%d entries", entries)
	}
}

// Without its entry in the audit log no action is taken.
func TestReviews_audit_fails(t *testing.T) {
	d := open(t)
	low, high := d.opens(1), d.risky(2)
	back := d.opens(3, func(s *review.Submission) { s.SPUID = 71 })
	_, err := d.Return(t.Context(), olga, back.ID, back.Version, review.Verdict{Causes: []string{"price"}})
	d.ok(err)
	down, err := d.TakeDown(t.Context(), olga, review.Target{
		SPUID:      72,
		CreatorID:  creator,
		Title:      locale.Text{Zh: "a", En: "a"},
		Reason:     "r",
		KeepAccess: true,
	})
	d.ok(err)
	appeal, err := d.Appeal(t.Context(), creator, 72, "please")
	d.ok(err)
	other, err := d.Appeal(t.Context(), creator, 71, "please")
	d.ok(err)
	d.ok(d.AddWord(t.Context(), olga, "casino", 10))
	words, err := d.Words(t.Context())
	d.ok(err)

	before := d.actions()
	d.unaudit = errors.New("the log is full")
	for name, action := range map[string]func() error{
		"approve":       func() error { _, err := d.Approve(t.Context(), olga, low.ID, low.Version); return err },
		"approve first": func() error { _, err := d.Approve(t.Context(), olga, high.ID, high.Version); return err },
		"return": func() error {
			_, err := d.Return(t.Context(), olga, low.ID, low.Version, review.Verdict{Causes: []string{"price"}})
			return err
		},
		"take down": func() error {
			_, err := d.TakeDown(t.Context(), olga, review.Target{
				SPUID:     73,
				CreatorID: creator,
				Title:     locale.Text{Zh: "a", En: "a"},
				Reason:    "r",
			})
			return err
		},
		"undo":        func() error { return d.Undo(t.Context(), olga, down.ID) },
		"grant":       func() error { return d.Answer(t.Context(), olga, appeal.ID, true, "") },
		"grant again": func() error { return d.Answer(t.Context(), olga, other.ID, true, "") },
		"refuse":      func() error { return d.Answer(t.Context(), olga, appeal.ID, false, "no") },
		"add word":    func() error { return d.AddWord(t.Context(), olga, "lottery", 10) },
		"remove word": func() error { return d.RemoveWord(t.Context(), olga, words[0].ID) },
	} {
		if err := action(); !errors.Is(err, d.unaudit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d.says(before)
	d.is(low.ID, review.Open)
	d.is(high.ID, review.Open)
	d.is(back.ID, review.Returned)
	if open, err := d.OpenAppeals(t.Context(), 9); err != nil || len(open) != 2 {
		t.Errorf("%d appeals wait, %v", len(open), err)
	}
	if words, err := d.Words(t.Context()); err != nil || len(words) != 1 {
		t.Errorf("words %v, %v", words, err)
	}
	if all, err := d.Takedowns(t.Context(), 0, 9); err != nil || len(all) != 1 || all[0].UndoneAt != nil {
		t.Errorf("takedowns %+v, %v", all, err)
	}
}

func TestReviews_List_order(t *testing.T) {
	d := open(t)
	a, b := d.opens(1), d.opens(2)
	high := d.risky(3)
	list := func(f review.Filter) (ids []int64) {
		t.Helper()
		f.Most = 10
		cases, err := d.List(t.Context(), f)
		d.ok(err)
		for _, c := range cases {
			ids = append(ids, c.ID)
		}
		return ids
	}
	if diff := cmp.Diff([]int64{high.ID, a.ID, b.ID}, list(review.Filter{})); diff != "" {
		t.Errorf("all cases (-want +got):\n%s", diff)
	}
	if got := list(review.Filter{After: a.ID}); !slices.Equal(got, []int64{b.ID}) {
		t.Errorf("after the second decision %v", got)
	}
	if got := list(review.Filter{Least: review.SecondFrom}); !slices.Equal(got, []int64{high.ID}) {
		t.Errorf("cases of high risk: %v", got)
	}
	_, err := d.Approve(t.Context(), olga, a.ID, 0)
	d.ok(err)
	if got := list(review.Filter{States: []review.State{review.Approved}}); !slices.Equal(got, []int64{a.ID}) {
		t.Errorf("approved %v", got)
	}
	n, err := d.Counts(t.Context())
	if err != nil || n.Open != 2 || n.Second != 0 || n.High != 1 || n.Oldest == nil {
		t.Errorf("%+v %v", n, err)
	}
}
