package tax

import (
	"regexp"
	"strings"
)

// vatFormat is the form of the VAT ids of a country: their prefix, what may follow it, and the rule of its check
// digits.
type vatFormat struct {
	prefix  string
	pattern *regexp.Regexp
	check   func(body string) bool
}

// vatFormats has the member states of the European Union, the United Kingdom, Switzerland and Norway. Greece alone has
// a prefix that is not its code.
var vatFormats = map[string]vatFormat{
	"AT": {"AT", body(`U\d{8}`), checkAT},
	"BE": {"BE", body(`[01]\d{9}`), checkBE},
	"BG": {"BG", body(`\d{9,10}`), checkBG},
	"CH": {"CHE", body(`\d{9}(MWST|TVA|IVA)?`), checkCH},
	"CY": {"CY", body(`[0-59]\d{7}[A-Z]`), checkCY},
	"CZ": {"CZ", body(`\d{8,10}`), checkCZ},
	"DE": {"DE", body(`[1-9]\d{8}`), mod11And10},
	"DK": {"DK", body(`\d{8}`), func(s string) bool { return weigh(s, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0 }},
	"EE": {"EE", body(`10\d{7}`), func(s string) bool { return weigh(s, 3, 7, 1, 3, 7, 1, 3, 7, 1)%10 == 0 }},
	"ES": {"ES", body(`[A-Z0-9]\d{7}[A-Z0-9]`), checkES},
	"FI": {"FI", body(`\d{8}`), func(s string) bool { return last(s) == under10(11-weigh(s, 7, 9, 10, 5, 8, 4, 2)%11) }},
	"FR": {"FR", body(`[0-9A-HJ-NP-Z]{2}\d{9}`), checkFR},
	"GB": {"GB", body(`\d{9}|\d{12}|GD[0-4]\d{2}|HA[5-9]\d{2}`), checkGB},
	"GR": {"EL", body(`\d{9}`), func(s string) bool {
		return last(s) == under10(weigh(s, 256, 128, 64, 32, 16, 8, 4, 2)%11)
	}},
	"HR": {"HR", body(`\d{11}`), mod11And10},
	"HU": {"HU", body(`\d{8}`), func(s string) bool { return weigh(s, 9, 7, 3, 1, 9, 7, 3, 1)%10 == 0 }},
	"IE": {"IE", body(`\d{7}[A-W][AH]?|[7-9][A-Z*+]\d{5}[A-W]`), checkIE},
	"IT": {"IT", body(`\d{11}`), checkIT},
	"LT": {"LT", body(`\d{7}1\d|\d{10}1\d`), checkLT},
	"LU": {"LU", body(`\d{8}`), func(s string) bool { return number(s[:6])%89 == number(s[6:]) }},
	"LV": {"LV", body(`\d{11}`), checkLV},
	"MT": {"MT", body(`[1-9]\d{7}`), func(s string) bool { return 37-weigh(s, 3, 4, 6, 7, 8, 9)%37 == number(s[6:]) }},
	"NL": {"NL", body(`\d{9}B\d{2}`), checkNL},
	"NO": {"NO", body(`\d{9}(MVA)?`), func(s string) bool { return mod11(s[:9], 3, 2, 7, 6, 5, 4, 3, 2) }},
	"PL": {"PL", body(`\d{10}`), func(s string) bool {
		return last(s) == under10(weigh(s, 6, 5, 7, 2, 3, 4, 5, 6, 7)%11)
	}},
	"PT": {"PT", body(`[1-9]\d{8}`), func(s string) bool {
		return last(s) == under10(11-weigh(s, 9, 8, 7, 6, 5, 4, 3, 2)%11)
	}},
	"RO": {"RO", body(`[1-9]\d{1,9}`), checkRO},
	"SE": {"SE", body(`\d{10}01`), func(s string) bool { return (crossSum(s[:9], 2, 1)+digit(s, 9))%10 == 0 }},
	"SI": {"SI", body(`[1-9]\d{7}`), func(s string) bool {
		rest := weigh(s, 8, 7, 6, 5, 4, 3, 2) % 11
		return rest != 0 && last(s) == (11-rest)%10
	}},
	"SK": {"SK", body(`[1-9]\d[2346-9]\d{7}`), func(s string) bool { return number(s)%11 == 0 }},
}

// body compiles the pattern of a whole id after its prefix.
func body(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)$`) }

// NormalVATID returns a VAT id as it is kept: in capital letters, without spaces and punctuation, and with the prefix
// of its country if that is known. "" stays "".
func NormalVATID(country, typed string) string {
	id := strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(" \t\u00a0.-/_'", r):
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, typed)
	f, known := vatFormats[country]
	if !known || id == "" {
		return id
	}
	if rest, prefixed := strings.CutPrefix(id, f.prefix); prefixed {
		id = rest
	} else if country == "GR" {
		id = strings.TrimPrefix(id, "GR")
	}
	if country == "BE" && len(id) == 9 { // as it was written before 2008
		id = "0" + id
	}
	return f.prefix + id
}

// KnownVATID reports whether the form of a country's VAT ids is known.
func KnownVATID(country string) bool {
	_, known := vatFormats[country]
	return known
}

// ValidVATID reports whether a normal VAT id has the form of its country and the right check digits. It asks nobody
// whether the id was given to anyone. Ids of countries whose form is not known are not valid.
func ValidVATID(country, id string) bool {
	f, known := vatFormats[country]
	rest, prefixed := strings.CutPrefix(id, f.prefix)
	return known && prefixed && f.pattern.MatchString(rest) && f.check(rest)
}
