package dbtest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"videomall/db"
	"videomall/db/migrations"
)

const (
	templateLock   int64 = 0x766d_7465_7374 // any number that nobody else uses
	templatePrefix       = "mall_template_"
	clonePrefix          = "mall_test_"
	// keptTemplates is how many of the newest schemas survive a sweep, so that switching between two branches does not
	// migrate a new template each time.
	keptTemplates = 4
)

// template returns the name of the migrated database to copy, and makes it if this schema is new.
func (s *server) template(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source != "" {
		return s.source, nil
	}
	name, err := templateName()
	if err != nil {
		return "", err
	}
	err = s.alone(ctx, func(conn *pgx.Conn) error {
		var have bool
		if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).
			Scan(&have); err != nil || have {
			return err
		}
		raw := name + "_raw"
		if _, err := conn.Exec(ctx, "drop database if exists "+raw+" with (force)"); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "create database "+raw+" template template0"); err != nil {
			return err
		}
		if err := migrate(ctx, s.url(raw)); err != nil {
			return err
		}
		// A rename is atomic, so a template of that name is complete.
		_, err := conn.Exec(ctx, "alter database "+raw+" rename to "+name)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("make template %s: %w", name, err)
	}
	s.source = name
	return name, nil
}

// templateName returns a name that changes with every migration of the mall and of River.
func templateName() (string, error) {
	h := fnv.New64a()
	err := fs.WalkDir(migrations.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(migrations.FS, path)
		fmt.Fprintf(h, "%s %d %s", path, len(b), b)
		return err
	})
	if err != nil {
		return "", err
	}
	river, err := rivermigrate.New(riverpgxv5.New(nil), nil)
	if err != nil {
		return "", err
	}
	for _, v := range river.AllVersions() {
		fmt.Fprintf(h, "%d %s %s", v.Version, v.SQLUp, v.SQLDown)
	}
	return fmt.Sprintf("%s%016x", templatePrefix, h.Sum64()), nil
}

func migrate(ctx context.Context, url string) error {
	pool, err := db.Open(ctx, url, db.Options{ApplicationName: "dbtest template"})
	if err != nil {
		return err
	}
	defer pool.Close() // a template with connections cannot be copied
	return db.Migrate(ctx, pool)
}

// sweep drops the databases that killed test binaries left behind, and the templates of old schemas.
func (s *server) sweep(ctx context.Context) error {
	return s.alone(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx,
			"select datname from pg_database where starts_with(datname, $1) or starts_with(datname, $2) order by oid desc",
			clonePrefix, templatePrefix)
		if err != nil {
			return err
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		templates := 0
		for _, name := range names {
			if strings.HasPrefix(name, templatePrefix) && !strings.HasSuffix(name, "_raw") {
				if templates++; templates <= keptTemplates {
					continue
				}
			}
			if clone, ok := strings.CutPrefix(name, clonePrefix); ok && alive(clone) {
				continue
			}
			if _, err := conn.Exec(ctx,
				"drop database if exists "+pgx.Identifier{name}.Sanitize()+" with (force)"); err != nil {
				return fmt.Errorf("sweep %s: %w", name, err)
			}
		}
		return nil
	})
}

// alive reports whether the process still runs whose pid the name of a clone begins with.
func alive(clone string) bool {
	first, _, _ := strings.Cut(clone, "_")
	pid, err := strconv.Atoi(first)
	return err == nil && pid > 0 && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
