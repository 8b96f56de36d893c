package earnings

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"

	"videomall/mall/ledger"
	"videomall/views/text"
)

// mark tells Excel that the text is UTF-8.
const mark = "\ufeff"

// CSV writes a statement as RFC 4180 says, a row a line of it. Sums are decimals with a point, in every language.
func CSV(t *text.Printer, s ledger.Statement) ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteString(mark)
	w := csv.NewWriter(&buf)
	w.UseCRLF = true
	records := [][]string{append([]string{t.T("earnings.currency")}, heads(t)...)}
	for _, b := range s.Books {
		for _, r := range rows(t, b) {
			if r.typed {
				r.what = harmless(r.what)
			}
			records = append(records, append([]string{b.Currency}, r.cells()...))
		}
	}
	if err := w.WriteAll(records); err != nil {
		return nil, fmt.Errorf("write the statement: %w", err)
	}
	return buf.Bytes(), nil
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(s string) string {
	if strings.ContainsAny(s[:min(len(s), 1)], "=+-@\t\r\n") || strings.HasPrefix(s, "＝") || strings.HasPrefix(s, "＋") ||
		strings.HasPrefix(s, "－") || strings.HasPrefix(s, "＠") {
		return "'" + s
	}
	return s
}
