// Package common owns the list of passwords that everybody tries first: what of a password is compared, and the table
// of it. It refuses to know any rule of passwords.
package common

import (
	"crypto/sha256"
	_ "embed"
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Size is how many bytes of a SHA-256 the table keeps of an entry. A password that is not in the list is taken for one
// that is with a probability of entries / 2^40: below one in five million.
const Size = 5

// Shortest is how many characters an entry has at least, once folded: three letters and a year are refused by no list.
const Shortest = 4

// table holds hashes of what the entries fold to, sorted. Made by ./gen from the million most frequent passwords of
// SecLists; see docs/third-party.md.
//
//go:embed table.bin
var table string

// Len is the number of entries.
func Len() int { return len(table) / Size }

// Has says whether a password is in the list, in whatever case, with letters written as digits or signs, or with digits
// and signs after it.
func Has(password string) bool {
	whole, word := Fold(password)
	return whole != "" && has(whole) || word != "" && has(word)
}

func has(folded string) bool {
	want := Hash(folded)
	n := sort.Search(Len(), func(i int) bool { return table[i*Size:(i+1)*Size] >= want })
	return n < Len() && table[n*Size:(n+1)*Size] == want
}

// Hash is what the table keeps of a folded entry.
func Hash(folded string) string {
	sum := sha256.Sum256([]byte(folded))
	return string(sum[:Size])
}

// lookalikes are what people write for a letter. l and i go together, since 1 stands for both.
var lookalikes = strings.NewReplacer("4", "a", "@", "a", "3", "e", "1", "i", "!", "i", "|", "i", "l", "i", "0", "o",
	"5", "s", "$", "s",
	"7", "t", "+", "t", "8", "b")

// Fold returns what two passwords have in common that differ in case, in letters written otherwise, and, of word alone,
// in the digits and signs after it. Either is empty where it is shorter than Shortest.
func Fold(password string) (whole, word string) {
	lower := strings.ToLower(norm.NFKC.String(password))
	return long(lower), long(strings.TrimRightFunc(lower, func(r rune) bool { return !unicode.IsLetter(r) }))
}

func long(s string) string {
	if len([]rune(s)) < Shortest {
		return ""
	}
	return lookalikes.Replace(s)
}
