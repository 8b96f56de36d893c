package tax

import (
	_ "embed"
	"slices"
	"strings"

	"videomall/mall/locale"
)

// Country is a country or territory of ISO 3166-1.
type Country struct {
	Code string // alpha-2
	Name locale.Text
}

// countryLines has one line for each country: its code and its names in English and Chinese, as in CLDR, some of them
// shortened.
//
//go:embed countries.txt
var countryLines string

// All countries, by code and by English name.
var (
	countries = parseCountries()
	byName    = slices.SortedFunc(slices.Values(countries), func(a, b Country) int {
		return strings.Compare(folded(a.Name.En), folded(b.Name.En))
	})
)

func parseCountries() []Country {
	var list []Country
	for line := range strings.Lines(countryLines) {
		part := strings.Split(strings.TrimSpace(line), "|")
		list = append(list, Country{part[0], locale.Text{En: part[1], Zh: part[2]}})
	}
	return list
}

// Countries lists all countries by their names in a language, or by their codes if that is Chinese, whose names have no
// order that readers would look them up by.
func Countries(lang locale.Lang) []Country {
	if lang == locale.ZhCN {
		return slices.Clone(countries)
	}
	return slices.Clone(byName)
}

// plain makes letters with marks the plain ones, so that Åland stands beside Albania.
var plain = strings.NewReplacer("Å", "A", "ã", "a", "ç", "c", "é", "e", "í", "i", "ô", "o", "ü", "u")

func folded(name string) string { return plain.Replace(name) }

// IsCountry reports whether a code is one of a country.
func IsCountry(code string) bool {
	_, found := find(code)
	return found
}

// CountryName returns the names of a country, or its code if it is unknown.
func CountryName(code string) locale.Text {
	if n, found := find(code); found {
		return countries[n].Name
	}
	return locale.Text{En: code, Zh: code}
}

func find(code string) (int, bool) {
	return slices.BinarySearchFunc(countries, code, func(c Country, code string) int {
		return strings.Compare(c.Code, code)
	})
}

// union are the member states of the European Union.
const union = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"

// InUnion reports whether a country is a member state of the European Union.
func InUnion(country string) bool { return len(country) == 2 && strings.Contains(union, country) }
