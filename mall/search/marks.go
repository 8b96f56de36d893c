package search

import (
	"strings"
	"unicode/utf8"
)

// Span is a piece of a text; Hit says that the search found it.
type Span struct {
	Text string
	Hit  bool
}

// Marks marks in a text what a query found. The zero value marks nothing.
type Marks struct {
	words    map[string]bool // whole words and stems
	prefixes []string
	cjk      [][]rune
	heard    [][]sound // Chinese that the query wrote as pinyin
}

func marks(terms []term, anyPair bool, how reading) Marks {
	m := Marks{words: map[string]bool{}}
	for _, s := range stretches(terms, how) {
		m.heard = append(m.heard, s.heard...)
	}
	for _, t := range terms {
		if t.not {
			continue
		}
		for _, r := range t.runs {
			switch {
			case r.cjk && anyPair:
				for _, p := range r.pairs() {
					m.cjk = append(m.cjk, []rune(p))
				}
			case r.cjk:
				m.cjk = append(m.cjk, r.runes)
			default:
				m.words[r.text()] = true
				m.words[stem(r.text())] = true
				if t.prefix {
					m.prefixes = append(m.prefixes, r.text())
				}
			}
		}
	}
	return m
}

// Spans cuts a text at the boundaries of what was found. The spans, joined together, are the text again.
func (m Marks) Spans(text string) []Span {
	var spans []Span
	at := 0
	for _, hit := range m.hits(text) {
		if hit.start > at {
			spans = append(spans, Span{text[at:hit.start], false})
		}
		spans = append(spans, Span{text[hit.start:hit.end], true})
		at = hit.end
	}
	if at < len(text) || len(spans) == 0 {
		spans = append(spans, Span{text[at:], false})
	}
	return spans
}

// Excerpt returns Spans of about length characters around the first match, with … where the text continues, and nil if
// the text has no match.
func (m Marks) Excerpt(text string, length int) []Span {
	hits := m.hits(text)
	if len(hits) == 0 {
		return nil
	}
	// A quarter of the length is for the text before the match.
	start := hits[0].start
	for n := 0; start > 0 && n < length/4; n++ {
		_, size := utf8.DecodeLastRuneInString(text[:start])
		start -= size
	}
	if start > 0 { // begin with a whole word if possible
		if space := strings.IndexByte(text[start:hits[0].start], ' '); space >= 0 {
			start += space + 1
		}
	}
	part := clipTo(text[start:], length)
	end := start + len(part)
	if end < len(text) {
		if space := strings.LastIndexByte(part, ' '); start+space > hits[0].end {
			part = part[:space]
		}
	}
	spans := m.Spans(part)
	if start > 0 {
		spans = append([]Span{{"…", false}}, spans...)
	}
	if end < len(text) {
		spans = append(spans, Span{"…", false})
	}
	return spans
}

// hits returns the places of what was found, in order. Places that touch are merged.
func (m Marks) hits(text string) []place {
	var hits []place
	add := func(p place) {
		if n := len(hits); n > 0 && hits[n-1].end >= p.start {
			hits[n-1].end = max(hits[n-1].end, p.end)
			return
		}
		hits = append(hits, p)
	}
	for _, r := range segment(text) {
		if !r.cjk {
			if m.holds(r.text()) {
				add(place{r.places[0].start, r.places[len(r.places)-1].end})
			}
			continue
		}
		for i, found := range m.inRun(r.runes) {
			if found {
				add(r.places[i])
			}
		}
	}
	return hits
}

func (m Marks) holds(word string) bool {
	if m.words[word] || m.words[stem(word)] {
		return true
	}
	for _, p := range m.prefixes {
		if strings.HasPrefix(word, p) {
			return true
		}
	}
	return false
}

func (m Marks) inRun(runes []rune) []bool {
	found := make([]bool, len(runes))
	for _, needle := range m.cjk {
		for i := 0; i+len(needle) <= len(runes); i++ {
			if string(runes[i:i+len(needle)]) == string(needle) {
				for j := range needle {
					found[i+j] = true
				}
			}
		}
	}
	if len(m.heard) == 0 {
		return found
	}
	read := make([][]string, len(runes))
	for i, r := range runes {
		read[i] = readings(r)
	}
	for _, p := range m.heard {
		for i := 0; i+len(p) <= len(runes); i++ {
			if heard(p, read[i:]) {
				for j := range p {
					found[i+j] = true
				}
			}
		}
	}
	return found
}
