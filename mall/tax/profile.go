package tax

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"videomall/mall/tax/internal/dbsqlc"
	"videomall/mall/textnorm"
)

// Profile is whom a buyer's receipts name, and where the buyer is taxed. The zero Profile is that of a buyer who has
// entered nothing. Orders keep it as JSON.
type Profile struct {
	Country string `json:"country"`           // ISO 3166-1 alpha-2
	Company string `json:"company,omitempty"` // or the name of a person
	Address string `json:"address,omitempty"` // lines, without the country
	VATID   string `json:"vatId,omitempty"`   // normal, see NormalVATID
}

// IsZero reports whether the buyer has entered nothing.
func (p Profile) IsZero() bool { return p == Profile{} }

// AddressLines returns the lines of the address.
func (p Profile) AddressLines() []string {
	if p.Address == "" {
		return nil
	}
	return strings.Split(p.Address, "\n")
}

// Facts say how orders of some people are taxed at a moment. The zero Facts tax nothing.
type Facts struct {
	shop     Shop
	at       time.Time
	rates    []Rate
	profiles map[int64]Profile
}

// FactsTx reads how orders of these people (0 for a guest) are taxed at a moment, in one query, and in none if the shop
// has no rates.
func (t *Taxes) FactsTx(ctx context.Context, q Querier, userIDs []int64, at time.Time) (Facts, error) {
	rates, err := t.currentRates(ctx, q, at)
	if err != nil || len(rates) == 0 {
		return Facts{}, err
	}
	f := Facts{
		shop:     t.deps.Shop,
		at:       at,
		rates:    rates,
		profiles: map[int64]Profile{},
	}
	ids := slices.DeleteFunc(slices.Clone(userIDs), func(id int64) bool { return id == 0 })
	if len(ids) == 0 {
		return f, nil
	}
	rows, err := t.q.Profiles(ctx, q, ids)
	if err != nil {
		return Facts{}, fmt.Errorf("billing details of %d people: %w", len(ids), err)
	}
	for _, r := range rows {
		f.profiles[r.UserID] = profileOf(r)
	}
	return f, nil
}

// Profile returns the billing details of a person, or the zero Profile.
func (f Facts) Profile(userID int64) Profile { return f.profiles[userID] }

// TermsOf returns how an order of a buyer with these billing details is taxed: as one in the shop's country if they name
// none.
func (f Facts) TermsOf(buyer Profile) Terms {
	if len(f.rates) == 0 {
		return Terms{}
	}
	rate, country := Rate{}, buyer.Country
	if country == "" {
		country = f.shop.Country
	}
	for _, r := range f.rates {
		if r.Country == country && r.holds(f.at) {
			rate = r
		}
	}
	return Rule(f.shop, buyer, rate)
}

// Profile reads the billing details of a person, or the zero Profile.
func (t *Taxes) Profile(ctx context.Context, userID int64) (Profile, error) {
	rows, err := t.q.Profiles(ctx, t.deps.Pool, []int64{userID})
	if err != nil {
		return Profile{}, fmt.Errorf("billing details of %d: %w", userID, err)
	}
	if len(rows) == 0 {
		return Profile{}, nil
	}
	return profileOf(rows[0]), nil
}

// SaveProfile checks and keeps the billing details of a person, for later orders. Errors: ErrProfile with its fields.
func (t *Taxes) SaveProfile(ctx context.Context, userID int64, p Profile) error {
	p, err := checkedProfile(p)
	if err != nil {
		return err
	}
	if err := t.q.SaveProfile(ctx, t.deps.Pool, dbsqlc.SaveProfileParams{
		UserID:    userID,
		Country:   p.Country,
		Company:   p.Company,
		Address:   p.Address,
		VatID:     p.VATID,
		UpdatedAt: t.deps.Now(),
	}); err != nil {
		return fmt.Errorf("save the billing details of %d: %w", userID, err)
	}
	return nil
}

func checkedProfile(p Profile) (Profile, error) {
	p.Company = textnorm.Name(p.Company)
	var lines []string
	for line := range strings.Lines(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(p.Address)) {
		if line = textnorm.Name(line); line != "" {
			lines = append(lines, line)
		}
	}
	p.Address = strings.Join(lines, "\n")
	p.VATID = NormalVATID(p.Country, strings.ToUpper(textnorm.Key(p.VATID)))
	wrong, bad := ErrProfile, false
	refuse := func(field, slug string) { wrong, bad = wrong.With(field, slug), true }
	if !IsCountry(p.Country) {
		refuse("country", "tax_country_unknown")
	}
	if utf8.RuneCountInString(p.Company) > MaxCompany || !readable(p.Company) {
		refuse("company", "billing_company")
	}
	if len(lines) > MaxAddressLines || utf8.RuneCountInString(p.Address) > MaxAddress || !readable(p.Address) {
		refuse("address", "billing_address")
	}
	if p.VATID != "" && !acceptable(p.Country, p.VATID) {
		refuse("vat_id", "billing_vat_id")
	}
	if bad {
		return p, wrong
	}
	return p, nil
}

// acceptable reports whether an id can be kept: valid in a country whose ids have a known form, and some letters and
// digits in any other.
func acceptable(country, id string) bool {
	if KnownVATID(country) {
		return ValidVATID(country, id)
	}
	return len(id) <= MaxVATID && strings.IndexFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z')
	}) < 0
}

func profileOf(r dbsqlc.BillingProfile) Profile {
	return Profile{
		Country: r.Country,
		Company: r.Company,
		Address: r.Address,
		VATID:   r.VatID,
	}
}
