package config

import (
	"strings"

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
	if _, known := calendar.Find(c.TaxZone); !known {
		return wrong("TAX_ZONE", c.TaxZone, "name a time zone such as Europe/Berlin")
	}
	return nil
}
