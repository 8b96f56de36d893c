// Package breached looks passwords up in a file of SHA-1 hashes, as the downloader of Have I Been Pwned writes it: one
// line for each password, sorted, its hash in hexadecimal and then perhaps a colon and a count. It refuses to know any
// other rule of passwords.
package breached

import (
	"bytes"
	"crypto/sha1" // the file has no better hashes; nothing relies on them
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	digits  = 40       // of a hash
	maxLine = 64       // bytes, with the count and the end of the line
	window  = 4 * 1024 // bytes that are read at once instead of being halved further
)

// List is an open file. It is safe for concurrent use.
type List struct {
	file io.ReaderAt
	size int64
}

// Open opens a file, and reads its first line to check the format. The caller keeps it open while the program runs.
func Open(path string) (*List, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	l := &List{file: f, size: info.Size()}
	first, _, err := l.line(0)
	if err == nil && !wellFormed(first) {
		err = fmt.Errorf("%s: its first line is no SHA-1 hash in hexadecimal", path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

func wellFormed(line string) bool {
	if len(line) < digits || len(line) > digits && line[digits] != ':' {
		return false
	}
	_, err := hex.DecodeString(line[:digits])
	return err == nil
}

// Has reports whether the file has the password.
func (l *List) Has(password string) (bool, error) {
	sum := sha1.Sum([]byte(password))
	want := strings.ToUpper(hex.EncodeToString(sum[:]))
	from, to := int64(0), l.size // the line, if there is one, begins at from or later, and before to
	for to-from > window {
		middle := from + (to-from)/2
		line, at, err := l.line(middle)
		if err != nil {
			return false, err
		}
		switch {
		case line == "" || at >= to: // no line begins between the middle and the end
			to = middle
		case !wellFormed(line):
			return false, fmt.Errorf("no SHA-1 hash at byte %d", at)
		case strings.ToUpper(line[:digits]) <= want:
			from = at
		default:
			to = at
		}
	}
	raw := make([]byte, to-from+maxLine)
	n, err := l.file.ReadAt(raw, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	for line := range bytes.Lines(raw[:n]) {
		if len(line) >= digits && strings.EqualFold(string(line[:digits]), want) {
			return true, nil
		}
	}
	return false, nil
}

// line returns the first line that begins at an offset or after it, and where it begins; "" at the end of the file.
func (l *List) line(offset int64) (line string, at int64, err error) {
	raw := make([]byte, 2*maxLine+1)
	from := max(0, offset-1) // a line begins at the offset if the byte before ends one
	n, err := l.file.ReadAt(raw, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", 0, err
	}
	raw, at = raw[:n], from
	if offset > 0 {
		end := bytes.IndexByte(raw, '\n')
		if end < 0 {
			return "", l.size, nil
		}
		raw, at = raw[end+1:], from+int64(end)+1
	}
	text, _, _ := bytes.Cut(raw, []byte("\n"))
	return string(bytes.TrimRight(text, "\r")), at, nil
}
