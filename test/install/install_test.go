// Package install_test runs tools/install.sh on machines on which programs are missing. A folder of small scripts
// stands for such a machine. It is the whole PATH, so that nothing is really installed.
package install_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// machine is a folder of programs. Those that programs names only record their calls.
type machine struct {
	t   *testing.T
	bin string
	log string
}

func newMachine(t *testing.T, programs ...string) *machine {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a shell script")
	}
	m := &machine{
		t:   t,
		bin: t.TempDir(),
		log: filepath.Join(t.TempDir(), "log"),
	}
	m.program("uname", "echo Linux")
	m.program("id", "echo 0")
	m.program("env", `while [ "${1#*=}" != "$1" ]; do shift; done; "$@"`)
	for _, name := range programs {
		m.program(name, `echo "${0##*/} $*" >>`+m.log)
	}
	return m
}

func (m *machine) program(name, script string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.bin, name), []byte("#!/bin/bash\n"+script+"\n"), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// run returns the output of the script, the calls of the package manager, and whether the script succeeded.
func (m *machine) run(args ...string) (said string, calls []string, ok bool) {
	m.t.Helper()
	script, err := os.ReadFile("../../tools/install.sh") // so that go test does not cache a result for an older script
	if err != nil {
		m.t.Fatal(err)
	}
	command := exec.Command("/bin/bash", append([]string{"-c", string(script), "install.sh"}, args...)...)
	command.Env = []string{"PATH=" + m.bin}
	out, err := command.CombinedOutput()
	log, _ := os.ReadFile(m.log) // the file is missing if nothing was called
	for line := range strings.Lines(string(log)) {
		calls = append(calls, strings.TrimSpace(line))
	}
	return string(out), calls, err == nil
}

const (
	update  = "apt-get -qq -o DPkg::Lock::Timeout=120 update"
	install = "apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "
)

func TestInstall(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		programs []string          // what the machine has
		scripts  map[string]string // programs that do something other than record their call
		args     []string
		calls    []string
		says     string
		fails    bool
	}{
		"nothing is missing": {
			programs: []string{"apt-get", "redis-server", "ffmpeg"},
			args:     []string{"redis", "ffmpeg"},
		},
		"only what is missing": {
			programs: []string{"apt-get", "valkey-server"},
			args:     []string{"redis", "ffmpeg", "processes"},
			calls:    []string{update, install + "ffmpeg procps"},
			says:     "installing ffmpeg procps",
		},
		"without apt and Homebrew": {
			args:  []string{"redis"},
			says:  "Install with:  sudo apt-get install -y --no-install-recommends redis-server",
			fails: true,
		},
		"without apt and Homebrew, optional": {
			args: []string{"--optional", "redis", "ffmpeg"},
			says: "Install with:  sudo apt-get install -y --no-install-recommends redis-server ffmpeg",
		},
		"through sudo": {
			programs: []string{"apt-get"},
			scripts:  map[string]string{"id": "echo 1000", "sudo": `[ "$1" = -n ] && exit 0; echo sudo >>LOG; "$@"`},
			args:     []string{"ffmpeg"},
			calls:    []string{"sudo", update, "sudo", install + "ffmpeg"},
			says:     "installing ffmpeg",
		},
		"sudo needs a password without a terminal": {
			programs: []string{"apt-get"},
			scripts:  map[string]string{"id": "echo 1000", "sudo": `[ "$1" = -n ] && exit 1; echo asked >>LOG`},
			args:     []string{"--optional", "ffmpeg"},
			says:     "Install with:  sudo apt-get install -y --no-install-recommends ffmpeg",
		},
		"without sudo": {
			programs: []string{"apt-get"},
			scripts:  map[string]string{"id": "echo 1000"},
			args:     []string{"ffmpeg"},
			says:     "Install with:  sudo apt-get",
			fails:    true,
		},
		"apt fails": {
			scripts: map[string]string{"apt-get": "exit 100"},
			args:    []string{"ffmpeg"},
			says:    "Repeat it by hand:  sudo apt-get install -y --no-install-recommends ffmpeg",
			fails:   true,
		},
		"apt fails, optional": {
			scripts: map[string]string{"apt-get": "exit 100"},
			args:    []string{"--optional", "ffmpeg"},
			says:    "Repeat it by hand:  sudo apt-get install -y --no-install-recommends ffmpeg",
		},
		"macOS": {
			programs: []string{"brew", "ffmpeg"},
			scripts:  map[string]string{"uname": "echo Darwin"},
			args:     []string{"redis", "ffmpeg", "fonts"},
			calls:    []string{"brew install redis"},
			says:     "installing redis",
		},
		"macOS without Homebrew": {
			scripts: map[string]string{"uname": "echo Darwin"},
			args:    []string{"redis"},
			says:    "Install with:  brew install redis",
			fails:   true,
		},
		"unknown name": {
			args:  []string{"postgres"},
			says:  "what is postgres?",
			fails: true,
		},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, c.programs...)
			for program, script := range c.scripts {
				m.program(program, strings.ReplaceAll(script, "LOG", m.log))
			}
			said, calls, ok := m.run(c.args...)
			if ok == c.fails {
				t.Errorf("success: got %v, want %v; output %q", ok, !ok, said)
			}
			if !strings.Contains(said, c.says) || c.says == "" && said != "" {
				t.Errorf("output: got %q, want %q", said, c.says)
			}
			if diff := cmp.Diff(c.calls, calls, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}
