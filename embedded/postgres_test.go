//go:build unix

package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/embedded"
)

func needPostgres(t *testing.T) {
	t.Helper()
	_, err := embedded.FindPostgres(t.Context(), 0)
	needServers(t, err)
}

func startPostgres(t *testing.T, dir string) *embedded.Postgres {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	p, err := embedded.StartPostgres(ctx, quick(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func exec1(t *testing.T, url, sql string) {
	t.Helper()
	c, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if _, err := c.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

func query1(t *testing.T, url, sql string) (s string) {
	t.Helper()
	c, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if err := c.QueryRow(context.Background(), sql).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStartPostgres_process_killed(t *testing.T) {
	needPostgres(t)
	t.Parallel()
	dir := folder(t)
	c := spawn(t, "postgres", dir).ready()
	exec1(t, c.URL, "create table kept as select 'yes' as v")
	c.kill()
	eventually(t, "the server ended", func() bool { return len(processes(dir)) == 0 })
	p := startPostgres(t, dir)
	if p.Shared || query1(t, p.URL, "select v from kept") != "yes" {
		t.Error("the data are lost")
	}
}

func TestStartPostgres_again_after_a_kill(t *testing.T) {
	needPostgres(t)
	t.Parallel()
	dir := folder(t)
	c := spawn(t, "postgres", dir).ready()
	exec1(t, c.URL, "create table n (v int)")
	for i := range 3 { // without a pause, so that the old server is still stopping
		exec1(t, c.URL, fmt.Sprintf("insert into n values (%d)", i))
		c.kill()
		c = spawn(t, "postgres", dir).ready()
	}
	if n := query1(t, c.URL, "select count(*)::text from n"); n != "3" {
		t.Errorf("%s rows, want 3", n)
	}
	c.stop()
}

func TestStartPostgres_shared_folder(t *testing.T) {
	needPostgres(t)
	t.Parallel()
	dir := folder(t)
	children := []*child{spawn(t, "postgres", dir), spawn(t, "postgres", dir), spawn(t, "postgres", dir)}
	owners := 0
	started := map[string]bool{}
	for _, c := range children {
		c.ready()
		if !c.Shared {
			owners++
		}
		started[query1(t, c.URL, "select pg_postmaster_start_time()::text")] = true
	}
	if owners != 1 || len(started) != 1 {
		t.Fatalf("%d of three started it, %d servers", owners, len(started))
	}
	// The process that started it goes first, and is killed.
	var rest []*child
	for _, c := range children {
		if c.Shared {
			rest = append(rest, c)
		} else {
			c.kill()
		}
	}
	rest[0].stop()
	if !started[query1(t, rest[1].URL, "select pg_postmaster_start_time()::text")] {
		t.Error("the last process has another server")
	}
	rest[1].stop() // returns when the server is gone
	if left := processes(dir); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestStartPostgres_keeper_killed(t *testing.T) {
	needPostgres(t)
	t.Parallel()
	dir := folder(t)
	c := spawn(t, "postgres", dir).ready()
	exec1(t, c.URL, "create table kept as select 'yes' as v")
	server := pidIn(t, dir, "run", "pid")
	t.Cleanup(func() { // leaves no orphan, whatever happens below
		if slices.Contains(processes(dir), server) {
			_ = syscall.Kill(server, syscall.SIGINT)
		}
	})
	for _, pid := range processes(filepath.Join(dir, "run", "acks")) { // both shells
		if pid != server {
			signal(t, pid, syscall.SIGKILL)
		}
	}
	c.kill()
	if err := syscall.Kill(server, 0); err != nil {
		t.Fatal("the orphan should still run: ", err)
	}
	p := startPostgres(t, dir) // stops the orphan first
	if query1(t, p.URL, "select v from kept") != "yes" {
		t.Error("the data are lost")
	}
	if pidIn(t, dir, "run", "pid") == server {
		t.Error("the orphan still serves")
	}
}

func TestStartPostgres_stale_pid_file(t *testing.T) {
	needPostgres(t)
	t.Parallel()
	dir := folder(t)
	c := spawn(t, "postgres", dir).ready()
	exec1(t, c.URL, "create table kept as select 'yes' as v; checkpoint")
	signal(t, pidIn(t, dir, "run", "pid"), syscall.SIGKILL)
	eventually(t, "the server ended", func() bool { return len(processes(filepath.Join(dir, "data"))) == 0 })
	c.kill()
	// In the worst case the number in the pid file belongs to another program of the same account by now.
	path := filepath.Join(dir, "data", "postmaster.pid")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	other := exec.Command("sleep", "60")
	if os.Geteuid() == 0 {
		own := st.Sys().(*syscall.Stat_t)
		other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: own.Uid, Gid: own.Gid}}
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	}()
	_, rest, _ := strings.Cut(string(b), "\n")
	if err := os.WriteFile(path, fmt.Appendf(nil, "%d\n%s", other.Process.Pid, rest), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startPostgres(t, dir)
	if query1(t, p.URL, "select v from kept") != "yes" {
		t.Error("the data are lost")
	}
}

func TestStartPostgres_long_path(t *testing.T) {
	needPostgres(t)
	t.Parallel()
	dir := filepath.Join(folder(t), strings.Repeat("long/", 30), "end")
	opt := quick(dir)
	opt.Settings = nil
	p, err := embedded.StartPostgres(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(p.Run())
	if query1(t, p.URL, "show fsync") != "on" {
		t.Error("durable data are written without fsync")
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
}

func TestStartPostgres_as_root(t *testing.T) {
	needPostgres(t)
	if os.Geteuid() != 0 {
		t.Skip("only root is refused by PostgreSQL")
	}
	t.Parallel()
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	p := startPostgres(t, filepath.Join(closed, "postgres"))
	t.Cleanup(func() { // after Stop
		_ = p.Stop()
		_ = os.RemoveAll(p.Dir)
		_ = os.Remove(embedded.RootsPlace) // if there are no other clusters in it
	})
	if !strings.HasPrefix(p.Dir, embedded.RootsPlace) {
		t.Errorf("data in %s", p.Dir)
	}
	st, err := os.Stat(fmt.Sprintf("/proc/%d", pidIn(t, p.Dir, "run", "pid")))
	if err == nil && st.Sys().(*syscall.Stat_t).Uid == 0 {
		t.Error("PostgreSQL runs as root")
	}
}

func TestStartPostgres_data_of_another_major(t *testing.T) {
	needPostgres(t)
	t.Parallel()
	dir := folder(t)
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := embedded.StartPostgres(t.Context(), quick(dir))
	if !errors.Is(err, embedded.ErrNoBinaries) || !strings.Contains(err.Error(), "PostgreSQL 9") {
		t.Errorf("err = %v", err)
	}
}

func TestStartPostgres_disposable_and_broken(t *testing.T) {
	needPostgres(t)
	t.Parallel()
	opt := quick(folder(t))
	opt.Disposable = true
	p, err := embedded.StartPostgres(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(opt.Dir, "data", "global", "pg_control")); err != nil {
		t.Fatal(err)
	}
	if p, err = embedded.StartPostgres(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	opt.Disposable = false
	if err := os.Remove(filepath.Join(opt.Dir, "data", "global", "pg_control")); err != nil {
		t.Fatal(err)
	}
	if p, err = embedded.StartPostgres(t.Context(), opt); err == nil {
		_ = p.Stop()
		t.Error("a broken cluster that is not disposable started")
	}
}

func TestStartPostgres_download_failed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody listens there any more
	t.Setenv("PG_BINARY_REPOSITORY", "http://"+l.Addr().String())
	_, err = embedded.FetchPostgres(t.TempDir())
	if !errors.Is(err, embedded.ErrNoBinaries) || !strings.Contains(err.Error(), "install") {
		t.Errorf("err = %v", err)
	}
}

func TestStartPostgres_context_ends(t *testing.T) {
	needPostgres(t)
	t.Parallel()
	dir := folder(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if p, err := embedded.StartPostgres(ctx, quick(dir)); err == nil {
		_ = p.Stop()
		t.Error("started")
	}
}
