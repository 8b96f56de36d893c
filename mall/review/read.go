package review

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/review/internal/dbsqlc"
)

// Get returns a case. Errors: ErrNotFound.
func (r *Reviews) Get(ctx context.Context, id int64) (Case, error) {
	row, err := r.q.CaseByID(ctx, r.deps.Pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Case{}, ErrNotFound.Because("case %d", id)
	}
	if err != nil {
		return Case{}, fmt.Errorf("case %d: %w", id, err)
	}
	return caseOf(row)
}

// Filter chooses cases; zero values choose what waits.
type Filter struct {
	States    []State // empty: Open and Second
	Least     int     // points
	CreatorID int64
	After     int64 // a case's id: those that come after it in the list
	Most      int
}

// waiting says that the list holds cases that wait; those are sorted by risk.
func (f Filter) waiting() bool {
	for _, s := range f.States {
		if s != Open && s != Second {
			return false
		}
	}
	return true
}

// List returns the cases that a filter chooses. Those that wait are sorted by score, the highest first, and then by how
// long they have waited; decided ones by age, the latest first.
func (r *Reviews) List(ctx context.Context, f Filter) ([]Case, error) {
	if len(f.States) == 0 {
		f.States = []State{Open, Second}
	}
	states := make([]string, len(f.States))
	for i, s := range f.States {
		states[i] = string(s)
	}
	var rows []dbsqlc.ReviewCase
	var err error
	if f.waiting() {
		p := dbsqlc.WaitingParams{
			States:    states,
			Least:     int32(f.Least),
			CreatorID: f.CreatorID,
			AfterID:   f.After,
			Most:      int32(f.Most),
		}
		if f.After != 0 {
			after, err := r.Get(ctx, f.After)
			if err != nil {
				return nil, err
			}
			p.AfterScore = int32(after.Score)
		}
		rows, err = r.q.Waiting(ctx, r.deps.Pool, p)
	} else {
		rows, err = r.q.Decided(ctx, r.deps.Pool, dbsqlc.DecidedParams{
			States:    states,
			Least:     int32(f.Least),
			CreatorID: f.CreatorID,
			BeforeID:  f.After,
			Most:      int32(f.Most),
		})
	}
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	return casesOf(rows)
}

// Counts say what waits.
type Counts struct {
	Open, Second, High int // cases; High of those from SecondFrom points on
	Appeals            int
	Oldest             *time.Time // since when the oldest case waits
}

// Counts counts what waits.
func (r *Reviews) Counts(ctx context.Context) (n Counts, err error) {
	row, err := r.q.CountWaiting(ctx, r.deps.Pool, SecondFrom)
	switch {
	case err == nil:
		n = Counts{
			Open:   int(row.Open),
			Second: int(row.Second),
			High:   int(row.High),
			Oldest: &row.Oldest,
		}
	case !errors.Is(err, pgx.ErrNoRows):
		return Counts{}, fmt.Errorf("count cases: %w", err)
	}
	appeals, err := r.q.CountOpenAppeals(ctx, r.deps.Pool)
	if err != nil {
		return Counts{}, fmt.Errorf("count appeals: %w", err)
	}
	n.Appeals = int(appeals)
	return n, nil
}

// Move is one recorded step of a case.
type Move struct {
	From, To State
	ActorID  int64
	Note     string
	At       time.Time
}

// Moves returns the steps of a case, the oldest first.
func (r *Reviews) Moves(ctx context.Context, id int64) ([]Move, error) {
	rows, err := r.q.Moves(ctx, r.deps.Pool, id)
	if err != nil {
		return nil, fmt.Errorf("moves of case %d: %w", id, err)
	}
	out := make([]Move, len(rows))
	for i, m := range rows {
		out[i] = Move{
			From:    State(m.FromState),
			To:      State(m.ToState),
			ActorID: m.ActorID,
			Note:    m.Note,
			At:      m.At,
		}
	}
	return out, nil
}

