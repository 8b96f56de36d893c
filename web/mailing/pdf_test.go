package mailing_test

import (
	"bytes"
	"os/exec"
	"testing"
)

// pdfText reads a PDF with a program that has not written it.
func pdfText(t *testing.T, body []byte) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "pdftotext", "-", "-")
	command.Stdin = bytes.NewReader(body)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("pdftotext: %v", err)
	}
	return string(out)
}
