package program

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestReadKeys(t *testing.T) {
	t.Parallel()
	file, second := filepath.Join(t.TempDir(), "a.pem"), filepath.Join(t.TempDir(), "b.pem")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(file, "one")
	write(second, "two")
	parse := func(texts []string) (string, error) {
		if texts[0] == "half" {
			return "", errors.New("no key")
		}
		return strings.Join(texts, "+"), nil
	}
	var out bytes.Buffer
	keys, err := readKeys(slog.New(slog.NewTextHandler(&out, nil)), []string{file, second}, parse)
	if err != nil || keys() != "one+two" {
		t.Fatalf("%v", err)
	}
	becomes := func(want string) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); keys() != want; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("keys are %q, want %q", keys(), want)
			}
		}
	}
	write(file, "new")
	becomes("new+two")
	write(file, "half")
	time.Sleep(lookEvery + 200*time.Millisecond)
	for range 3 {
		becomes("new+two") // half a key changes nothing
	}
	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	time.Sleep(lookEvery + 200*time.Millisecond)
	becomes("new+two")
	write(second, "other")
	write(file, "last")
	becomes("last+other")
	if log := out.String(); strings.Count(log, "keys replaced") != 2 || !strings.Contains(log, "keys not replaced") {
		t.Errorf("log: %s", log)
	}
	for _, files := range [][]string{{file + "none"}, {second, file + "none"}} {
		if _, err := readKeys(slog.Default(), files, parse); err == nil {
			t.Errorf("%v: no error", files)
		}
	}
	write(file, "half")
	if _, err := readKeys(slog.Default(), []string{file}, parse); err == nil || !strings.Contains(err.Error(), "a.pem") {
		t.Errorf("half a key at the start: %v", err)
	}
}
