// The program gen adds the Latin letters of Go Regular to the typeface of the PDFs, which has only Chinese ones:
//
//	go run ./web/typeface/gen web/typeface/sans.ttf
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// ranges are the characters to add. Those below latinEnd take the place of what the typeface has.
var ranges = [][2]rune{
	{0x20, 0x7e},
	{0xa0, 0x24f},
	{0x2010, 0x2027},
	{0x2030, 0x203a},
	{0x20ac, 0x20ac},
	{0x2122, 0x2122},
	{0x2190, 0x2193},
	{0x25a1, 0x25a1},
}

const latinEnd = 0x250

// kept are the tables that a typeface for PDFs needs.
var kept = []string{"OS/2", "cmap", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "name", "post"}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: gen FILE")
	}
	old, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	made, err := withLatin(old)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[1], made, 0o644); err != nil { //nolint:gosec // a file of the repository
		log.Fatal(err)
	}
}

// withLatin returns a typeface with the Latin letters.
func withLatin(old []byte) ([]byte, error) {
	tables, err := read(old)
	if err != nil {
		return nil, err
	}
	widen(tables)
	chars := charsOf(tables["cmap"])
	if chars['A'] != 0 {
		return nil, errors.New("it has Latin letters already")
	}
	latin, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("go regular: %w", err)
	}
	unit := binary.BigEndian.Uint16(tables["head"][18:])
	var buf sfnt.Buffer
	for _, r := range ranges {
		for c := r[0]; c <= r[1]; c++ {
			index, err := latin.GlyphIndex(&buf, c)
			if err != nil || index == 0 || c >= latinEnd && chars[c] != 0 {
				continue
			}
			if chars[c], err = add(tables, latin, &buf, index, int(unit)); err != nil {
				return nil, fmt.Errorf("%q: %w", c, err)
			}
		}
	}
	tables["cmap"] = cmapOf(chars)
	return write(tables), nil
}

func read(b []byte) (map[string][]byte, error) {
	tables := map[string][]byte{}
	for n := range int(binary.BigEndian.Uint16(b[4:])) {
		entry := b[12+16*n:]
		name, at, size := string(entry[:4]), binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
		if slices.Contains(kept, name) {
			tables[name] = bytes.Clone(b[at : at+size])
		}
	}
	if len(tables) != len(kept) || binary.BigEndian.Uint16(tables["head"][50:]) != 1 {
		return nil, errors.New("a table is missing, or offsets are short")
	}
	return tables, nil
}

// widen writes out the widths of the glyphs that share the last one.
func widen(tables map[string][]byte) {
	known, b := int(binary.BigEndian.Uint16(tables["hhea"][34:])), tables["hmtx"]
	all, out := int(binary.BigEndian.Uint16(tables["maxp"][4:])), bytes.Clone(b[:4*known])
	for n := range all - known {
		out = append(out, b[4*known-4], b[4*known-3], b[4*known+2*n], b[4*known+2*n+1])
	}
	tables["hmtx"] = out
	binary.BigEndian.PutUint16(tables["hhea"][34:], uint16(all))
}

// add appends a glyph to the tables, in units of the typeface, and returns its number.
func add(tables map[string][]byte, from *sfnt.Font, buf *sfnt.Buffer, index sfnt.GlyphIndex, unit int) (uint16, error) {
	size := fixed.I(unit)
	segments, err := from.LoadGlyph(buf, index, size, nil)
	if err != nil {
		return 0, err
	}
	outline := glyph(segments)
	wide, err := from.GlyphAdvance(buf, index, size, font.HintingNone)
	if err != nil {
		return 0, err
	}
	left := int16(0)
	if len(outline) > 0 {
		left = int16(binary.BigEndian.Uint16(outline[2:]))
	}
	number := binary.BigEndian.Uint16(tables["maxp"][4:])
	tables["glyf"] = append(tables["glyf"], outline...)
	tables["loca"] = binary.BigEndian.AppendUint32(tables["loca"], uint32(len(tables["glyf"])))
	tables["hmtx"] = binary.BigEndian.AppendUint16(tables["hmtx"], uint16(wide.Round()))
	tables["hmtx"] = binary.BigEndian.AppendUint16(tables["hmtx"], uint16(left))
	binary.BigEndian.PutUint16(tables["maxp"][4:], number+1)
	binary.BigEndian.PutUint16(tables["hhea"][34:], number+1)
	return number, nil
}

type point struct {
	x, y int16
	on   bool
}

