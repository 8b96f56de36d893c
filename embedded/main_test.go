//go:build unix

package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"videomall/embedded"
)

// TestMain lets this binary also be the process that a test kills. With EMBEDDED_CHILD=postgres:DIR or redis:DIR it
// starts the server, writes one line, and runs until its standard input ends.
func TestMain(m *testing.M) {
	kind, dir, ok := strings.Cut(os.Getenv("EMBEDDED_CHILD"), ":")
	if !ok {
		os.Exit(m.Run())
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var url string
	var shared bool
	var err error
	var stop func() error
	switch kind {
	case "postgres":
		var p *embedded.Postgres
		if p, err = embedded.StartPostgres(ctx, quick(dir)); err == nil {
			url = p.URL
			shared = p.Shared
			stop = p.Stop
		}
	case "redis":
		var r *embedded.Redis
		if r, err = embedded.StartRedis(ctx, embedded.RedisOptions{
			Dir: dir,
			Log: slog.New(slog.DiscardHandler),
		}); err == nil {
			url = r.URL
			shared = r.Shared
			stop = r.Stop
		}
	}
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("ready", shared, url)
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := stop(); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

// quick returns options for a cluster without fsync: these tests kill processes, not the machine.
func quick(dir string) embedded.PostgresOptions {
	return embedded.PostgresOptions{
		Dir:      dir,
		Settings: []string{"fsync=off", "shared_buffers=16MB"},
		Log:      slog.New(slog.DiscardHandler),
	}
}

// child is another process that uses a server.
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	out    *bufio.Reader
	URL    string
	Shared bool
}

func spawn(t *testing.T, kind, dir string, env ...string) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: exec.Command(exe)}
	c.cmd.Env = append(append(os.Environ(), "EMBEDDED_CHILD="+kind+":"+dir), env...)
	c.cmd.Stderr = os.Stderr
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	})
	return c
}

// ready waits for the child's line.
func (c *child) ready() *child {
	c.t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready ") {
		c.t.Fatalf("child says %q, %v", line, err)
	}
	if _, err := fmt.Sscanf(line, "ready %t %s", &c.Shared, &c.URL); err != nil {
		c.t.Fatal(err)
	}
	return c
}

// kill ends the child with SIGKILL.
func (c *child) kill() {
	c.t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	_ = c.cmd.Wait()
}

// stop lets the child end in order.
func (c *child) stop() {
	c.t.Helper()
	c.stdin.Close()
	if err := c.cmd.Wait(); err != nil {
		c.t.Fatal("child: ", err)
	}
}

// folder returns a folder that another account can enter, as root's PostgreSQL must. That of t.TempDir is closed.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "videomall-embedded-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		eventually(t, "server below "+dir+" is gone", func() bool { return len(processes(dir)) == 0 })
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// processes returns the pids whose command line contains text.
func processes(text string) []int {
	out, _ := exec.Command("ps", "-A", "-ww", "-o", "pid=,args=").Output()
	var pids []int
	for line := range strings.Lines(string(out)) {
		var pid int
		if _, err := fmt.Sscan(line, &pid); err == nil && strings.Contains(line, text) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !cond(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: ", what)
		}
	}
}

// needServers skips the test if there are no server programs, and fails in CI.
func needServers(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, embedded.ErrNoBinaries) {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("SKIPPED, AND NOTHING WAS TESTED: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
}

func pidIn(t *testing.T, path ...string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(b), &pid); err != nil {
		t.Fatal(err)
	}
	return pid
}
