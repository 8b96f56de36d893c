package search

import (
	"math"
	"strconv"
	"strings"

	"videomall/mall/catalog"
)

// Bounds of a document: PostgreSQL stores positions up to 16383, and the rest of a longer description adds little to
// what can be found.
const (
	longestText  = 4000 // characters of one field
	lastPosition = 16000
	fieldGap     = 8 // positions between two fields, so that no phrase runs across
)

// version is the version of the documents. It changes whenever documents are written in another way.
const version = 2

// weightSpoken is the weight of a match by pinyin, the lowest of all.
const weightSpoken = 'D'

// doc is what the index stores about an SPU.
type doc struct {
	words      string // a tsvector in PostgreSQL's own notation
	fuzzy      string
	popularity float32
}

func document(t catalog.Texts) doc {
	var v vector
	v.add('A', true, t.Title.Zh, t.Title.En)
	v.add('B', true, t.Creator.Zh, t.Creator.En)
	v.add('B', true, t.Tags...)
	v.add('C', true, t.Category.Zh, t.Category.En)
	v.add('C', false, t.Description.Zh, t.Description.En) // found only by its words, not by pinyin

	var fuzzy []string
	for _, s := range append([]string{t.Title.Zh, t.Title.En, t.Creator.Zh, t.Creator.En, t.Category.Zh, t.Category.En},
		t.Tags...) {
		for _, r := range segment(clip(s)) {
			if !r.cjk {
				fuzzy = append(fuzzy, r.text())
			}
		}
	}

	return doc{
		words:      v.b.String(),
		fuzzy:      strings.Join(fuzzy, " "),
		popularity: popularity(t),
	}
}

// popularity returns the factor by which sales and ratings raise the score of a match: a video that was sold a thousand
// times scores about twice as high as a new one that matches as well.
func popularity(t catalog.Texts) float32 {
	known := 1 + 0.15*math.Log1p(float64(max(0, t.SoldCount)))
	if t.RatingCount > 0 {
		known *= 1 + (float64(t.RatingSum)/float64(t.RatingCount)-3)/20
	}
	return float32(known)
}

// vector writes a tsvector: 'lexeme':positionWeight, separated by spaces. Each character of a run has a position. A
// pair has the position of its first character, a stem that of its word, and a reading that of its character.
type vector struct {
	b        strings.Builder
	position int
}

func (v *vector) add(weight byte, pinyin bool, fields ...string) {
	for _, field := range fields {
		for _, r := range segment(clip(field)) {
			if !r.cjk {
				v.position++
				word := r.text()
				v.put(word, weight)
				if s := stem(word); s != word {
					v.put(s, weight)
				}
				continue
			}
			var heard [][]string
			if pinyin {
				heard = spoken(r.runes)
			}
			for i, c := range r.runes {
				v.position++
				v.put(string(c), weight)
				if i+1 < len(r.runes) {
					v.put(string(r.runes[i:i+2]), weight)
				}
				if pinyin {
					for _, lexeme := range heard[i] {
						v.put(lexeme, weightSpoken)
					}
				}
			}
		}
		v.position += fieldGap
	}
}

func (v *vector) put(lexeme string, weight byte) {
	if v.position > lastPosition {
		return
	}
	v.b.WriteString(quote(lexeme))
	v.b.WriteByte(':')
	v.b.WriteString(strconv.Itoa(v.position))
	v.b.WriteByte(weight)
	v.b.WriteByte(' ')
}

// quote writes a lexeme for a tsvector or a tsquery. A lexeme has only letters and digits, whatever was typed. quote
// escapes all the same, so that its safety does not depend on code elsewhere.
func quote(lexeme string) string {
	return "'" + strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(lexeme) + "'"
}

func clip(s string) string { return clipTo(s, longestText) }

func clipTo(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return s[:i]
		}
		n++
	}
	return s
}
