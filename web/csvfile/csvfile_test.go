package csvfile_test

import (
	"bytes"
	"testing"

	"videomall/web/csvfile"
)

func TestInert_no_formula(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx",
		"\rx": "'\rx", "\nx": "'\nx",
		"＝x": "'＝x", "＠x": "'＠x", "Film": "Film", "a=b": "a=b", "": "",
	} {
		if got := csvfile.Inert(text); got != want {
			t.Errorf("Inert(%q): got %q, want %q", text, got, want)
		}
	}
	var out bytes.Buffer
	w, err := csvfile.New(&out)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteAll([][]string{{"a", `say "b", twice`}}); err != nil ||
		out.String() != "\ufeffa,\"say \"\"b\"\", twice\"\r\n" {
		t.Errorf("file: got %q, %v", out.String(), err)
	}
	if got := csvfile.Bytes([][]string{{"a", `say "b", twice`}}); !bytes.Equal(got, out.Bytes()) {
		t.Errorf("Bytes: got %q, want %q", got, out.String())
	}
}
