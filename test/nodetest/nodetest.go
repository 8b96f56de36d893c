// Package nodetest lets tests compare with packages of npm's, which are no dependencies of the mall.
package nodetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Ask runs testdata/oracle.mjs in the folder of the test, and fails the test if that fails. The script uses a package
// of npm's; it reads what is asked as JSON from standard input and writes its answer as JSON, which is read into
// answer. Its environment is PATH and env, such as "TZ=UTC". Without Node or the package the test is skipped, or fails
// if CI or E2E=required is set.
func Ask(t *testing.T, npm string, ask, answer any, env ...string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		err = installed(npm)
	}
	if err != nil {
		const missing = "SKIPPED COMPARISON: no Node, or npm ci was not run: "
		if os.Getenv("E2E") == "required" || os.Getenv("CI") != "" {
			t.Fatal(missing, err)
		}
		t.Skip(missing, err)
	}
	asked, err := json.Marshal(ask)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), node, "testdata/oracle.mjs")
	command.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	command.Stdin = bytes.NewReader(asked)
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.String())
	}
	if err := json.Unmarshal(out, answer); err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
}

// installed looks for a package of npm's in node_modules at the root of the Go module.
func installed(npm string) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			_, err := os.Stat(filepath.Join(root, "node_modules", npm, "package.json"))
			return err
		}
		if filepath.Dir(root) == root {
			return errors.New("no go.mod")
		}
		root = filepath.Dir(root)
	}
}
