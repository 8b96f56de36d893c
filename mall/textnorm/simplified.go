package textnorm

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"
)

// simplifiedPairs has one line for each traditional character: the character and its simplified form. It is the table
// TSCharacters of OpenCC 1.1, with only the first choice of each line.
//
//go:embed simplified.txt
var simplifiedPairs string

var simplified = sync.OnceValue(func() map[rune]rune {
	pairs := make(map[rune]rune, strings.Count(simplifiedPairs, "\n"))
	for line := range strings.Lines(simplifiedPairs) {
		from, size := utf8.DecodeRuneInString(line)
		to, _ := utf8.DecodeRuneInString(line[size:])
		pairs[from] = to
	}
	return pairs
})

// Simplified returns the simplified form of a traditional Chinese character, and any other character unchanged. It is
// for comparing texts, not for displaying them: it does not consider which word is meant, and several traditional
// characters have the same simplified form.
func Simplified(r rune) rune {
	if s, known := simplified()[r]; known {
		return s
	}
	return r
}