// glyph writes an outline in the format of the table "glyf"; nothing for one without contours.
func glyph(segments sfnt.Segments) []byte {
	at := func(p fixed.Point26_6, on bool) point { return point{int16(p.X.Round()), int16(-p.Y.Round()), on} }
	var contours [][]point
	for _, s := range segments {
		last := len(contours) - 1
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			contours = append(contours, []point{at(s.Args[0], true)})
		case sfnt.SegmentOpLineTo:
			contours[last] = append(contours[last], at(s.Args[0], true))
		case sfnt.SegmentOpQuadTo:
			contours[last] = append(contours[last], at(s.Args[0], false), at(s.Args[1], true))
		}
	}
	if len(contours) == 0 {
		return nil
	}
	var all []point
	var ends []byte
	for _, c := range contours {
		if end := len(c) - 1; end > 0 && c[0] == c[end] {
			c = c[:end] // contours close by themselves
		}
		all = append(all, c...)
		ends = binary.BigEndian.AppendUint16(ends, uint16(len(all)-1))
	}
	low, high := all[0], all[0]
	var flags, xs, ys []byte
	var was point
	for _, p := range all {
		low.x, low.y, high.x, high.y = min(low.x, p.x), min(low.y, p.y), max(high.x, p.x), max(high.y, p.y)
		flags = append(flags, map[bool]byte{true: 1}[p.on])
		xs = binary.BigEndian.AppendUint16(xs, uint16(p.x-was.x))
		ys = binary.BigEndian.AppendUint16(ys, uint16(p.y-was.y))
		was = p
	}
	var out []byte
	for _, n := range []int16{int16(len(contours)), low.x, low.y, high.x, high.y} {
		out = binary.BigEndian.AppendUint16(out, uint16(n))
	}
	out = slices.Concat(out, ends, []byte{0, 0}, flags, xs, ys)
	return append(out, make([]byte, (4-len(out)%4)%4)...)
}

// charsOf reads the subtable of format 4.
func charsOf(cmap []byte) map[rune]uint16 {
	b := cmap[binary.BigEndian.Uint32(cmap[8:]):]
	for n := range int(binary.BigEndian.Uint16(cmap[2:])) {
		if s := cmap[binary.BigEndian.Uint32(cmap[8+8*n:]):]; binary.BigEndian.Uint16(s) == 4 {
			b = s
		}
	}
	double := int(binary.BigEndian.Uint16(b[6:]))
	u16 := func(at int) uint16 { return binary.BigEndian.Uint16(b[at:]) }
	chars := map[rune]uint16{}
	for n := 0; n < double; n += 2 {
		end, start := int(u16(14+n)), int(u16(16+double+n))
		delta, offset := u16(16+2*double+n), int(u16(16+3*double+n))
		for c := start; c <= end && c != 0xffff; c++ {
			g := uint16(c) + delta
			if offset != 0 {
				if g = u16(16 + 3*double + n + offset + 2*(c-start)); g != 0 {
					g += delta
				}
			}
			if g != 0 {
				chars[rune(c)] = g
			}
		}
	}
	return chars
}

// cmapOf writes a table with one subtable of format 4, for Windows and Unicode.
func cmapOf(chars map[rune]uint16) []byte {
	type run struct{ start, end, delta uint16 }
	var runs []run
	for _, c := range slices.Sorted(maps.Keys(chars)) {
		delta := chars[c] - uint16(c)
		if last := len(runs) - 1; last >= 0 && runs[last].end+1 == uint16(c) && runs[last].delta == delta {
			runs[last].end++
			continue
		}
		runs = append(runs, run{uint16(c), uint16(c), delta})
	}
	runs = append(runs, run{0xffff, 0xffff, 1})
	var ends, starts, deltas []byte
	for _, r := range runs {
		ends = binary.BigEndian.AppendUint16(ends, r.end)
		starts = binary.BigEndian.AppendUint16(starts, r.start)
		deltas = binary.BigEndian.AppendUint16(deltas, r.delta)
	}
	power, log2 := 1, 0
	for power*2 <= len(runs) {
		power, log2 = power*2, log2+1
	}
	size := 16 + 8*len(runs)
	if size > 0xffff {
		log.Fatalf("%d runs of characters are too many", len(runs))
	}
	var sub []byte
	for _, n := range []int{4, size, 0, 2 * len(runs), 2 * power, log2, 2 * (len(runs) - power)} {
		sub = binary.BigEndian.AppendUint16(sub, uint16(n))
	}
	sub = slices.Concat(sub, ends, []byte{0, 0}, starts, deltas, make([]byte, 2*len(runs)))
	return append([]byte{0, 0, 0, 1, 0, 3, 0, 1, 0, 0, 0, 12}, sub...)
}

func checksum(b []byte) (sum uint32) {
	for n := 0; n < len(b); n += 4 {
		var word [4]byte
		copy(word[:], b[n:])
		sum += binary.BigEndian.Uint32(word[:])
	}
	return sum
}

func write(tables map[string][]byte) []byte {
	names := slices.Sorted(maps.Keys(tables))
	clear(tables["head"][8:12])
	head := binary.BigEndian.AppendUint32(nil, 0x00010000)
	for _, n := range []int{len(names), 128, 3, 16*len(names) - 128} { // for 8 to 15 tables
		head = binary.BigEndian.AppendUint16(head, uint16(n))
	}
	var body []byte
	adjust := 0
	for _, name := range names {
		at := 12 + 16*len(names) + len(body)
		if name == "head" {
			adjust = at + 8
		}
		head = append(head, name...)
		head = binary.BigEndian.AppendUint32(head, checksum(tables[name]))
		head = binary.BigEndian.AppendUint32(head, uint32(at))
		head = binary.BigEndian.AppendUint32(head, uint32(len(tables[name])))
		body = append(body, tables[name]...)
		body = append(body, make([]byte, (4-len(body)%4)%4)...)
	}
	all := append(head, body...)
	binary.BigEndian.PutUint32(all[adjust:], 0xb1b0afba-checksum(all))
	return all
}
