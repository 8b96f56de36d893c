package api

import (
	"cmp"
	"errors"

	"videomall/mall/fault"
	"videomall/mall/tax"
)

// billingRequest is whom the receipts of one order name, and where its buyer is taxed.
type billingRequest struct {
	Country *string `json:"country"`
	Company *string `json:"company"`
	Address *string `json:"address"`
	VATID   *string `json:"vatId"`
}

// profile returns the details; nil where the request names none. Errors: errFieldMissing.
func (r *billingRequest) profile() (*tax.Profile, error) {
	if r == nil {
		return nil, nil
	}
	if r.Country == nil {
		return nil, required("billing/country")
	}
	none := new(string)
	return &tax.Profile{
		Country: *r.Country,
		Company: *cmp.Or(r.Company, none),
		Address: *cmp.Or(r.Address, none),
		VATID:   *cmp.Or(r.VATID, none),
	}, nil
}

// inBilling names the fields of tax.ErrProfile as they stand in the body; any other error stays as it is.
func inBilling(err error) error {
	if !errors.Is(err, tax.ErrProfile) {
		return err
	}
	f := tax.ErrProfile
	for field, slug := range fault.From(err).Fields {
		if field == "vat_id" {
			field = "vatId"
		}
		f = f.With("billing/"+field, slug)
	}
	return f
}
