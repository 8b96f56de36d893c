package textnorm

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"
)

// simplifiedPairs has a line a traditional character: the character and its simplified form. It is the table
// TSCharacters of OpenCC 1.1 with the first choice alone.
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

// Simplified is the simplified form of a traditional Chinese character, and every other character itself. It makes
// texts comparable and is not for reading: several traditional characters share one simplified form, and which word is
// meant is not asked.
func Simplified(r rune) rune {
	if s, known := simplified()[r]; known {
		return s
	}
	return r
}
