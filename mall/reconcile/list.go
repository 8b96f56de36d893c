package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/money"
	"videomall/mall/reconcile/internal/dbsqlc"
)

// MaxNote is how long a note may be, in characters.
const MaxNote = 500

// ByItself is the ClosedBy of a difference that was gone when it was compared again.
const ByItself = "reconciliation"

// Difference is one difference of a provider. A sum is nil if its side has nothing; all are in minor units.
type Difference struct {
	ID           int64
	Provider     string
	Day          time.Time // the date
	Kind         string    // payment.StatementPayment and so on, or "posting"
	Number       string    // of the payment, the refund or the dispute
	Cause        Cause
	Reference    string // what was paid for; empty if we don't know it
	AttemptNo    string
	Stated       *int64 // by the provider
	Ours         *int64 // by our captures and refunds; for a fee what was agreed
	Booked       *int64 // by the ledger
	Currency     string
	OursCurrency string // if it differs
	Amount       money.Money
	Status       string // of our refund or dispute
	FoundAt      time.Time
	Owner        int64 // who looks after it; 0 for nobody
	TakenAt      *time.Time
	Note         string
	Error        string // why it could not be mended
	MendedBy     string
	ClosedAt     *time.Time
	ClosedBy     string // ByItself, or an operator such as "operator:2"
}

func differenceOf(r dbsqlc.ReconcileDifference) Difference {
	d := Difference{
		ID:           r.ID,
		Provider:     r.Provider,
		Day:          r.Day,
		Kind:         r.Kind,
		Number:       r.Number,
		Cause:        Cause(r.Cause),
		Reference:    r.Reference,
		AttemptNo:    r.AttemptNo,
		Stated:       r.Stated,
		Ours:         r.Ours,
		Booked:       r.Booked,
		Currency:     r.Currency,
		OursCurrency: r.OursCurrency,
		Status:       r.Status,
		FoundAt:      r.FoundAt,
		TakenAt:      r.TakenAt,
		Note:         r.Note,
		Error:        r.Error,
		MendedBy:     r.MendedBy,
		ClosedAt:     r.ClosedAt,
		ClosedBy:     r.ClosedBy,
	}
	if r.Owner != nil {
		d.Owner = *r.Owner
	}
	if r.Difference != nil {
		d.Amount = money.Of(*r.Difference, r.Currency)
	}
	return d
}

// Filter chooses differences; its zero value chooses all open ones.
type Filter struct {
	Provider string
	Cause    Cause
	Day      string // 2026-03-20
	Owner    int64
	Closed   bool
	Before   int64 // only those with a lower id, to continue a list
}

