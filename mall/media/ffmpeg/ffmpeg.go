// Package ffmpeg runs ffmpeg and ffprobe over files that strangers made: as a process group of its own that is killed
// at its limits and with its caller, under an account that owns nothing where we are root, without a network where the
// machine lets us take it away, with bounded memory, time, output and words. It owns what such a process may do and
// refuses to know what videos are.
package ffmpeg

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// ErrMissing says that this machine has no ffmpeg; it may be installed while the mall runs.
var ErrMissing = errors.New("ffmpeg and ffprobe are not installed")

// The tools.
const (
	FFmpeg  = "ffmpeg"
	FFprobe = "ffprobe"
)

// account is whom the tools run as where we are root, if an operator has made it; nobody otherwise.
const account = "videomall-media"

// Runner runs the tools on this machine.
type Runner struct {
	cred   *syscall.Credential // nil: they run as we do
	flags  func() uintptr      // what is unshared, found out once
	script string
}

// New finds out how far the tools can be locked in here. It starts nothing.
func New() (*Runner, error) {
	r := &Runner{script: script}
	if os.Geteuid() == 0 {
		cred, err := unprivileged()
		if err != nil {
			return nil, err
		}
		r.cred = cred
	}
	r.flags = sync.OnceValue(r.isolation)
	return r, nil
}

// Ready is nil when both tools are there, else ErrMissing. It looks again each time.
func (r *Runner) Ready() error {
	for _, tool := range []string{FFmpeg, FFprobe} {
		if _, err := exec.LookPath(tool); err != nil {
			return ErrMissing
		}
	}
	return nil
}

// Networkless is true when the tools run without a network; else only their list of protocols keeps them from it.
func (r *Runner) Networkless() bool { return r.flags() != 0 }

// Own hands a folder to whom the tools run as; Reclaim takes it back once they have ended.
func (r *Runner) Own(dir string) error {
	if r.cred == nil {
		return nil
	}
	return os.Chown(dir, int(r.cred.Uid), int(r.cred.Gid))
}

// Reclaim makes everything below dir ours again and refuses what a tool has no business to leave there: links, pipes,
// devices.
func (r *Runner) Reclaim(dir string) error {
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() && !d.Type().IsRegular() {
			return fmt.Errorf("%s is neither a file nor a folder", d.Name())
		}
		if r.cred == nil {
			return nil
		}
		return os.Lchown(path, os.Geteuid(), os.Getegid())
	})
}

// Shared is true when the tools run under another account than ours, so that what they read must be readable to others.
func (r *Runner) Shared() bool { return r.cred != nil }

// Passable is true when whom the tools run as can reach dir.
func (r *Runner) Passable(dir string) bool {
	if r.cred == nil {
		return true
	}
	for p := filepath.Clean(dir); ; p = filepath.Dir(p) {
		info, err := os.Stat(p)
		if err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		if p == filepath.Dir(p) {
			return true
		}
	}
}

func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{account, "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(strings.TrimPrefix(u.Uid, "-"), 10, 32)
		gid, err2 := strconv.ParseUint(strings.TrimPrefix(u.Gid, "-"), 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			if u.Uid[0] == '-' { // macOS counts nobody from below
				uid, gid = 1<<32-uid, 1<<32-gid
			}
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, fmt.Errorf(
		"videos are not read as root, and there is no account %s or nobody: make one, or run as an ordinary user",
		account)
}
