//go:build unix

package embedded

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed keeper.sh
var keeperScript string

// socketLimit leaves room for PostgreSQL's ".s.PGSQL.5432" in a socket's path, which may have 103 bytes on macOS and
// 107 on Linux.
const socketLimit = 85

// server is a server and its folder.
type server struct {
	name    string              // for errors: "PostgreSQL"
	dir     string              // absolute; belongs to us
	run     string              // sockets, FIFO, acknowledgements, pid; belongs to the account that runs the server
	cred    *syscall.Credential // nil if the server runs under our account
	signal  string              // stops the server in an orderly way
	discard bool                // delete the folder when the server ends

	fifo   *os.File // our writing end, held until release
	user   *os.File // users.lock, shared, held until release
	start  *os.File // start.lock, held between enter and leave
	shared bool     // another process started it
}

// newServer prepares the folder of a server.
func newServer(name, dir, signal string, cred *syscall.Credential) (*server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	// root's PostgreSQL runs as another account, which must be able to pass through the folders above.
	if err := os.MkdirAll(filepath.Dir(dir), 0o711); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	mode := os.FileMode(0o700)
	if cred != nil {
		mode = 0o711
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s := &server{
		name:   name,
		dir:    dir,
		run:    filepath.Join(dir, "run"),
		cred:   cred,
		signal: signal,
	}
	if len(s.run) > socketLimit { // not in TMPDIR, which is itself long on macOS
		s.run = fmt.Sprintf("/tmp/videomall-%d-%08x", os.Geteuid(), crc32.ChecksumIEEE([]byte(dir)))
	}
	return s, nil
}

// impassable returns the first folder in the path of dir that another account cannot enter, or "".
func impassable(dir string) string {
	for p := dir; ; p = filepath.Dir(p) {
		if st, err := os.Stat(p); err == nil && st.Mode()&1 == 0 {
			return p
		}
		if p == filepath.Dir(p) {
			return ""
		}
	}
}

// private creates a folder for the account that runs the server. It refuses one that belongs to another account.
func (s *server) private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	uid := os.Geteuid()
	if s.cred != nil {
		uid = int(s.cred.Uid)
	}
	st, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	owner := int(st.Sys().(*syscall.Stat_t).Uid)
	if !st.IsDir() || (owner != uid && owner != os.Geteuid()) {
		return fmt.Errorf("%s: %s belongs to another account", s.name, dir)
	}
	if s.cred != nil {
		if err := os.Chown(dir, uid, int(s.cred.Gid)); err != nil {
			return err
		}
	}
	return os.Chmod(dir, 0o700)
}

