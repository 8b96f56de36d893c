//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// postgresUser is the superuser of a private cluster. Everybody who can enter its 0700 folder is trusted.
const postgresUser = "videomall"

// rootsPlace is the folder of root's clusters if another account cannot reach DATA_DIR.
const rootsPlace = "/var/lib/videomall"

// PostgresOptions say what to start and where.
type PostgresOptions struct {
	// Dir is the cluster's folder. It is created if it does not exist.
	Dir string
	// Database is created if it does not exist. The default is "videomall".
	Database string
	// Download permits downloading server binaries if this machine has none.
	Download bool
	// Disposable is for tests: it gives up durability for speed, and creates a cluster again if it does not start.
	Disposable bool
	// Settings are further "name=value" lines of postgresql.conf.
	Settings []string
	// Log gets messages about what takes long. The default is slog.Default().
	Log *slog.Logger
}

// Postgres is a running private cluster that this process uses until Stop.
type Postgres struct {
	// URL is a DATABASE_URL for the requested database.
	URL string
	// Dir is the cluster's folder: the requested one, or one that root's PostgreSQL can reach.
	Dir string
	// Shared means that another process had started it.
	Shared bool
	server *server
}

// StartPostgres starts the cluster in opt.Dir, or joins the one that already runs there. Its error is a sentence for
// the person who started the program.
func StartPostgres(ctx context.Context, opt PostgresOptions) (*Postgres, error) {
	if opt.Database == "" {
		opt.Database = "videomall"
	}
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	dir, err := filepath.Abs(opt.Dir)
	if err != nil {
		return nil, err
	}
	opt.Dir = dir
	if os.Geteuid() == 0 {
		if wall := impassable(dir); wall != "" {
			// This is usually root's home, which is closed to the account under which PostgreSQL will run.
			opt.Dir = filepath.Join(rootsPlace, fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(dir))))
			opt.Log.Info("PostgreSQL does not run as root, and its account cannot pass "+wall, "data in", opt.Dir)
		}
	}
	cred, err := postgresAccount(filepath.Join(opt.Dir, "data"))
	if err != nil {
		return nil, err
	}
	s, err := newServer("PostgreSQL", opt.Dir, "INT", cred) // SIGINT is the fast shutdown
	if err != nil {
		return nil, err
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	p := &Postgres{
		server: s,
		Dir:    s.dir,
		URL:    socketURL(s.run, opt.Database),
	}
	joined, err := s.join(ctx)
	if err != nil {
		return nil, err
	}
	if joined {
		if err := p.ready(ctx, opt.Database, nil); err != nil {
			return nil, errors.Join(err, s.release(0))
		}
		p.Shared = true
		return p, nil
	}
	err = p.start(ctx, opt)
	if err != nil && opt.Disposable && ctx.Err() == nil {
		// It was written with fsync off, so a power cut may have left it in any state.
		opt.Log.Warn("the disposable PostgreSQL does not start and is made anew", "error", err)
		if err := os.RemoveAll(filepath.Join(opt.Dir, "data")); err != nil {
			return nil, err
		}
		err = p.start(ctx, opt)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Stop ends this process's use of the cluster. The cluster ends with its last user. Close pools first.
func (p *Postgres) Stop() error { return p.server.release(30 * time.Second) }

// DatabaseURL returns URL with another database in it.
func (p *Postgres) DatabaseURL(name string) string { return socketURL(p.server.run, name) }

func socketURL(socket, database string) string {
	q := url.Values{"host": {socket}, "port": {"5432"}, "sslmode": {"disable"}} // explicit, so that PGPORT has no effect
	return "postgres://" + postgresUser + "@/" + url.PathEscape(database) + "?" + q.Encode()
}

func (p *Postgres) start(ctx context.Context, opt PostgresOptions) error {
	data := filepath.Join(opt.Dir, "data")
	bin, err := locatePostgres(ctx, opt, data)
	if err != nil {
		return err
	}
	if err := p.server.makeCluster(ctx, bin, data, opt); err != nil {
		return err
	}
	if err := p.server.disarmStalePid(data); err != nil {
		return err
	}
	log := filepath.Join(opt.Dir, "server.log")
	keepShort(log)
	command := []string{filepath.Join(bin, "postgres"), "-D", data, "-k", p.server.run}
	settings := []string{
		"listen_addresses=", "port=5432", "unix_socket_permissions=0700", "logging_collector=off",
		"log_destination=stderr",
		// For a laptop: the mall's pools and some psql sessions, besides a browser and an editor.
		"max_connections=200", "shared_buffers=128MB", "max_wal_size=512MB",
		// The mall's statements are short; compiling one costs more than it saves.
		"jit=off",
	}
	if opt.Disposable {
		settings = append(settings, "fsync=off", "full_page_writes=off", "synchronous_commit=off", "wal_level=minimal",
			"max_wal_senders=0", "autovacuum_naptime=5min", "log_checkpoints=off")
	}
	for _, kv := range append(settings, opt.Settings...) {
		command = append(command, "-c", kv)
	}
	// disarmStalePid relies on this: PostgreSQL accepts a pid file that names its grandparent.
	env := []string{"LC_ALL=" + postgresLocale(), "PG_GRANDPARENT_PID=" + strconv.Itoa(os.Getpid())}
	ended, err := p.server.launch(ctx, log, env, command...)
	if err != nil {
		return err
	}
	if err := p.ready(ctx, opt.Database, ended); err != nil {
		return errors.Join(fmt.Errorf("%w; see %s", err, log), p.server.release(5*time.Second))
	}
	return nil
}

func locatePostgres(ctx context.Context, opt PostgresOptions, data string) (string, error) {
	major, err := madeBy(data)
	if err != nil {
		return "", err
	}
	fetched := filepath.Join(opt.Dir, "software")
	bin, err := findPostgres(ctx, major, filepath.Join(fetched, "bin"))
	switch {
	case err == nil:
		return bin, nil
	case major != 0:
		return "", fmt.Errorf(
			"the data in %s were made by PostgreSQL %d, which is not on this machine: install that version, "+
				"or move the folder away to begin anew: %w", data, major, err)
	case !opt.Download:
		return "", fmt.Errorf("%w: %s", err, installPostgres())
	}
	opt.Log.Info("no PostgreSQL on this machine: downloading one, once", "into", fetched)
	return fetchPostgres(fetched)
}

// installPostgres returns the command that installs a server on this machine.
func installPostgres() string {
	if runtime.GOOS == "darwin" {
		return "install PostgreSQL with: brew install postgresql@17 (or set DATABASE_URL)"
	}
	return "install PostgreSQL with: sudo apt-get install -y postgresql (or set DATABASE_URL)"
}

// postgresLocale returns a locale that sorts and classifies by code point, including Chinese, the same on every system.
func postgresLocale() string {
	if runtime.GOOS == "darwin" { // macOS has no C.UTF-8
		return "en_US.UTF-8"
	}
	return "C.UTF-8"
}

// makeCluster runs initdb in a temporary folder and renames it, so that data is whole or absent.
func (s *server) makeCluster(ctx context.Context, bin, data string, opt PostgresOptions) error {
	if _, err := os.Stat(data); err == nil {
		return nil
	}
	halves, _ := filepath.Glob(data + ".new-*") // left by starts that were killed here; we hold start.lock
	for _, h := range halves {
		_ = os.RemoveAll(h)
	}
	half := fmt.Sprintf("%s.new-%d", data, os.Getpid())
	if err := s.private(half); err != nil {
		return err
	}
	args := []string{
		"-D", half, "-U", postgresUser, "-A", "trust", "-E", "UTF8", "--locale=" + postgresLocale(),
		"--no-instructions",
	}
	if opt.Disposable {
		args = append(args, "--no-sync")
	}
	c := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), args...)
	c.Dir, c.Env = half, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + half, "LC_ALL=" + postgresLocale(), "TZ=UTC"}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred, Setsid: true}
	if out, err := c.CombinedOutput(); err != nil {
		_ = os.RemoveAll(half)
		return fmt.Errorf("PostgreSQL: make a cluster in %s: %w\n%s", s.dir, err, out)
	}
	if err := os.Rename(half, data); err != nil {
		return fmt.Errorf("PostgreSQL: %w", err)
	}
	return nil
}

