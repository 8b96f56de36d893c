package ffmpeg

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var (
	// ErrTooSlow says that a tool was killed at the end of its time.
	ErrTooSlow = errors.New("the tool was killed at the end of its time")
	// ErrHindered says that a tool was not locked in, or was ended from outside, as by a machine whose memory is full:
	// what it was to read is not to blame.
	ErrHindered = errors.New("the tool could not do its work on this machine")
)

// Failed is a tool that ended badly, with the last of what it said. It may quote names that a stranger chose: for logs
// only.
type Failed struct {
	Code   int
	Stderr string
}

func (f *Failed) Error() string {
	said := f.Stderr
	if lines := strings.Split(strings.TrimSpace(said), "\n"); len(lines) > 4 {
		said = strings.Join(lines[len(lines)-4:], "; ")
	}
	return fmt.Sprintf("exit %d: %.600s", f.Code, said)
}

// Bounds of what one run may use; a zero is a small default.
type Bounds struct {
	Wall   time.Duration // 1 min
	Memory int64         // bytes of address space; 4 GiB
	File   int64         // bytes of any one file that it writes; 1 GiB
}

// Job is one run.
type Job struct {
	Tool string
	Args []string
	Dir  string // an absolute path; its current folder, where it may write
	Bounds
	// Progress hears, about twice a second, how far into the video ffmpeg is and how many times faster than the video it
	// goes.
	Progress func(at time.Duration, speed float64)
	// Line hears each line of the standard output, of which Run then returns nothing; that output may have any length.
	// A line of 64 KiB ends the listening. Not with Progress.
	Line func(line string)
	// Said, if set, is given the last of what a tool said that ended well.
	Said *string
}

const (
	maxStdout = 8 << 20
	maxStderr = 32 << 10
	nice      = "10"
	// unlocked is how script ends where a limit can't be set; shells end as the others where what is to run can't. No
	// tool ends so.
	unlocked, notExecutable, notFound = 86, 126, 127
)

// script sets what Go can't set for a child: no core, then seconds of CPU, blocks of 512 bytes a file, KiB of address
// space, which macOS has no limit for.
const script = `ulimit -c 0 || exit 86
ulimit -t "$1" || exit 86
ulimit -f "$2" || exit 86
ulimit -v "$3" 2>/dev/null || [ "$(uname)" = Darwin ] || exit 86
shift 3
exec nice -n ` + nice + ` "$@"`

// Run runs a tool to its end and returns what it wrote to its standard output, none of it when Progress or Line is set.
// Errors: ErrMissing, ErrTooSlow, ErrHindered, *Failed, or the end of ctx. Nothing of the process group is left when it
// returns.
func (r *Runner) Run(ctx context.Context, j Job) ([]byte, error) {
	path, err := exec.LookPath(j.Tool)
	if err != nil {
		return nil, ErrMissing
	}
	wall, memory, file := cmp.Or(j.Wall, time.Minute), cmp.Or(j.Memory, 4<<30), cmp.Or(j.File, 1<<30)
	limited, cancel := context.WithTimeout(ctx, wall)
	defer cancel()
	cpu := int64(wall/time.Second)*int64(runtime.NumCPU()) + 1
	args := []string{
		"-c", r.script, "sh", strconv.FormatInt(cpu, 10), strconv.FormatInt(file/512, 10),
		strconv.FormatInt(memory/1024, 10), path,
	}
	c := exec.CommandContext(limited, "/bin/sh", append(args, j.Args...)...)
	c.Dir = j.Dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + j.Dir, "TMPDIR=" + j.Dir, "LANG=C.UTF-8"}
	c.SysProcAttr = r.attr()
	c.Cancel = func() error { return kill(c.Process.Pid) }
	c.WaitDelay = 5 * time.Second
	stderr := &tail{max: maxStderr}
	stdout := &head{max: maxStdout}
	c.Stderr = stderr
	var reading chan struct{}
	listen := j.listener()
	if listen == nil {
		c.Stdout = stdout
	} else {
		pr, pw := io.Pipe()
		c.Stdout = pw
		reading = make(chan struct{})
		go func() {
			defer close(reading)
			listen(pr)
			_, _ = io.Copy(io.Discard, pr)
		}()
		defer func() { pw.Close(); <-reading }()
	}
	err = tied(c)
	if c.Process != nil {
		_ = kill(c.Process.Pid) // whatever it may have started
	}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case limited.Err() != nil:
		return nil, ErrTooSlow
	case err == nil:
		if j.Said != nil {
			*j.Said = stderr.String()
		}
		return stdout.b.Bytes(), nil
	case errors.As(err, &exit):
		return nil, whyFailed(exit, stderr.String(), time.Duration(cpu)*time.Second)
	}
	return nil, fmt.Errorf("run %s: %w", j.Tool, err)
}

