package checkout_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"videomall/mall/tax"
	accountweb "videomall/web/account"
	"videomall/web/checkout"
	"videomall/web/webtest"
)

func taxed(t *testing.T, m *webtest.Mall, rates map[string]int) {
	t.Helper()
	for country, rate := range rates {
		if err := m.Taxes.AddRate(t.Context(), tax.NewRate{
			Country:     country,
			Name:        "VAT",
			BasisPoints: rate,
			From:        m.Now(),
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func openTaxed(t *testing.T) *webtest.Mall {
	return open(t, func(o *webtest.Options) {
		o.Routes = func(g *echo.Group, m *webtest.Mall) {
			checkout.Routes(g, deps(m))
			accountweb.Routes(g, accountweb.Deps{
				Site:     m.Site,
				Accounts: m.Accounts,
				Sessions: m.Sessions,
				Taxes:    m.Taxes,
			})
		}
	})
}

// What a buyer agrees to is what the country makes of it, and is written on the receipt.
func TestCheckout_tax_follows_the_country_of_the_buyer(t *testing.T) {
	m := openTaxed(t)
	mia := m.Person("mia", "shopper")
	b := m.Browser(mia.ID)
	b.Post("/cart/items", item(m.Video(1190, -1))).Wants(303)
	b.Get("/checkout").Wants(200).Hides("VAT", "Country")
	taxed(t, m, map[string]int{"DE": 1900, "FR": 2000})
	b.Get("/cart").Wants(200).Shows("Includes 19% VAT: CN¥1.90")
	old := b.Get("/checkout").Wants(200).Shows("Includes 19% VAT: CN¥1.90", "Update the tax", "Pay CN¥11.90").
		Form("/checkout")

	b.Post("/account/billing/country", url.Values{"country": {"XX"}, "next": {"/checkout"}}).Wants(422).
		Shows("Choose a country from the list.")
	if a := b.Post("/account/billing/country", url.Values{
		"country": {"FR"}, "next": {"/checkout"},
	}).Wants(303); a.Location != "/checkout" {
		t.Errorf("redirect: %s", a.Location)
	}
	b.Get("/checkout").Wants(200).Shows("Includes 20% VAT: CN¥1.98")

	b.Get("/account/billing").Wants(200).Shows("France")
	form := url.Values{
		"country": {"FR"}, "company": {"Lumière <b>SA</b>"}, "address": {"1 rue X\r\n\r\n75001 Paris"},
		"vat_id": {"fr 83 404 833 049"}, "next": {"/checkout"},
	}
	b.Post("/account/billing", form).Wants(422).Shows("This is no VAT id of the chosen country.", "1 rue X")
	form.Set("vat_id", "fr 83 404 833 048")
	b.Post("/account/billing", form).Wants(303)
	b.Post("/checkout", old).Wants(409).Shows("The price has changed", "CN¥11.90", "CN¥9.92")
	page := b.Get("/checkout").Wants(200).Shows("Reverse charge", "VAT taken off", "−CN¥1.98", "FR83404833048",
		"Change the billing details")
	b.Post("/checkout", page.Form("/checkout")).Wants(303)
	no := webtest.Query[string](m, "select order_no from video_order")[0]
	receipt := b.Get("/orders/" + no).Wants(200)
	receipt.Shows("Reverse charge", "−CN¥1.98", "CN¥9.92", "75001 Paris", "FR83404833048")
	if strings.Contains(receipt.Body, "<b>SA") {
		t.Error("a company's name is markup")
	}
}
