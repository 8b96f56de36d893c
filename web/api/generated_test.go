package api_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDocument_generates_a_client has oapi-codegen write a client from the document, compiles it, and lets it call the
// mall: without a session, without a signature, and as a partner.
func TestDocument_generates_a_client(t *testing.T) {
	t.Parallel()
	m := open(t)
	_, sku, _ := m.harbour()
	s := m.shop("one")
	dir := t.TempDir()
	program, err := os.ReadFile("testdata/client/main.go.txt")
	m.OK(err)
	m.OK(os.WriteFile(filepath.Join(dir, "main.go"), program, 0o600))
	// The generator and what its clients import have a go.mod of their own: neither belongs to the mall.
	tool := func(args ...string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), "go", args...)
		command.Dir, command.Env = "../..", append(os.Environ(), "GOFLAGS=")
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	const mod = "-modfile=tools/oapi/go.mod"
	client := filepath.Join(dir, "client.go")
	tool("tool", mod, "oapi-codegen", "-generate", "types,client", "-package", "main", "-o", client, "web/api/openapi.json")
	tool("build", mod, "-ldflags=-s -w", "-o", filepath.Join(dir, "client"), client, filepath.Join(dir, "main.go"))

	signer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked, err := http.NewRequest(r.Header.Get("X-Method"), r.Header.Get("X-Address"), nil)
		if err == nil {
			err = s.Sign(asked, body)
		}
		if err != nil {
			t.Error(err)
			return
		}
		w.Header().Set("X-Authorization", asked.Header.Get("Authorization"))
	}))
	t.Cleanup(signer.Close)
	command := exec.CommandContext(t.Context(), filepath.Join(dir, "client"))
	command.Env = []string{"MALL=" + m.url, "SIGNER=" + signer.URL, fmt.Sprint("SKU=", sku)}
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("the client: %v\n%s", err, out)
	}
	said := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, want := range []string{"unsigned 401", "key " + s.KeyID, "link generated"} {
		if !slices.Contains(said, want) {
			t.Errorf("the client says %q, want also %q", said, want)
		}
	}
}
