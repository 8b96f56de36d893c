// Package search owns finding videos by words: one document for each live SPU, cut into words for PostgreSQL's
// full-text search, and the queries over them. It reads texts and lists from the catalogue and refuses to know prices,
// stock and pages. A page marks what was found with Marks, which contains no markup.
//
// Chinese and Japanese runs are stored as single characters and overlapping pairs, so that a word of two characters is
// found anywhere without a dictionary. Traditional characters count as simplified ones, and Chinese titles, names,
// categories and tags are also found by their pinyin: docs/decisions/0026-chinese-is-found-by-sound.md.
package search

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/catalog"
	"videomall/mall/search/internal/dbsqlc"
)

// Search is the index in one database. It is safe for concurrent use.
type Search struct {
	pools   db.Pools
	catalog *catalog.Catalog
	now     func() time.Time
	queries *dbsqlc.Queries
}

// Deps are the dependencies of a Search.
type Deps struct {
	Pools   db.Pools
	Catalog *catalog.Catalog // the videos that are found
	Now     func() time.Time
}

// New makes a Search.
func New(d Deps) *Search {
	return &Search{
		pools:   d.Pools,
		catalog: d.Catalog,
		now:     func() time.Time { return d.Now().Truncate(time.Microsecond) },
		queries: dbsqlc.New(),
	}
}

// lockSpace separates the advisory locks on documents from all others. The number has no meaning.
const lockSpace int32 = 0x7365_6172

// Index brings one SPU's document up to date, and drops it if the SPU is not live.
func (s *Search) Index(ctx context.Context, spuID int64) error {
	return db.InTx(ctx, s.pools.Primary, func(tx pgx.Tx) error { return s.IndexTx(ctx, tx, spuID) })
}

// IndexTx does the same as Index in the caller's transaction, for subscribers of events about the SPU.
func (s *Search) IndexTx(ctx context.Context, tx pgx.Tx, spuID int64) error {
	return s.indexTx(ctx, tx, []int64{spuID}, s.now())
}

// RankTx brings the popularity of one SPU's document up to date in the caller's transaction, for subscribers of events
// about its sales. If there is no document, it changes nothing.
func (s *Search) RankTx(ctx context.Context, tx pgx.Tx, spuID int64) error {
	if err := s.queries.LockDocument(ctx, tx, dbsqlc.LockDocumentParams{Space: lockSpace, SpuID: spuID}); err != nil {
		return fmt.Errorf("lock document %d: %w", spuID, err)
	}
	texts, err := s.catalog.TextsTx(ctx, tx, []int64{spuID})
	if err != nil {
		return err
	}
	for _, t := range texts {
		if err := s.queries.SetPopularity(ctx, tx, dbsqlc.SetPopularityParams{
			SpuID:      t.SPUID,
			Popularity: popularity(t),
			At:         s.now(),
		}); err != nil {
			return fmt.Errorf("rank document %d: %w", spuID, err)
		}
	}
	return nil
}

// rebuildBatch bounds how many documents one transaction of RebuildAll writes.
const rebuildBatch = 200

// RebuildAll rewrites the document of every live SPU and drops all others. It may run at the same time as Index.
func (s *Search) RebuildAll(ctx context.Context) error {
	started := s.now()
	for after := int64(0); ; {
		ids, err := s.catalog.LiveIDs(ctx, after, rebuildBatch)
		if err != nil {
			return fmt.Errorf("rebuild the index: %w", err)
		}
		if len(ids) == 0 {
			break
		}
		// It is retried because sales update documents in the order in which they happen, so that locks may be taken in
		// another order than that of the ids.
		if err := db.InTxRetrying(ctx, s.pools.Primary, 3, func(tx pgx.Tx) error {
			return s.indexTx(ctx, tx, ids, started)
		}); err != nil {
			return fmt.Errorf("rebuild the index after SPU %d: %w", after, err)
		}
		after = ids[len(ids)-1]
	}
	if err := s.queries.DropOlder(ctx, s.pools.Primary, started); err != nil {
		return fmt.Errorf("drop documents older than %v: %w", started, err)
	}
	return nil
}

// turn bounds how long one call of Reindex runs.
const turn = 40 * time.Second

// Reindex rewrites documents that an older version of the program wrote, for a limited time, and returns how many it
// has rewritten and how many are left. Until a document is rewritten it is found as before, apart from traditional
// characters, which queries now read differently.
func (s *Search) Reindex(ctx context.Context) (done int, left int64, err error) {
	for until := s.now().Add(turn); s.now().Before(until); {
		ids, err := s.queries.Outdated(ctx, s.pools.Primary, dbsqlc.OutdatedParams{
			Version: version,
			Most:    rebuildBatch,
		})
		if err != nil {
			return done, 0, fmt.Errorf("find outdated documents: %w", err)
		}
		if len(ids) == 0 {
			return done, 0, nil
		}
		slices.Sort(ids)
		if err := db.InTxRetrying(ctx, s.pools.Primary, 3, func(tx pgx.Tx) error {
			return s.indexTx(ctx, tx, ids, s.now())
		}); err != nil {
			return done, 0, fmt.Errorf("rewrite documents %d to %d: %w", ids[0], ids[len(ids)-1], err)
		}
		done += len(ids)
	}
	left, err = s.queries.CountOutdated(ctx, s.pools.Primary, version)
	return done, left, err
}

// indexTx writes the documents of spuIDs. The ids ascend, so that two callers cannot deadlock.
func (s *Search) indexTx(ctx context.Context, tx pgx.Tx, spuIDs []int64, at time.Time) error {
	for _, id := range spuIDs {
		if err := s.queries.LockDocument(ctx, tx, dbsqlc.LockDocumentParams{Space: lockSpace, SpuID: id}); err != nil {
			return fmt.Errorf("lock document %d: %w", id, err)
		}
	}
	texts, err := s.catalog.TextsTx(ctx, tx, spuIDs)
	if err != nil {
		return err
	}
	gone := make(map[int64]bool, len(spuIDs))
	for _, id := range spuIDs {
		gone[id] = true
	}
	words := map[string]bool{}
	for _, t := range texts {
		delete(gone, t.SPUID)
		d := document(t)
		for w := range strings.FieldsSeq(d.fuzzy) {
			words[w] = true
		}
		if err := s.queries.PutDocument(ctx, tx, dbsqlc.PutDocumentParams{
			SpuID:      t.SPUID,
			Words:      d.words,
			Fuzzy:      d.fuzzy,
			Popularity: d.popularity,
			Version:    version,
			At:         at,
		}); err != nil {
			return fmt.Errorf("write document %d: %w", t.SPUID, err)
		}
	}
	if err := s.queries.PutWords(ctx, tx, slices.Sorted(maps.Keys(words))); err != nil {
		return fmt.Errorf("write the words of documents %v: %w", spuIDs, err)
	}
	if len(gone) == 0 {
		return nil
	}
	drop := make([]int64, 0, len(gone))
	for id := range gone {
		drop = append(drop, id)
	}
	if err := s.queries.DropDocuments(ctx, tx, drop); err != nil {
		return fmt.Errorf("drop documents %v: %w", drop, err)
	}
	return nil
}
