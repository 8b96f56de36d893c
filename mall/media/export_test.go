package media

import (
	"context"

	"github.com/jackc/pgx/v5"

	"videomall/db"
)

// Accept is what the end of an upload does.
func (m *Media) Accept(ctx context.Context, o Original) (id int64, err error) {
	err = db.InTx(ctx, m.pool, func(tx pgx.Tx) (err error) {
		id, err = m.acceptTx(ctx, tx, o)
		return err
	})
	return id, err
}

// WorkDir is where films are made.
func (m *Media) WorkDir() string { return m.work.Dir }

// Join opens the clear film in dir and joins some of its segments.
func Join(dir, to, rendition, init string, segments []string) error {
	film, err := openClear(dir)
	if err != nil {
		return err
	}
	defer film.Close()
	return film.join(to, rendition, init, segments)
}