// whyFailed tells a tool that failed by what it read, *Failed, from one that used up its CPU time and from one that
// could not do its work here. The last must have no *Failed in its chain, which would blame the video.
func whyFailed(exit *exec.ExitError, stderr string, cpu time.Duration) error {
	failed := &Failed{Code: exit.ExitCode(), Stderr: stderr}
	switch s, _ := exit.Sys().(syscall.WaitStatus); {
	case s.Signaled() && (s.Signal() == syscall.SIGXCPU || exit.UserTime()+exit.SystemTime() >= cpu):
		return ErrTooSlow
	case s.Signaled() && fromOutside(s.Signal()):
		return fmt.Errorf("%w: %s: %s", ErrHindered, s.Signal(), failed) //nolint:errorlint // see above
	case failed.Code == unlocked, failed.Code == notExecutable, failed.Code == notFound:
		return fmt.Errorf("%w: %s", ErrHindered, failed) //nolint:errorlint // see above
	}
	return failed
}

// fromOutside reports whether another process must have sent the signal. All other signals come from what the tool
// read, or from a limit of ours.
func fromOutside(s syscall.Signal) bool {
	switch s {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT:
		return true
	}
	return false
}

// tied runs c from a locked thread. The kernel kills c when the thread that started it ends, and so when we end.
func tied(c *exec.Cmd) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		done <- c.Run()
	}()
	return <-done
}

func kill(pid int) error {
	err := syscall.Kill(-pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// listener is who reads the standard output while the tool runs, nil where it is kept.
func (j Job) listener() func(io.Reader) {
	switch {
	case j.Progress != nil:
		return func(r io.Reader) { follow(r, j.Progress) }
	case j.Line != nil:
		return func(r io.Reader) {
			for lines := bufio.NewScanner(r); lines.Scan(); {
				j.Line(lines.Text())
			}
		}
	}
	return nil
}

// follow reads what -progress writes: lines of name=value, a block of which ends with "progress".
func follow(r io.Reader, tell func(time.Duration, float64)) {
	var at time.Duration
	var speed float64
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		switch value = strings.TrimSpace(value); name {
		case "out_time_us":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && n > 0 {
				at = time.Duration(n) * time.Microsecond
			}
		case "speed":
			if f, err := strconv.ParseFloat(strings.TrimSuffix(value, "x"), 64); err == nil && f > 0 {
				speed = f
			}
		case "progress":
			tell(at, speed)
		}
	}
}

// tail keeps the last of what is written to it.
type tail struct {
	max int
	b   []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if over := len(t.b) - t.max; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return strings.ToValidUTF8(string(t.b), "?") }

// head accepts at most max bytes. After that the writer gets a broken pipe.
type head struct {
	max int
	b   bytes.Buffer
}

func (h *head) Write(p []byte) (int, error) {
	if h.b.Len()+len(p) > h.max {
		return 0, errors.New("too much output")
	}
	return h.b.Write(p)
}
