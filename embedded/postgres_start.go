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

// postgresUser is the superuser of a private cluster. Whoever can pass its 0700 folder is trusted.
const postgresUser = "videomall"

// rootsPlace is where root's clusters lie when DATA_DIR cannot be reached by another account.
const rootsPlace = "/var/lib/videomall"

// PostgresOptions say what to start and where.
type PostgresOptions struct {
	// Dir is the cluster's folder; made when it does not exist.
	Dir string
	// Database is made when it does not exist; "videomall" when empty.
	Database string
	// Download permits fetching server binaries when this machine has none.
	Download bool
	// Disposable gives durability up for speed, and makes a cluster that does not start anew. For tests.
	Disposable bool
	// Settings are further "name=value" lines of postgresql.conf.
	Settings []string
	// Log hears what takes long; slog.Default() when nil.
	Log *slog.Logger
}

// Postgres is a running private cluster that this process uses until Stop.
type Postgres struct {
	// URL is a DATABASE_URL of the database asked for.
	URL string
	// Dir is where the cluster lies: what was asked for, or a place that root's PostgreSQL can reach.
	Dir string
	// Shared says that another process had started it.
	Shared bool
	server *server
}

// StartPostgres starts the cluster in opt.Dir, or joins the one that runs there already.
// Its error is a sentence for the person who started the program.
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
			// Root's home, as a rule, closed to the account that PostgreSQL will run as.
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
		// Written with fsync off: a power cut may have left anything.
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

// Stop ends this process's use of the cluster, and the cluster with its last user. Close pools first.
func (p *Postgres) Stop() error { return p.server.release(30 * time.Second) }

// DatabaseURL is URL with another database in it.
func (p *Postgres) DatabaseURL(name string) string { return socketURL(p.server.run, name) }

func socketURL(socket, database string) string {
	q := url.Values{"host": {socket}, "port": {"5432"}, "sslmode": {"disable"}} // explicit: PGPORT and the like lose
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
		// A laptop's share: the mall's pools and some psql beside a browser and an editor.
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

// installPostgres is the one command that brings a server to this machine.
func installPostgres() string {
	if runtime.GOOS == "darwin" {
		return "install PostgreSQL with: brew install postgresql@17 (or set DATABASE_URL)"
	}
	return "install PostgreSQL with: sudo apt-get install -y postgresql (or set DATABASE_URL)"
}

// postgresLocale sorts and classifies by code point, Chinese letters included, the same everywhere.
func postgresLocale() string {
	if runtime.GOOS == "darwin" { // has no C.UTF-8
		return "en_US.UTF-8"
	}
	return "C.UTF-8"
}

// makeCluster runs initdb aside and renames, so that data is whole or absent.
func (s *server) makeCluster(ctx context.Context, bin, data string, opt PostgresOptions) error {
	if _, err := os.Stat(data); err == nil {
		return nil
	}
	halves, _ := filepath.Glob(data + ".new-*") // of starts that were killed here; we hold start.lock
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

// disarmStalePid lets PostgreSQL start over the pid file of a server that was killed, though its
// number may belong to another program by now, which PostgreSQL would take for a living server. The
// file itself must stay: through it PostgreSQL finds the shared memory of surviving backends.
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
	pid, _ := strconv.Atoi(strings.TrimSpace(first)) // a torn file reads as 0
	if pid > 1 && commandHas(pid, data) {
		return fmt.Errorf("PostgreSQL: process %d, not started by this program, uses %s: stop it first", pid, data)
	}
	return os.WriteFile(path, fmt.Appendf(nil, "%d\n%s", os.Getpid(), rest), 0o600)
}

// keepShort moves a long log aside and deletes the one that was moved before.
func keepShort(log string) {
	if st, err := os.Stat(log); err == nil && st.Size() > 10<<20 {
		_ = os.Rename(log, log+".1") // a log that grows on is no reason not to start
	}
}

// ready waits until the server accepts connections and makes the database if need be.
func (p *Postgres) ready(ctx context.Context, database string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // recovery after a crash takes its time
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
	if errors.As(err, &pg) && pg.Code == "42P04" { // a sibling was faster
		return nil
	}
	return err
}
