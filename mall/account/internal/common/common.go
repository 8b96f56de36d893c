// Package common owns the list of the most common passwords, which attackers try first, and how a password is compared
// with it. It refuses to know any other rule of passwords.
package common

import (
	"crypto/sha256"
	_ "embed"
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Size is how many bytes of each entry's SHA-256 the table keeps. The probability that a password which is not in the
// list is taken for one that is in it is the number of entries / 2^40, below one in five million.
const Size = 5

// Shortest is the least number of characters of a folded entry. No list refuses three letters and a year.
const Shortest = 4

// table holds the sorted hashes of the folded entries. ./gen makes it from the million most frequent passwords of
// SecLists; see docs/third-party.md.
//
//go:embed table.bin
var table string

// Len returns the number of entries.
func Len() int { return len(table) / Size }

// Has reports whether a password is in the list: in any case, with letters written as digits or signs, or followed by
// digits and signs.
func Has(password string) bool {
	whole, word := Fold(password)
	return whole != "" && has(whole) || word != "" && has(word)
}

func has(folded string) bool {
	want := Hash(folded)
	n := sort.Search(Len(), func(i int) bool { return table[i*Size:(i+1)*Size] >= want })
	return n < Len() && table[n*Size:(n+1)*Size] == want
}

// Hash returns what the table keeps of a folded entry.
func Hash(folded string) string {
	sum := sha256.Sum256([]byte(folded))
	return string(sum[:Size])
}

// lookalikes replaces digits and signs by the letters that they stand for. l and i become the same letter, since 1
// stands for both.
var lookalikes = strings.NewReplacer("4", "a", "@", "a", "3", "e", "1", "i", "!", "i", "|", "i", "l", "i", "0", "o",
	"5", "s", "$", "s",
	"7", "t", "+", "t", "8", "b")

// Fold returns two forms in which passwords are compared. whole ignores case and digits or signs that stand for
// letters; word also ignores digits and signs at the end. A form that is shorter than Shortest is empty.
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
