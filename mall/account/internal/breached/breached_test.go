package breached_test

import (
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"videomall/mall/account/internal/breached"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hashes.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func line(password string, count int) string {
	return fmt.Sprintf("%X:%d", sha1.Sum([]byte(password)), count)
}

// A file of each size and form knows all of its passwords, and no others.
func TestList_Has(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 3, 90, 91, 92, 93, 500, 5000} {
		for _, end := range []string{"\r\n", "\n"} {
			lines := make([]string, size)
			for i := range lines {
				lines[i] = line(fmt.Sprint("in ", i), i*i*i)
			}
			slices.Sort(lines)
			l, err := breached.Open(write(t, strings.Join(lines, end)))
			if err != nil {
				t.Fatal(err)
			}
			for i := range size {
				if has, err := l.Has(fmt.Sprint("in ", i)); err != nil || !has {
					t.Fatalf("%d of %d: %v, %v", i, size, has, err)
				}
				if has, err := l.Has(fmt.Sprint("out ", i)); err != nil || has {
					t.Fatalf("another one, of %d: %v, %v", size, has, err)
				}
			}
		}
	}
}

func TestOpen_refuses_other_files(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "password\n", strings.Repeat("G", 40) + "\n", "12345:6\n"} {
		if _, err := breached.Open(write(t, text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if _, err := breached.Open(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there was taken")
	}
}
