package dbtest

import (
	"context"
	"maps"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Statements counts the statements of a pool of New by their text. It is safe for concurrent use.
type Statements struct {
	mu     sync.Mutex
	counts map[string]int
}

// StatementsOf returns the Statements of a pool that New made.
func StatementsOf(pool *pgxpool.Pool) *Statements {
	return pool.Config().ConnConfig.Tracer.(*Statements)
}

// During returns how often each statement began while do ran, whichever goroutine ran it.
func (s *Statements) During(do func()) map[string]int {
	before := s.snapshot()
	do()
	after := s.snapshot()
	for text, n := range before {
		if after[text] -= n; after[text] == 0 {
			delete(after, text)
		}
	}
	return after
}

// TraceQueryStart is part of pgx.QueryTracer.
func (s *Statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[q.SQL]++
	return ctx
}

// TraceQueryEnd is part of pgx.QueryTracer.
func (s *Statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (s *Statements) snapshot() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}
