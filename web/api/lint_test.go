package api_test

import (
	"os"
	"os/exec"
	"testing"
)

// TestDocument_lints_clean runs Spectral on the document. It needs Node, and is skipped without what npm ci installs
// unless CI or E2E=required is set.
func TestDocument_lints_clean(t *testing.T) {
	t.Parallel()
	const spectral = "node_modules/.bin/spectral"
	if _, err := os.Stat("../../" + spectral); err != nil {
		if os.Getenv("E2E") == "required" || os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("npm ci was not run: ", err)
	}
	command := exec.CommandContext(t.Context(), spectral, "lint", "--fail-severity=warn", "web/api/openapi.json")
	command.Dir = "../.."
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("spectral: %v\n%s", err, out)
	}
}
