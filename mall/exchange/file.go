package exchange

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/fault"
)

// File is a table of rates in CSV with the columns currency, rate and, where it is wanted, from, with or without a
// heading. A moment is written as 2026-12-01T09:00 or 2026-12-01 09:00 in Zone or with an offset of its own; a day begins
// at midnight, and today means now, as nothing does.
type File struct {
	Text      io.Reader
	Zone      *time.Location
	Source    string // of all rates
	Confirmed bool   // as of NewRate
	ActorID   int64
}

// AddFile adds all rates of a file or none, and returns how many there are. Errors: ErrRates, whose fields name each line
// that is refused by its number, counted from 1, with the reason; or "file" if it is empty or has more than MaxRates
// lines.
func (x *Exchange) AddFile(ctx context.Context, f File) (added int, err error) {
	list, lines, err := f.read(x.deps.Now())
	if err != nil {
		return 0, err
	}
	err = x.AddRates(ctx, list)
	if !errors.Is(err, ErrRates) {
		return len(list), err
	}
	wrong, fields := ErrRates, fault.From(err).Fields
	for _, field := range slices.Sorted(maps.Keys(fields)) { // the last of a line is its reason
		place, _, _ := strings.Cut(field, ".")
		if n, err := strconv.Atoi(place); err == nil && n < len(lines) {
			wrong = wrong.With(strconv.Itoa(lines[n]), fields[field])
		}
	}
	return 0, wrong
}

// read returns the rates of the file and the lines that they are on. Errors: ErrRates.
func (f File) read(now time.Time) (list []NewRate, lines []int, err error) {
	rows := csv.NewReader(f.Text)
	rows.FieldsPerRecord = -1
	wrong, bad := ErrRates, 0
	for {
		row, broken := rows.Read()
		if errors.Is(broken, io.EOF) {
			break
		}
		if parse, ok := errors.AsType[*csv.ParseError](broken); ok {
			return nil, nil, wrong.With(strconv.Itoa(parse.Line), "exchange_line")
		}
		if broken != nil {
			return nil, nil, broken
		}
		line, _ := rows.FieldPos(0)
		for n := range row {
			row[n] = strings.TrimSpace(strings.TrimPrefix(row[n], "\ufeff"))
		}
		if list == nil && bad == 0 && strings.EqualFold(row[0], "currency") { // the heading
			continue
		}
		if len(list)+bad == MaxRates {
			return nil, nil, ErrRates.With("file", "exchange_lines_most")
		}
		if len(row) < 2 || len(row) > 3 {
			wrong = wrong.With(strconv.Itoa(line), "exchange_line")
			bad++
			continue
		}
		n := NewRate{
			Currency:  strings.ToUpper(row[0]),
			Rate:      row[1],
			Source:    f.Source,
			Confirmed: f.Confirmed,
			ActorID:   f.ActorID,
		}
		if len(row) == 3 {
			n.From = moment(row[2], f.Zone, now)
		}
		list, lines = append(list, n), append(lines, line)
	}
	switch {
	case bad > 0:
		return nil, nil, wrong
	case len(list) == 0:
		return nil, nil, ErrRates.With("file", "exchange_lines_none")
	}
	return list, lines, nil
}

// moment reads when a rate begins; the zero time for now, and a time long past, which is refused, for what is no moment.
func moment(s string, zone *time.Location, now time.Time) time.Time {
	if s == "" || s == now.In(zone).Format(time.DateOnly) {
		return time.Time{}
	}
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly,
	} {
		if at, err := time.ParseInLocation(layout, s, zone); err == nil {
			return at
		}
	}
	return time.Unix(0, 0)
}
