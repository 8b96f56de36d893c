package audit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"videomall/mall/audit/internal/dbsqlc"
)

// Filter chooses entries; zero values choose all.
type Filter struct {
	ActorID      int64
	Actor        string // a part of the name
	Verb         string
	Subject      string // the beginning of the subject
	Since, Until time.Time
	Before       int64 // an entry's id; only older entries are listed
	Most         int
}

// farFuture is later than any entry.
var farFuture = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// likeLiteral escapes the characters that have a meaning in LIKE.
var likeLiteral = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// List returns the entries that match a filter, the latest first.
func (l *Log) List(ctx context.Context, f Filter) ([]Record, error) {
	p := dbsqlc.ListParams{
		BeforeID: f.Before,
		ActorID:  f.ActorID,
		Verb:     f.Verb,
		Since:    f.Since,
		Until:    f.Until,
		Most:     int32(f.Most),
	}
	if f.Until.IsZero() {
		p.Until = farFuture
	}
	if f.Actor != "" {
		p.Actor = "%" + likeLiteral.Replace(f.Actor) + "%"
	}
	if f.Subject != "" {
		p.Subject = likeLiteral.Replace(f.Subject) + "%"
	}
	rows, err := l.q.List(ctx, l.pool, p)
	if err != nil {
		return nil, fmt.Errorf("list the audit log: %w", err)
	}
	out := make([]Record, len(rows))
	for i, r := range rows {
		out[i] = Record(r)
	}
	return out, nil
}

// Verbs returns the verbs that occur in the log, sorted.
func (l *Log) Verbs(ctx context.Context) ([]string, error) {
	verbs, err := l.q.Verbs(ctx, l.pool)
	if err != nil {
		return nil, fmt.Errorf("verbs of the audit log: %w", err)
	}
	return verbs, nil
}

// About lists up to most entries whose subject is exactly one of these, the latest first.
func (l *Log) About(ctx context.Context, subjects []string, most int) ([]Record, error) {
	rows, err := l.q.About(ctx, l.pool, dbsqlc.AboutParams{Subjects: subjects, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("audit log about %v: %w", subjects, err)
	}
	out := make([]Record, len(rows))
	for i, r := range rows {
		out[i] = Record(r)
	}
	return out, nil
}
