package tax_test

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"videomall/mall/tax"
)

// Ids with the right check digits.
const (
	idDE = "DE136695976"
	idFR = "FR83404833048"
	idCH = "CHE107787577"
	idGB = "GB980780684"
)

func TestRule(t *testing.T) {
	t.Parallel()
	rate := func(country string, basisPoints int) tax.Rate {
		return tax.Rate{Country: country, Name: "VAT", BasisPoints: basisPoints}
	}
	for name, c := range map[string]struct {
		shop, country, id string
		rate              tax.Rate
		kind              tax.Kind
		of                string
		basisPoints       int
	}{
		"at home":                              {"DE", "DE", "", rate("DE", 1900), tax.Standard, "DE", 1900},
		"at home, a business":                  {"DE", "DE", idDE, rate("DE", 1900), tax.Standard, "DE", 1900},
		"nothing said":                         {"DE", "", "", rate("DE", 1900), tax.Standard, "DE", 1900},
		"abroad":                               {"DE", "FR", "", rate("FR", 2000), tax.Standard, "FR", 2000},
		"abroad, without a rate":               {"DE", "FR", "", tax.Rate{}, tax.None, "FR", 0},
		"a business abroad":                    {"DE", "FR", idFR, rate("FR", 2000), tax.ReverseCharge, "FR", 0},
		"a business abroad, without a rate":    {"DE", "FR", idFR, tax.Rate{}, tax.ReverseCharge, "FR", 0},
		"a business with a wrong id":           {"DE", "FR", "FR84404833048", rate("FR", 2000), tax.Standard, "FR", 2000},
		"a business with another country's id": {"DE", "FR", idDE, rate("FR", 2000), tax.Standard, "FR", 2000},
		"outside of the union":                 {"DE", "US", "", tax.Rate{}, tax.None, "US", 0},
		"a business outside of the union":      {"DE", "CH", idCH, rate("CH", 810), tax.Standard, "CH", 810},
		"a British business":                   {"DE", "GB", idGB, rate("GB", 2000), tax.Standard, "GB", 2000},
		"a shop outside of the union":          {"CN", "FR", idFR, rate("FR", 2000), tax.Standard, "FR", 2000},
		"a shop without a country":             {"", "FR", idFR, rate("FR", 2000), tax.Standard, "FR", 2000},
		"nobody knows where":                   {"", "", "", tax.Rate{}, tax.None, "", 0},
	} {
		got := tax.Rule(tax.Shop{Country: c.shop, Mode: tax.Inclusive},
			tax.Profile{Country: c.country, VATID: c.id}, c.rate)
		if got.Kind != c.kind || got.Country != c.of || got.BasisPoints != c.basisPoints ||
			(got.Name == "VAT") != (c.kind == tax.Standard) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestTerms_Line(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode       tax.Mode
		id         string
		rate       int
		price      int64
		tax, added int64
	}{
		"contained":                 {tax.Inclusive, "", 1900, 1999, 319, 0},
		"contained, half up":        {tax.Inclusive, "", 2000, 15, 3, 0}, // 2.5
		"added":                     {tax.Exclusive, "", 1900, 1999, 380, 380},
		"added, half up":            {tax.Exclusive, "", 500, 10, 1, 1}, // 0.5
		"added, below half":         {tax.Exclusive, "", 499, 10, 0, 0},
		"free":                      {tax.Exclusive, "", 1900, 0, 0, 0},
		"the least, at the highest": {tax.Inclusive, "", tax.MaxBasisPoints, 1, 0, 0},
		"reversed, contained":       {tax.Inclusive, idFR, 2000, 1999, 0, -333},
		"reversed, not contained":   {tax.Exclusive, idFR, 2000, 1999, 0, 0},
		"reversed, without a rate":  {tax.Inclusive, idFR, 0, 1999, 0, 0},
		"no rate":                   {tax.Inclusive, "", 0, 1999, 0, 0},
	} {
		terms := tax.Rule(tax.Shop{Country: "DE", Mode: c.mode}, tax.Profile{Country: "FR", VATID: c.id},
			tax.Rate{Country: "FR", Name: "TVA", BasisPoints: c.rate})
		if l := terms.Line(c.price); l.Tax != c.tax || l.Added != c.added {
			t.Errorf("%s: %+v", name, l)
		}
	}
	if l := (tax.Terms{}).Line(1999); l != (tax.Line{Kind: tax.None}) {
		t.Errorf("no rates at all: %+v", l)
	}
}

// rounded is n/d with half a unit rounded up, computed by other means than the mall's.
func rounded(n, d int64) int64 {
	half := new(big.Rat).Add(big.NewRat(n, d), big.NewRat(1, 2))
	return new(big.Int).Div(half.Num(), half.Denom()).Int64()
}

// A line's tax is the rounded share, and what is paid without it is at least what an exclusive price says.
func TestTerms_Line_any_price(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		rate, price := 1+r.IntN(tax.MaxBasisPoints), r.Int64N(1<<r.IntN(40)+1)
		de := tax.Rate{Country: "DE", Name: "VAT", BasisPoints: rate}
		in := tax.Rule(tax.Shop{Country: "DE", Mode: tax.Inclusive}, tax.Profile{}, de).Line(price)
		if want := rounded(price*int64(rate), int64(10_000+rate)); in.Tax != want || in.Added != 0 {
			t.Fatalf("%d at %d, inclusive: %+v, want %d", price, rate, in, want)
		}
		ex := tax.Rule(tax.Shop{Country: "DE", Mode: tax.Exclusive}, tax.Profile{}, de).Line(price)
		if want := rounded(price*int64(rate), 10_000); ex.Tax != want || ex.Added != want {
			t.Fatalf("%d at %d, exclusive: %+v, want %d", price, rate, ex, want)
		}
		if price > 0 && price-in.Tax <= 0 {
			t.Fatalf("%d at %d is all tax", price, rate)
		}
	}
}

// Whatever is refunded in which order, and whatever fails in between: no part gives back more than there is, and all
// parts together give back all of the tax.
func TestBack_parts_of_any_order(t *testing.T) {
	t.Parallel()
	type part struct{ sum, tax int64 }
	for seed := range uint64(4_000) {
		r := rand.New(rand.NewPCG(seed, 7))
		rate, price := 1+r.Int64N(tax.MaxBasisPoints), 1+r.Int64N(1<<r.IntN(20)+1)
		owed := rounded(price*rate, 10_000)
		paid, back, taxBack := price+owed, int64(0), int64(0)
		var standing []part
		for back < paid {
			if len(standing) > 0 && r.IntN(4) == 0 { // one fails
				n := r.IntN(len(standing))
				back, taxBack = back-standing[n].sum, taxBack-standing[n].tax
				standing = append(standing[:n], standing[n+1:]...)
			}
			p := part{sum: 1 + r.Int64N(paid-back)}
			if r.IntN(8) == 0 || len(standing) > 30 {
				p.sum = paid - back
			}
			p.tax = tax.Back(paid, owed, back, taxBack, p.sum)
			back, taxBack = back+p.sum, taxBack+p.tax
			standing = append(standing, p)
			if p.tax < 0 || p.tax > p.sum || taxBack > owed || back-taxBack > price {
				t.Fatalf("seed %d: %+v of %d with a tax of %d makes %d and %d", seed, p, paid, owed, back, taxBack)
			}
		}
		if taxBack != owed {
			t.Fatalf("seed %d: %d of %d came back with all of %d", seed, taxBack, owed, paid)
		}
	}
}
