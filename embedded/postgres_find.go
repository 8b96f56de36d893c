//go:build unix

package embedded

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// oldestPostgres is the oldest major version on which the schema works.
const oldestPostgres = 15

// findPostgres returns the folder with initdb and postgres. Major 0 asks for the newest version. Any other major asks
// for that version alone, since only the version that created a data folder can use it. It searches PG_BIN first, then
// PATH, then the folders of Debian, Red Hat, Homebrew and Postgres.app.
func findPostgres(ctx context.Context, major int, more ...string) (string, error) {
	candidates := []string{}
	if d := os.Getenv("PG_BIN"); d != "" {
		candidates = append(candidates, d)
	}
	if p, err := exec.LookPath("postgres"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			candidates = append(candidates, filepath.Dir(p))
		}
	}
	var usual []string
	for _, glob := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql@*/bin", "/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		m, _ := filepath.Glob(glob) // fails only for a malformed pattern
		usual = append(usual, m...)
	}
	// Names can't be compared: "9.6" sorts above "15".
	slices.SortFunc(usual, func(a, b string) int { return cmp.Compare(postgresMajor(ctx, b), postgresMajor(ctx, a)) })
	for _, dir := range slices.Concat(candidates, usual, more) {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
			continue
		}
		switch found := postgresMajor(ctx, dir); {
		case major == 0 && found >= oldestPostgres, major != 0 && found == major:
			return dir, nil
		}
	}
	return "", ErrNoBinaries
}

var versionOutput = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// postgresMajor asks the program for its major version. It is 0 if the program does not answer.
func postgresMajor(ctx context.Context, bin string) int {
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return 0
	}
	m := versionOutput.FindSubmatch(out)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m[1])) // the pattern allows only digits
	return n
}

// madeBy returns the major version that created a data folder, or 0 if there is none yet.
func madeBy(data string) (int, error) {
	b, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, fmt.Errorf("%s is not a PostgreSQL data folder: %w", data, err)
	}
	return n, nil
}

// postgresAccount returns the account under which PostgreSQL runs, or nil for that of an ordinary user. PostgreSQL
// refuses root, so for root it is the owner of the data if there are any, otherwise the account postgres, otherwise
// nobody.
func postgresAccount(data string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if st, err := os.Stat(data); err == nil {
		if sys := st.Sys().(*syscall.Stat_t); sys.Uid != 0 {
			return &syscall.Credential{Uid: sys.Uid, Gid: sys.Gid}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, fmt.Errorf(
		"PostgreSQL refuses to run as root, and there is no account postgres or nobody: set DATABASE_URL, or run as " +
			"an ordinary user")
}
