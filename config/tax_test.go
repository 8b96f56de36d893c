package config_test

import (
	"strings"
	"testing"

	"videomall/config"
)

func TestLoad_tax(t *testing.T) {
	t.Parallel()
	dir := "DATA_DIR=" + t.TempDir()
	c, err := config.Load([]string{dir, "TAX_COUNTRY=de", "TAX_PRICES=Exclusive", "TAX_ZONE=Europe/Berlin"})
	if err != nil || c.TaxCountry != "DE" || c.TaxPrices != "exclusive" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, wrong := range []string{"TAX_COUNTRY=Germany", "TAX_COUNTRY=D1", "TAX_PRICES=gross", "TAX_ZONE=Berlin"} {
		name, _, _ := strings.Cut(wrong, "=")
		if _, err := config.Load([]string{dir, wrong}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
