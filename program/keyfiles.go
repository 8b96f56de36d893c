package program

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	// keyFileMax is far more than a file of keys or certificates has.
	keyFileMax = 1 << 20
	// lookEvery is how often files of keys are looked at, at most.
	lookEvery = 2 * time.Second
)

// readKeys reads files of keys and returns a function that returns what parse makes of them. The function looks at the
// files again from time to time, so that keys can be replaced while the mall runs. Files that can't be read or parsed
// then, such as half a key while it is being written, leave the keys as they were and are logged once.
func readKeys[T any](log *slog.Logger, files []string, parse func(texts []string) (T, error)) (func() T, error) {
	texts, stamp, err := readAll(files)
	if err != nil {
		return nil, err
	}
	keys, err := parse(texts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(files, ", "), err)
	}
	var mu sync.Mutex
	looked, known := time.Now(), stamp
	return func() T {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(looked) < lookEvery {
			return keys
		}
		looked = time.Now()
		texts, stamp, err := readAll(files)
		if err == nil && stamp == known {
			return keys
		}
		var changed T
		if err == nil {
			known = stamp
			changed, err = parse(texts)
		}
		if err != nil {
			log.Error("keys not replaced", "files", files, "error", err)
			return keys
		}
		log.Info("keys replaced", "files", files)
		keys = changed
		return keys
	}, nil
}

// readAll reads files, and returns their texts and what they are all together, to see whether they have changed.
func readAll(files []string) (texts []string, stamp string, err error) {
	for _, name := range files {
		text, err := readFile(name)
		if err != nil {
			return nil, "", err
		}
		texts = append(texts, text)
	}
	return texts, strings.Join(texts, "\x00"), nil
}

func readFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, keyFileMax+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read %s: %w", name, err)
	case len(text) > keyFileMax:
		return "", fmt.Errorf("%s is larger than %d bytes", name, keyFileMax)
	}
	return string(text), nil
}