// Differences lists at most most differences, the newest first.
func (r *Reconciler) Differences(ctx context.Context, f Filter, most int) ([]Difference, error) {
	if _, err := time.Parse(time.DateOnly, f.Day); err != nil {
		f.Day = ""
	}
	rows, err := r.q.Differences(ctx, r.deps.Pool, dbsqlc.DifferencesParams{
		Provider: f.Provider,
		Cause:    string(f.Cause),
		Open:     !f.Closed,
		Owner:    f.Owner,
		Day:      f.Day,
		Before:   f.Before,
		Most:     int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("differences: %w", err)
	}
	list := make([]Difference, len(rows))
	for n, row := range rows {
		list[n] = differenceOf(row)
	}
	return list, nil
}

// Take makes an operator the one who looks after an open difference. Errors: ErrNotFound, ErrClosed.
func (r *Reconciler) Take(ctx context.Context, actorID, id int64) error {
	return r.change(ctx, actorID, id, "reconciliation.take", nil, func(tx pgx.Tx) (int64, error) {
		return r.q.TakeDifference(ctx, tx, dbsqlc.TakeDifferenceParams{ID: id, Owner: actorID, At: r.deps.Now()})
	})
}

// Close settles an open difference with a note. It moves no money, and a later run doesn't open it again. Errors:
// ErrNotFound, ErrClosed, ErrNote.
func (r *Reconciler) Close(ctx context.Context, actorID, id int64, note string) error {
	note = strings.TrimSpace(note)
	if !sound(note) {
		return ErrNote
	}
	return r.change(ctx, actorID, id, "reconciliation.close", map[string]any{"note": note},
		func(tx pgx.Tx) (int64, error) {
			return r.q.CloseDifference(ctx, tx, dbsqlc.CloseDifferenceParams{
				ID:       id,
				At:       r.deps.Now(),
				ClosedBy: "operator:" + strconv.FormatInt(actorID, 10),
				Note:     note,
			})
		})
}

func sound(note string) bool {
	return note != "" && utf8.ValidString(note) && utf8.RuneCountInString(note) <= MaxNote &&
		!strings.ContainsRune(note, 0)
}

func (r *Reconciler) change(ctx context.Context, actorID, id int64, verb string, detail map[string]any,
	do func(pgx.Tx) (int64, error),
) error {
	return db.InTx(ctx, r.deps.Pool, func(tx pgx.Tx) error {
		row, err := r.q.Difference(ctx, tx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotFound.Because("difference %d", id)
		}
		if err != nil {
			return fmt.Errorf("difference %d: %w", id, err)
		}
		changed, err := do(tx)
		if err != nil {
			return fmt.Errorf("%s of difference %d: %w", verb, id, err)
		}
		if changed == 0 {
			return ErrClosed.Because("difference %d", id)
		}
		all := map[string]any{"provider": row.Provider, "number": row.Number, "cause": row.Cause}
		for k, v := range detail {
			all[k] = v
		}
		return r.auditTx(ctx, tx, actorID, verb, "reconciliation:"+strconv.FormatInt(id, 10), all)
	})
}

// The states of a Day.
const (
	Running  = "running"
	Finished = "finished"
	Failed   = "failed"
)

// Day is the last run of one day of a provider.
type Day struct {
	Provider   string
	Day        time.Time // the date
	State      string
	Error      string // of a run that failed
	Lines      int64
	Foreign    int64
	Found      int
	Mended     int
	Open       int // differences of that day
	Totals     []Total
	FinishedAt *time.Time
}

// Total sums the lines of one kind and currency; the kind "fee" sums the fees of all kinds.
type Total struct {
	Kind   string
	Lines  int64
	Amount money.Money
}

// Days lists the days since a date that were compared, the latest first.
func (r *Reconciler) Days(ctx context.Context, since time.Time) ([]Day, error) {
	runs, err := r.q.Runs(ctx, r.deps.Pool, since)
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	ids, at := make([]int64, len(runs)), map[int64]int{}
	list := make([]Day, len(runs))
	for n, row := range runs {
		ids[n], at[row.ID] = row.ID, n
		list[n] = Day{
			Provider:   row.Provider,
			Day:        row.Day,
			State:      row.State,
			Error:      row.Error,
			Lines:      row.Lines,
			Foreign:    row.ForeignLines,
			Found:      int(row.Found),
			Mended:     int(row.Mended),
			FinishedAt: row.FinishedAt,
		}
	}
	totals, err := r.q.Totals(ctx, r.deps.Pool, ids)
	if err != nil {
		return nil, fmt.Errorf("totals: %w", err)
	}
	for _, t := range totals {
		d := &list[at[t.RunID]]
		d.Totals = append(d.Totals, Total{t.Kind, t.Lines, money.Of(t.Amount, t.Currency)})
	}
	open, err := r.q.OpenByDay(ctx, r.deps.Pool, since)
	if err != nil {
		return nil, fmt.Errorf("open differences by day: %w", err)
	}
	for _, o := range open {
		for n := range list {
			if list[n].Provider == o.Provider && list[n].Day.Equal(o.Day) {
				list[n].Open = int(o.Open)
			}
		}
	}
	return list, nil
}

// Open sums the open differences of a provider in one currency. Sum is what one side has and the other has not.
type Open struct {
	Provider string
	Count    int
	Age      time.Duration // of the oldest
	Sum      money.Money
}

// Open sums the open differences.
func (r *Reconciler) Open(ctx context.Context) ([]Open, error) {
	rows, err := r.q.OpenSums(ctx, r.deps.Pool)
	if err != nil {
		return nil, fmt.Errorf("open differences: %w", err)
	}
	list := make([]Open, len(rows))
	for n, row := range rows {
		age := r.deps.Now().Sub(row.Oldest)
		list[n] = Open{row.Provider, int(row.Open), age, money.Of(row.Amount, row.Currency)}
	}
	return list, nil
}

// CountOpen counts the open differences.
func (r *Reconciler) CountOpen(ctx context.Context) (int64, error) {
	return r.q.CountOpen(ctx, r.deps.Pool)
}