// enter takes the start lock. Until it is released, no other process starts or joins a server in this folder.
func (s *server) enter(ctx context.Context) (err error) {
	if s.start, err = waitLock(ctx, filepath.Join(s.dir, "start.lock"), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("%s: another process is starting it: %w", s.name, err)
	}
	if s.user, err = waitLock(ctx, filepath.Join(s.dir, "users.lock"), syscall.LOCK_SH); err != nil {
		s.leave()
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

func (s *server) leave() {
	if s.start != nil {
		s.start.Close()
		s.start = nil
	}
}

// join makes us a user of the server that already runs here, and returns false if there is none. It waits for the end
// of a server that is stopping, and stops one whose keeper was killed.
func (s *server) join(ctx context.Context) (bool, error) {
	for began := time.Now(); ; {
		if s.attach(ctx) {
			s.shared = true
			return true, nil
		}
		if s.ended() {
			return false, nil
		}
		if time.Since(began) > 2*time.Second {
			s.stopOrphan()
			began = time.Now()
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("%s in %s neither answers nor ends: %w", s.name, s.dir, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// attach opens the FIFO and waits for the keeper's acknowledgement. Opening alone proves nothing, because the keeper
// may have read the end of the file a moment before.
func (s *server) attach(ctx context.Context) bool {
	// If nobody reads the FIFO, a non-blocking open fails at once (ENXIO).
	fd, err := syscall.Open(filepath.Join(s.run, "users"), syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	f := os.NewFile(uintptr(fd), "users")
	if err := s.greet(ctx, f); err != nil {
		f.Close()
		return false
	}
	s.fifo = f
	return true
}

func (s *server) greet(ctx context.Context, f *os.File) error {
	id := rand.Text()
	if _, err := f.WriteString(id + "\n"); err != nil { // EPIPE: the reader has left meanwhile
		return err
	}
	ack := filepath.Join(s.run, "acks", id)
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		if os.Remove(ack) == nil {
			return nil
		}
		if s.ended() {
			return errors.New("the keeper has ended")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return errors.New("the keeper does not answer")
}

// launch starts command under a keeper, with us as its first user. The channel is closed when it ends.
func (s *server) launch(ctx context.Context, log string, env []string, command ...string) (<-chan struct{}, error) {
	// A process that checks whether the lock is free holds it for a moment.
	brief, cancel := context.WithTimeout(ctx, 2*time.Second)
	lock, err := waitLock(brief, filepath.Join(s.dir, "server.lock"), syscall.LOCK_EX)
	cancel()
	if err != nil {
		return nil, fmt.Errorf("%s: %s is in use: %w", s.name, s.dir, err)
	}
	defer lock.Close() // the keeper has inherited it
	acks, fifo := filepath.Join(s.run, "acks"), filepath.Join(s.run, "users")
	if err := os.RemoveAll(s.run); err != nil { // no process is left that could use its files
		return nil, err
	}
	for _, d := range []string{s.run, acks} {
		if err := s.private(d); err != nil {
			return nil, err
		}
	}
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		return nil, fmt.Errorf("%s: make %s: %w", s.name, fifo, err)
	}
	// Both ends are open before the keeper exists, so that it never waits for a user that was killed meanwhile.
	rfd, err := syscall.Open(fifo, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	err = syscall.SetNonblock(rfd, false) // a shell treats EAGAIN as the end of the file
	stdin := os.NewFile(uintptr(rfd), "users")
	defer stdin.Close()
	if err != nil {
		return nil, err
	}
	wfd, err := syscall.Open(fifo, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	w := os.NewFile(uintptr(wfd), "users")
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		w.Close()
		return nil, err
	}
	defer out.Close()
	discard := ""
	if s.discard {
		discard = s.dir
	}
	args := append(
		[]string{"-c", keeperScript, "videomall-keeper", s.signal, acks, filepath.Join(s.run, "pid"), discard},
		command...)
	c := exec.Command("/bin/sh", args...)
	c.Dir = s.run
	c.Stdin = stdin
	c.Stdout = out
	c.Stderr = out
	c.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.run, "TZ=UTC"}, env...)
	c.ExtraFiles = []*os.File{lock}
	// The keeper has a session of its own, so that Ctrl-C and a closed terminal reach only us, and we can stop in
	// order.
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred, Setsid: true}
	if err := c.Start(); err != nil {
		w.Close()
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	ended := make(chan struct{})
	go func() {
		_ = c.Wait() // the log has the reason
		close(ended)
	}()
	if err := s.greet(ctx, w); err != nil {
		w.Close()
		return nil, fmt.Errorf("%s ended at once (%w): see %s", s.name, err, log)
	}
	s.fifo = w
	return ended, nil
}

// release ends our use of the server. If we were the last user, it waits, at most for limit, until nothing of the
// server is left. If another process still uses the server, it goes on and release returns soon.
func (s *server) release(limit time.Duration) error {
	if s.fifo == nil {
		return nil
	}
	s.fifo.Close()
	s.fifo = nil
	s.user.Close()
	// Every other user holds users.lock, too.
	lock, last := tryLock(filepath.Join(s.dir, "users.lock"))
	if !last {
		return nil
	}
	lock.Close()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if s.ended() {
			return nil
		}
	}
	return fmt.Errorf("%s in %s did not stop within %v", s.name, s.dir, limit)
}

// ended reports whether the keeper, the server and all its children are gone.
func (s *server) ended() bool {
	lock, free := tryLock(filepath.Join(s.dir, "server.lock"))
	if free {
		lock.Close()
	}
	return free
}

// stopOrphan signals a server whose keeper is gone. It trusts the pid only if the command line of that process contains
// our folder.
func (s *server) stopOrphan() {
	b, err := os.ReadFile(filepath.Join(s.run, "pid"))
	if err != nil {
		return
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid < 2 {
		return
	}
	if !commandHas(pid, s.dir) {
		return
	}
	n := syscall.SIGTERM
	if s.signal == "INT" {
		n = syscall.SIGINT
	}
	_ = syscall.Kill(pid, n)
}

// commandHas reports whether process pid is alive and has text in its command line.
func commandHas(pid int, text string) bool {
	args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil { // no /proc on macOS
		args, _ = exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	}
	return strings.Contains(string(args), text)
}
