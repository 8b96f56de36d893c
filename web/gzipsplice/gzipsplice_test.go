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

// unzip reads one gzip member with compress/gzip, which checks its checksum and size. Nothing may follow it.
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
		t.Fatalf("bytes after the member: got %d, want 0", in.Len())
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
			t.Errorf("plain text with %.10q differs from the replaced text", fill)
		}
		packed := text.AppendGzip(nil, fill)
		if got := unzip(t, packed); string(got) != want {
			t.Errorf("unpacked gzip with %.10q differs from the replaced text", fill)
		}
		if len(fill) == 4 && len(packed) > len(want)/10 {
			t.Errorf("gzip: got %d bytes for a text of %d, want at most a tenth", len(packed), len(want))
		}
	}
}

func TestCut_refuses_impossible_mark(t *testing.T) {
	t.Parallel()
	for _, mark := range []string{"", strings.Repeat("x", 65536)} {
		if _, err := gzipsplice.Cut([]byte("text"), mark); !errors.Is(err, gzipsplice.ErrHole) {
			t.Errorf("mark of %d bytes: got error %v, want ErrHole", len(mark), err)
		}
	}
}

// FuzzAssembled compares a spliced text, plain and read by compress/gzip, with bytes.ReplaceAll.
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
			t.Fatal("plain text differs from the replaced text")
		}
		if got := unzip(t, cut.AppendGzip(nil, fill)); !bytes.Equal(got, want) {
			t.Fatal("unpacked gzip differs from the replaced text")
		}
	})
}