// Past is what the desk knows of a creator: how cases ended, and the latest of them.
type Past struct {
	Approved, Returned, Takedowns int
	Cases                         []Case
}

// Past returns a creator's history, with up to most cases besides the one.
func (r *Reviews) Past(ctx context.Context, creatorID, besides int64, most int) (Past, error) {
	row, err := r.q.Past(ctx, r.deps.Pool, creatorID)
	if err != nil {
		return Past{}, fmt.Errorf("past of creator %d: %w", creatorID, err)
	}
	rows, err := r.q.CasesOfCreator(ctx, r.deps.Pool, dbsqlc.CasesOfCreatorParams{
		CreatorID: creatorID,
		OtherThan: besides,
		Most:      int32(most),
	})
	if err != nil {
		return Past{}, fmt.Errorf("cases of creator %d: %w", creatorID, err)
	}
	p := Past{
		Approved:  int(row.Approved),
		Returned:  int(row.Returned),
		Takedowns: int(row.Takedowns),
	}
	p.Cases, err = casesOf(rows)
	return p, err
}

// Heard is an appeal with the takedown or the case that it is against.
type Heard struct {
	Appeal
	Takedown *Takedown
	Case     *Case
}

// OpenAppeals returns up to most appeals that wait for an answer, the oldest first.
func (r *Reviews) OpenAppeals(ctx context.Context, most int) ([]Heard, error) {
	rows, err := r.q.OpenAppeals(ctx, r.deps.Pool, int32(most))
	if err != nil {
		return nil, fmt.Errorf("open appeals: %w", err)
	}
	return r.heard(ctx, rows)
}

// AppealsOf returns up to most of a creator's appeals for one listing, the latest first.
func (r *Reviews) AppealsOf(ctx context.Context, creatorID, spuID int64, most int) ([]Heard, error) {
	rows, err := r.q.AppealsOfListing(ctx, r.deps.Pool, dbsqlc.AppealsOfListingParams{
		SpuID:     spuID,
		CreatorID: creatorID,
		Most:      int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("appeals of spu %d: %w", spuID, err)
	}
	return r.heard(ctx, rows)
}

func (r *Reviews) heard(ctx context.Context, rows []dbsqlc.ReviewAppeal) ([]Heard, error) {
	var caseIDs, takedownIDs []int64
	for _, a := range rows {
		if a.CaseID != nil {
			caseIDs = append(caseIDs, *a.CaseID)
		}
		if a.TakedownID != nil {
			takedownIDs = append(takedownIDs, *a.TakedownID)
		}
	}
	found, err := r.q.CasesByID(ctx, r.deps.Pool, caseIDs)
	if err != nil {
		return nil, fmt.Errorf("cases of appeals: %w", err)
	}
	list, err := casesOf(found)
	if err != nil {
		return nil, err
	}
	downs, err := r.q.TakedownsByID(ctx, r.deps.Pool, takedownIDs)
	if err != nil {
		return nil, fmt.Errorf("takedowns of appeals: %w", err)
	}
	out := make([]Heard, len(rows))
	for i, a := range rows {
		out[i].Appeal = appealOf(a)
		for _, c := range list {
			if c.ID == out[i].CaseID {
				out[i].Case = &c
			}
		}
		for _, d := range downs {
			if d.ID == out[i].TakedownID {
				t := takedownOf(d)
				out[i].Takedown = &t
			}
		}
	}
	return out, nil
}

// CasesOf returns up to most cases of a listing, decided ones too, the latest first.
func (r *Reviews) CasesOf(ctx context.Context, spuID int64, most int) ([]Case, error) {
	rows, err := r.q.CasesOfListing(ctx, r.deps.Pool, dbsqlc.CasesOfListingParams{SpuID: spuID, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("cases of spu %d: %w", spuID, err)
	}
	cases := make([]Case, len(rows))
	for n, row := range rows {
		if cases[n], err = caseOf(row); err != nil {
			return nil, err
		}
	}
	return cases, nil
}
