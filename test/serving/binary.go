// Package serving builds the real program, and a small mall for it to serve, for tests that start processes.
package serving

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// buildFlags are the flags with which the tests were built, so that the build cache already has most of the program.
var buildFlags []string

// Binary builds the program once for all tests of a package, and returns its path. RemoveBinary deletes it.
var Binary = sync.OnceValues(func() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "videomall-binary")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "videomall")
	build := exec.Command("go", append(append([]string{"build"}, buildFlags...), "-o", path, ".")...)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// RemoveBinary deletes what Binary built, at the end of TestMain.
func RemoveBinary() {
	if path, err := Binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
}

// moduleRoot is the folder of go.mod, above the one in which a test runs.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
	}
}

// FreeAddress returns an address of this machine on which nobody listens.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Start starts the program to serve a mall with the given environment. What it says goes to log. It does not wait, and
// the caller ends the process.
func Start(t testing.TB, env []string) (process *exec.Cmd, log *bytes.Buffer) {
	t.Helper()
	path, err := Binary()
	if err != nil {
		t.Fatal(err)
	}
	log = &bytes.Buffer{}
	process = exec.Command(path, "serve")
	process.Env = env
	process.Stdout, process.Stderr = log, log
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	return process, log
}

// Answers reports whether somebody listens on an address.
func Answers(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}