// disarmStalePid lets PostgreSQL start in spite of the pid file of a server that was killed. The pid in the file may
// belong to another program by now, which PostgreSQL would take for a running server. The file itself must stay,
// because through it PostgreSQL finds the shared memory of surviving backends.
func (s *server) disarmStalePid(data string) error {
	path := filepath.Join(data, "postmaster.pid")
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	first, rest, _ := strings.Cut(string(b), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(first)) // an incomplete file gives 0
	if pid > 1 && commandHas(pid, data) {
		return fmt.Errorf("PostgreSQL: process %d, not started by this program, uses %s: stop it first", pid, data)
	}
	return os.WriteFile(path, fmt.Appendf(nil, "%d\n%s", os.Getpid(), rest), 0o600)
}

// keepShort renames a long log, which replaces the one that was renamed before.
func keepShort(log string) {
	if st, err := os.Stat(log); err == nil && st.Size() > 10<<20 {
		_ = os.Rename(log, log+".1") // a log that goes on growing is no reason not to start
	}
}

// ready waits until the server accepts connections, and creates the database if necessary.
func (p *Postgres) ready(ctx context.Context, database string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // recovery after a crash takes a while
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, p.DatabaseURL("postgres"))
		if err == nil {
			defer conn.Close(context.WithoutCancel(ctx))
			if err := makeDatabase(ctx, conn, database); err != nil {
				return fmt.Errorf("PostgreSQL: make database %s: %w", database, err)
			}
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("PostgreSQL ended while starting: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func makeDatabase(ctx context.Context, conn *pgx.Conn, name string) error {
	var have bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).
		Scan(&have); err != nil || have {
		return err
	}
	_, err := conn.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize())
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42P04" { // another process was faster
		return nil
	}
	return err
}
