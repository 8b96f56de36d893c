package config

import (
	"strings"
	"unicode/utf8"

	"videomall/mall/calendar"
)

// checkTax checks the form of the tax variables. Which countries there are, the program knows.
func checkTax(c *Config) error {
	c.TaxCountry = strings.ToUpper(strings.TrimSpace(c.TaxCountry))
	letters := strings.Trim(c.TaxCountry, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	if c.TaxCountry != "" && (len(c.TaxCountry) != 2 || !letters) {
		return wrong("TAX_COUNTRY", c.TaxCountry, "write the two letters of a country, such as DE")
	}
	switch c.TaxPrices = strings.ToLower(strings.TrimSpace(c.TaxPrices)); c.TaxPrices {
	case "inclusive", "exclusive":
	default:
		return wrong("TAX_PRICES", c.TaxPrices, "say inclusive or exclusive")
	}
	if n := utf8.RuneCountInString(c.SellerName); n > 120 {
		return wrong("SELLER_NAME", c.SellerName, "write at most 120 characters")
	}
	if n := len(c.SellerAddress()); n > 6 || utf8.RuneCountInString(c.SellerAt) > 400 {
		return wrong("SELLER_ADDRESS", c.SellerAt, "write at most 6 lines and 400 characters")
	}
	if _, known := calendar.Find(c.TaxZone); !known {
		return wrong("TAX_ZONE", c.TaxZone, "name a time zone such as Europe/Berlin")
	}
	return nil
}

// SellerAddress returns the lines of the seller's address.
func (c *Config) SellerAddress() (lines []string) {
	for _, line := range strings.FieldsFunc(c.SellerAt, func(r rune) bool { return r == '|' || r == '\n' }) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
