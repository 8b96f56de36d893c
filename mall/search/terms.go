package search

import (
	"slices"
	"strconv"
	"strings"
)

// Bounds of a query. The rest of a longer one is ignored.
const (
	LongestQuery = 100 // characters
	mostTerms    = 12
)

// term is one condition of a query: a word or a Chinese run, or a "quoted phrase" of several. With a leading - it is
// unwanted.
type term struct {
	runs   []run
	not    bool
	prefix bool // the last word may be unfinished
}

// stopWords are too common to be required together with other words.
var stopWords = map[string]bool{
	"a": true, "an": true, "and": true, "at": true, "by": true, "for": true, "from": true,
	"in": true,
	"is": true, "it": true, "of": true, "on": true, "or": true, "the": true, "to": true, "with": true, "的": true,
	"和": true, "与": true,
}

// parse reads a query as web searches do: all words are wanted, "…" is a phrase, and a leading - marks an unwanted
// word. No text is an error. A query with only unwanted words finds nothing.
func parse(query string) []term {
	var terms []term
	unfinished := false
	for _, c := range chunks(clipTo(query, LongestQuery)) {
		runs := segment(c.text)
		for i := range runs { // places are relative to the start of the query
			for j := range runs[i].places {
				runs[i].places[j].start += c.at
				runs[i].places[j].end += c.at
			}
		}
		if len(runs) == 0 {
			continue
		}
		if c.phrase {
			terms = append(terms, term{runs: runs, not: c.not})
			unfinished = false
			continue
		}
		for _, r := range runs {
			terms = append(terms, term{runs: []run{r}, not: c.not})
			unfinished = !r.cjk && !c.not
		}
	}
	if unfinished && len(terms) <= mostTerms {
		last := &terms[len(terms)-1]
		last.prefix = len(last.runs[0].runes) >= 3
	}
	terms = terms[:min(mostTerms, len(terms))]
	wanted := slices.DeleteFunc(slices.Clone(terms), func(t term) bool {
		return len(t.runs) == 1 && stopWords[t.runs[0].text()]
	})
	if slices.ContainsFunc(wanted, func(t term) bool { return !t.not }) {
		terms = wanted
	}
	if !slices.ContainsFunc(terms, func(t term) bool { return !t.not }) {
		return nil
	}
	return terms
}

type chunk struct {
	text        string
	at          int
	phrase, not bool
}

const spaces = " \t\r\n\u3000"

// chunks cuts a query at spaces outside quotation marks. A quotation that is never closed ends with the query.
func chunks(s string) []chunk {
	closing := map[rune]string{'"': `"`, '“': "”", '「': "」", '《': "》"}
	var list []chunk
	for i := 0; i < len(s); {
		rest := strings.TrimLeft(s[i:], spaces)
		i = len(s) - len(rest)
		if rest == "" {
			break
		}
		c := chunk{at: i}
		if len(rest) > 1 && rest[0] == '-' && strings.IndexAny(rest[1:], spaces) != 0 {
			c.not = true
			c.at = i + 1
			rest = rest[1:]
		}
		for open, end := range closing {
			if inner, ok := strings.CutPrefix(rest, string(open)); ok {
				c.phrase, c.at = true, c.at+len(string(open))
				c.text, _, _ = strings.Cut(inner, end)
				i = min(len(s), c.at+len(c.text)+len(end))
			}
		}
		if !c.phrase {
			c.text = rest
			if cut := strings.IndexAny(rest, spaces+"\"“「《"); cut > 0 {
				c.text = rest[:cut]
			}
			i = c.at + len(c.text)
		}
		list = append(list, c)
	}
	return list
}

// strict returns the tsquery that requires every term. how says how freely words are read as pinyin.
func strict(terms []term, how reading) string {
	var parts []string
	for _, stretch := range stretches(terms, how) {
		var all []string
		for _, t := range stretch.terms {
			if t.not {
				all = append(all, "!"+t.tsquery())
			} else {
				all = append(all, t.tsquery())
			}
		}
		parts = append(parts, either(strings.Join(all, " & "), stretch.heard))
	}
	return strings.Join(parts, " & ")
}

// either returns a tsquery that matches query or one of its readings.
func either(query string, heard [][]sound) string {
	if len(heard) == 0 {
		return query
	}
	query = "(" + query + ")"
	for _, p := range heard {
		query += " | " + spokenQuery(p)
	}
	return "(" + query + ")"
}

// stretch is a sequence of terms that are read together, with their readings.
type stretch struct {
	terms []term
	heard [][]sound
}

// stretches returns the terms of a query. Adjacent words that are pinyin together are one stretch: shui mu.
func stretches(terms []term, how reading) []stretch {
	var list []stretch
	for len(terms) > 0 {
		n := max(1, slices.IndexFunc(append(slices.Clone(terms), term{not: true}), func(t term) bool {
			return !t.spelt()
		}))
		s := stretch{terms[:n], heardAs(texts(terms[:n]), how)}
		if len(s.heard) == 0 && n > 1 {
			n = 1
			s = stretch{terms[:1], heardAs(texts(terms[:1]), how)}
		}
		list, terms = append(list, s), terms[n:]
	}
	return list
}

// spelt reports whether a term may be pinyin: it is one wanted word of Latin letters, and not a stop word.
func (t term) spelt() bool {
	return !t.not && len(t.runs) == 1 && isSpelt(t.runs[0].text()) && !stopWords[t.runs[0].text()]
}

// texts returns the words of those terms that may be pinyin.
func texts(terms []term) []string {
	var list []string
	for _, t := range terms {
		if t.spelt() {
			list = append(list, t.runs[0].text())
		}
	}
	return list
}

// relaxed returns the tsquery that any of the terms satisfies. For a long Chinese run any of its pairs is enough. It is
// empty if there is only one alternative.
func relaxed(terms []term) string {
	var any, none []string
	for _, t := range terms {
		switch {
		case t.not:
			none = append(none, " & !"+t.tsquery())
		default:
			for _, r := range t.runs {
				if !r.cjk {
					any = append(any, either(word(r, t.prefix), heardAs([]string{r.text()}, asWhole)))
					continue
				}
				for _, p := range r.pairs() {
					any = append(any, quote(p))
				}
			}
		}
	}
	if len(any) < 2 {
		return ""
	}
	return "(" + strings.Join(any, " | ") + ")" + strings.Join(none, "")
}

// tsquery writes one term. A single word is found by itself, by its stem, or by its beginning if it may be unfinished.
// In a phrase and in a Chinese run every lexeme has its distance from the one before.
func (t term) tsquery() string {
	if len(t.runs) == 1 && !t.runs[0].cjk {
		return word(t.runs[0], t.prefix)
	}
	var b strings.Builder
	position, before := 0, -1
	put := func(lexeme string) {
		if before >= 0 {
			b.WriteString(" <" + strconv.Itoa(position-before) + "> ")
		}
		b.WriteString(quote(lexeme))
		before = position
	}
	for _, r := range t.runs {
		if !r.cjk {
			put(r.text())
			position++
			continue
		}
		for i, p := range r.pairs() {
			if i > 0 {
				position++
			}
			put(p)
		}
		position += min(2, len(r.runes))
	}
	return "(" + b.String() + ")"
}

func word(r run, prefix bool) string {
	w := r.text()
	lexeme := quote(w)
	if prefix {
		lexeme += ":*"
	}
	if s := stem(w); s != w {
		return "(" + lexeme + " | " + quote(s) + ")"
	}
	return lexeme
}
