package search

import (
	"math"
	"strconv"
	"strings"

	"videomall/mall/catalog"
)

// Bounds of a document: PostgreSQL keeps positions up to 16383, and a description that goes on after this says little
// new.
const (
	longestText  = 4000 // characters of one field
	lastPosition = 16000
	fieldGap     = 8 // positions between two fields, so that no phrase runs across
)

// version of the documents. It changes whenever documents are written in another way.
const version = 2

// weightSpoken is what a match of how characters are read weighs: least.
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
	v.add('C', false, t.Description.Zh, t.Description.En) // is found by its words alone

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

// popularity is the factor by which sales and ratings raise a match: a best seller of a thousand ranks about twice as
// high as a newcomer that matches as well.
func popularity(t catalog.Texts) float32 {
	known := 1 + 0.15*math.Log1p(float64(max(0, t.SoldCount)))
	if t.RatingCount > 0 {
		known *= 1 + (float64(t.RatingSum)/float64(t.RatingCount)-3)/20
	}
	return float32(known)
}

// vector writes a tsvector: 'lexeme':positionWeight, apart by spaces. Characters of a run take a position each; a pair
// stands where its first character does, a stem where its word does, and how a character is read where it does.
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

// quote writes a lexeme for a tsvector or a tsquery. A lexeme is letters and digits only, whatever was typed; the
// escapes stand here so that this needs no proof elsewhere.
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
