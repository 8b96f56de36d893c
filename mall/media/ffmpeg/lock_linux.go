package ffmpeg

import (
	"os"
	"os/exec"
	"syscall"
)

func (r *Runner) attr() *syscall.SysProcAttr { return r.attrWith(r.flags()) }

func (r *Runner) attrWith(flags uintptr) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{
		Setpgid:    true,
		Pdeathsig:  syscall.SIGKILL,
		Credential: r.cred,
		Cloneflags: flags,
	}
	if flags&syscall.CLONE_NEWUSER != 0 {
		a.UidMappings = []syscall.SysProcIDMap{{
			ContainerID: os.Geteuid(),
			HostID:      os.Geteuid(),
			Size:        1,
		}}
		a.GidMappings = []syscall.SysProcIDMap{{
			ContainerID: os.Getegid(),
			HostID:      os.Getegid(),
			Size:        1,
		}}
	}
	return a
}

// isolation is what of this machine the kernel lets us keep from the tools: the network and what other processes share
// in memory, with the rights of root or of a user namespace; nothing in containers that forbid both.
func (r *Runner) isolation() uintptr {
	flags := uintptr(syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC)
	if r.cred == nil {
		flags |= syscall.CLONE_NEWUSER
	}
	c := exec.Command("/bin/sh", "-c", ":")
	c.Dir = "/"
	c.SysProcAttr = r.attrWith(flags)
	if tied(c) != nil {
		return 0
	}
	return flags
}
