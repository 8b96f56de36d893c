//go:build unix && !linux

package ffmpeg

import "syscall"

func (r *Runner) attr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: r.cred}
}

// isolation is none: what is here is Linux's.
func (r *Runner) isolation() uintptr { return 0 }
