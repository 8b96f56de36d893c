package media_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Videos that ffmpeg makes for tests are made once: a second test that asks for the same one, and a second run of the
// tests, read the file of the first. A file's name is a hash of ffmpeg's version and of all its arguments, so that a
// changed argument or a new ffmpeg makes another file and none has to be thrown away.

// sampleDir is the folder of these files, in the user's cache, or a temporary one where a user has none.
var sampleDir = sync.OnceValues(func() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	dir := filepath.Join(base, "videomall-test-videos")
	return dir, os.MkdirAll(dir, 0o700)
})

// ffmpegVersion is what ffmpeg says of itself.
var ffmpegVersion = sync.OnceValues(func() ([]byte, error) {
	return exec.Command("ffmpeg", "-hide_banner", "-version").Output()
})

// samples holds one function for each file, which makes it, so that tests that run in parallel don't make it twice.
var samples sync.Map

// sample makes a video with ffmpeg, or reads the one that was made with these arguments before. The ending of the last
// argument names the form. A file among the arguments must come from kept: its path says what is in it. Tests share the
// bytes and must not change them.
func sample(t *testing.T, args ...string) []byte {
	t.Helper()
	options, ending := args[:len(args)-1], args[len(args)-1]
	version, err := ffmpegVersion()
	if err != nil {
		t.Fatal(err)
	}
	name := hashed(version, []byte(strings.Join(args, "\x00"))) + ending
	made, _ := samples.LoadOrStore(name, sync.OnceValues(func() ([]byte, error) {
		return cached(name, func(to string) error {
			run := append(append([]string{"-v", "error", "-y", "-nostdin"}, options...), to)
			if out, err := exec.Command("ffmpeg", run...).CombinedOutput(); err != nil {
				return fmt.Errorf("ffmpeg %v: %w %s", run, err, out)
			}
			return nil
		})
	}))
	b, err := made.(func() ([]byte, error))()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clip(b) // appending to it must not write into what other tests read
}

// kept writes content to a file that videos are made of, and returns its path.
func kept(t *testing.T, name string, content []byte) string {
	t.Helper()
	name = hashed(content) + "-" + name
	write := func(to string) error { return os.WriteFile(to, content, 0o600) }
	if _, err := cached(name, write); err != nil {
		t.Fatal(err)
	}
	dir, _ := sampleDir() // cached has found it
	return filepath.Join(dir, name)
}

// cached reads a file of sampleDir, after make has written it if it is not there. The file appears whole or not at all:
// several test binaries may make it at the same time.
func cached(name string, make func(to string) error) ([]byte, error) {
	dir, err := sampleDir()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, name)
	if b, err := os.ReadFile(file); !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	unfinished, err := os.MkdirTemp(dir, "unfinished-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(unfinished)
	to := filepath.Join(unfinished, name)
	if err := make(to); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(to)
	if err != nil {
		return nil, err
	}
	return b, os.Rename(to, file)
}

func hashed(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:", len(p))
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

var h264 = []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}

// lavfi are inputs that ffmpeg draws itself.
func lavfi(inputs ...string) []string {
	var args []string
	for _, in := range inputs {
		args = append(args, "-f", "lavfi", "-i", in)
	}
	return args
}

func join(parts ...any) []string {
	var all []string
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			all = append(all, p)
		case []string:
			all = append(all, p...)
		}
	}
	return all
}

// bars are the arguments for a picture that moves.
func bars(size string, seconds int) []string {
	return []string{"-f", "lavfi", "-i", fmt.Sprintf("testsrc=s=%s:r=25:d=%d", size, seconds)}
}

// sounding are the arguments for a video with a picture that moves and a tone.
func sounding(size string, seconds int) []string {
	return append(bars(size, seconds), "-f", "lavfi", "-i", fmt.Sprintf("sine=d=%d", seconds), "-c:v", "libx264",
		"-preset", "ultrafast", "-c:a", "aac")
}
