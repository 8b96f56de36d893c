package program

import (
	"fmt"

	"videomall/config"
	"videomall/mall/calendar"
	"videomall/mall/tax"
)

// taxShop says where the shop pays taxes.
func taxShop(c *config.Config) (tax.Shop, error) {
	if c.TaxCountry != "" && !tax.IsCountry(c.TaxCountry) {
		return tax.Shop{}, fmt.Errorf("TAX_COUNTRY=%s: there is no such country; write DE, GR or GB", c.TaxCountry)
	}
	id := tax.NormalVATID(c.TaxCountry, c.TaxID)
	if id != "" && tax.KnownVATID(c.TaxCountry) && !tax.ValidVATID(c.TaxCountry, id) {
		return tax.Shop{}, fmt.Errorf("TAX_ID=%s: this is no VAT id of %s", c.TaxID, c.TaxCountry)
	}
	zone, _ := calendar.Find(c.TaxZone) // config has checked it
	return tax.Shop{
		Country: c.TaxCountry,
		VATID:   id,
		Mode:    tax.Mode(c.TaxPrices),
		Zone:    zone,
	}, nil
}
