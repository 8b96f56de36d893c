package dbtest

import "context"

// Sweep sweeps the shared server. It returns false if the server must not be swept.
func Sweep(ctx context.Context) (bool, error) {
	s, err := theServer(ctx)
	if err != nil || !s.ours {
		return false, err
	}
	return true, s.sweep(ctx)
}

// Admin runs one statement as dbtest itself would.
func Admin(ctx context.Context, sql string) error {
	s, err := theServer(ctx)
	if err != nil {
		return err
	}
	_, err = s.admin.Exec(ctx, sql)
	return err
}

// Exists reports whether there is a database of that name.
func Exists(ctx context.Context, name string) (have bool, err error) {
	s, err := theServer(ctx)
	if err != nil {
		return false, err
	}
	err = s.admin.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&have)
	return have, err
}
