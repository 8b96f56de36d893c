package earnings

import (
	"bytes"
	"fmt"

	"videomall/mall/ledger"
	"videomall/views/text"
	"videomall/web/csvfile"
)

// CSV writes a statement as RFC 4180 says, a row a line of it. Sums are decimals with a point, in every language.
func CSV(t *text.Printer, s ledger.Statement) ([]byte, error) {
	var buf bytes.Buffer
	w, err := csvfile.New(&buf)
	if err != nil {
		return nil, err
	}
	head := append([]string{t.T("earnings.currency")}, heads(t)...)
	// what else names the zone gets lost on the way into a spreadsheet
	head[1] = t.T("earnings.day_of", "Zone", s.Zone.Name())
	records := [][]string{head}
	for _, b := range s.Books {
		for _, r := range rows(t, s.Zone, b) {
			if r.typed {
				r.what = csvfile.Inert(r.what)
			}
			records = append(records, append([]string{b.Currency}, r.cells()...))
		}
	}
	if err := w.WriteAll(records); err != nil {
		return nil, fmt.Errorf("write the statement: %w", err)
	}
	return buf.Bytes(), nil
}
