package gzipsplice_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"

	"videomall/web/gzipsplice"
)

// unzip reads one gzip member as strictly as compress/gzip does: checksum and size must be right, nothing may follow.
func unzip(t *testing.T, packed []byte) []byte {
	t.Helper()
	in := bytes.NewReader(packed)
	r, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	r.Multistream(false)
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if in.Len() != 0 {
		t.Fatalf("%d bytes follow the member", in.Len())
	}
	return text
}

func TestText_Append_plain_and_gzip(t *testing.T) {
	t.Parallel()
	page := strings.Repeat("<p>A video by the sea.</p>", 400)
	text, err := gzipsplice.Cut([]byte("<script nonce=@@@@></script><b nonce=@@@@>"+page+"@@@@"), "@@@@")
	if err != nil {
		t.Fatal(err)
	}
	for _, fill := range []string{"ABCD", "EFGH", "", "longer than the mark", strings.Repeat("x", 65535)} {
		want := "<script nonce=" + fill + "></script><b nonce=" + fill + ">" + page + fill
		if got := text.AppendPlain([]byte("> "), fill); string(got) != "> "+want {
			t.Errorf("plain with %.10q is not what was cut", fill)
		}
		packed := text.AppendGzip(nil, fill)
		if got := unzip(t, packed); string(got) != want {
			t.Errorf("packed with %.10q is not what was cut", fill)
		}
		if len(fill) == 4 && len(packed) > len(want)/10 {
			t.Errorf("%d bytes for %d", len(packed), len(want))
		}
	}
}

func TestCut_refuses_impossible_mark(t *testing.T) {
	t.Parallel()
	for _, mark := range []string{"", strings.Repeat("x", 65536)} {
		if _, err := gzipsplice.Cut([]byte("text"), mark); !errors.Is(err, gzipsplice.ErrHole) {
			t.Errorf("a mark of %d bytes: %v", len(mark), err)
		}
	}
}

// FuzzAssembled holds what is put together against what plain replacing says, read by compress/gzip.
func FuzzAssembled(f *testing.F) {
	for _, seed := range []struct{ text, mark, fill string }{
		{"", "m", "f"},
		{"m", "m", "f"},
		{"mm", "m", ""},
		{"no hole", "m", "f"},
		{"amamama", "ma", "am"},
		{"<script nonce=\"N\">N</script>", "N", "6OJ3ZC5Y"},
		{"\xff\x00\xff", "\x00", "\xff\xff"},
		{strings.Repeat("ab", 40000), "ba", "c"},
	} {
		f.Add([]byte(seed.text), seed.mark, seed.fill)
	}
	f.Fuzz(func(t *testing.T, text []byte, mark, fill string) {
		if mark == "" || len(mark) > 65535 || len(fill) > 65535 || bytes.Count(text, []byte(mark))*len(fill) > 1<<24 {
			return
		}
		cut, err := gzipsplice.Cut(text, mark)
		if err != nil {
			t.Fatal(err)
		}
		want := bytes.ReplaceAll(text, []byte(mark), []byte(fill))
		if got := cut.AppendPlain(nil, fill); !bytes.Equal(got, want) {
			t.Fatal("plain differs")
		}
		if got := unzip(t, cut.AppendGzip(nil, fill)); !bytes.Equal(got, want) {
			t.Fatal("packed differs")
		}
	})
}
