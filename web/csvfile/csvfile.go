// Package csvfile writes tables for spreadsheets: CSV as RFC 4180 says, in UTF-8 that Excel recognises, in which no
// text is a formula.
package csvfile

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
)

// Type is the media type of a table.
const Type = "text/csv; charset=utf-8"

// Bytes returns a whole table.
func Bytes(records [][]string) []byte {
	var out bytes.Buffer
	w, _ := New(&out) // writing to a buffer does not fail
	_ = w.WriteAll(records)
	return out.Bytes()
}

// New begins a table. Its error is the writer's.
func New(w io.Writer) (*csv.Writer, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	c := csv.NewWriter(w)
	c.UseCRLF = true
	return c, nil
}

// Inert keeps a spreadsheet from taking what somebody typed for a formula: a text that begins like one gets an
// apostrophe in front.
func Inert(s string) string {
	for _, sign := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(s, sign) {
			return "'" + s
		}
	}
	return s
}
