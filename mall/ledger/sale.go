package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/locale"
	"videomall/mall/money"
)

// Sale is money that a channel took for items of creators. The amounts of its parts and their taxes add up to Amount.
type Sale struct {
	Reference string // the channel and its number of the payment: "sandbox/T1"
	Channel   string
	Amount    money.Money
	Parts     []Part
}

// Part is one sold item. Source is its unique name; Subject is the video that was sold, with its titles at that time.
type Part struct {
	Source    string
	CreatorID int64
	Subject   int64
	Title     locale.Text
	Quantity  int
	Amount    money.Money // the price paid, after all discounts and without tax
	Tax       money.Money // paid beside Amount, and owed to Country; the zero Money for none
	Country   string      // ISO 3166-1 alpha-2; only read with a Tax
}

// taxFits reports whether the tax is none, or a sum that is owed to a country.
func (p Part) taxFits() bool {
	return p.Tax.IsZero() || p.Tax.Amount > 0 && p.Tax.Currency == p.Amount.Currency && p.Country != ""
}

// SaleTx books a sale within the caller's transaction, in one round trip, once for each reference: the channel holds
// the sum, the taxes are owed to their countries, and the rest of each part is split between the mall's fee and its
// creator, whose share is held until it clears. It leaves out parts that cost nothing. The fee has the present rate;
// later changes of the rate don't affect it. Errors: ErrUnbalanced if the parts don't add up to the sum.
func (l *Ledger) SaleTx(ctx context.Context, tx pgx.Tx, s Sale) error {
	at := l.now()
	arg := dbsqlc.PostSaleParams{
		Kinds:     []string{KindSale},
		Reference: s.Reference,
		Currency:  s.Amount.Currency,
		At:        at,
		FeeRate:   int32(l.deps.Terms.FeeRate),
		ClearsAt:  at.Add(l.deps.Terms.Clearing),
	}
	line := func(kind, account string, amount int64) {
		if amount != 0 {
			arg.LineKinds = append(arg.LineKinds, kind)
			arg.Accounts = append(arg.Accounts, account)
			arg.Amounts = append(arg.Amounts, amount)
		}
	}
	var creators []int64
	gross, fees, taxes := map[int64]int64{}, map[int64]int64{}, map[string]int64{}
	var sum, allFees int64
	for _, p := range s.Parts {
		if p.Amount.IsZero() {
			continue
		}
		if p.Amount.Currency != s.Amount.Currency || p.Amount.Amount < 0 || !p.taxFits() {
			return fmt.Errorf("%w: sale %s of %s has a part of %s with a tax of %s for %q", ErrUnbalanced, s.Reference,
				s.Amount, p.Amount, p.Tax, p.Country)
		}
		if !slices.Contains(creators, p.CreatorID) {
			creators = append(creators, p.CreatorID)
		}
		fee := money.Share(p.Amount.Amount, int64(l.deps.Terms.FeeRate), 10000)
		gross[p.CreatorID] += p.Amount.Amount
		fees[p.CreatorID] += fee
		sum, allFees = sum+p.Amount.Amount+p.Tax.Amount, allFees+fee
		country := ""
		if !p.Tax.IsZero() {
			country = p.Country
			taxes[country] += p.Tax.Amount
		}
		arg.Taxes, arg.TaxCountries = append(arg.Taxes, p.Tax.Amount), append(arg.TaxCountries, country)
		arg.Sources, arg.CreatorIds = append(arg.Sources, p.Source), append(arg.CreatorIds, p.CreatorID)
		arg.Subjects, arg.Quantities = append(arg.Subjects, p.Subject), append(arg.Quantities, int32(p.Quantity))
		arg.TitlesZh, arg.TitlesEn = append(arg.TitlesZh, p.Title.Zh), append(arg.TitlesEn, p.Title.En)
		arg.Earned, arg.Fees = append(arg.Earned, p.Amount.Amount), append(arg.Fees, fee)
	}
	if sum != s.Amount.Amount {
		return fmt.Errorf("%w: the parts of sale %s come to %d of %s", ErrUnbalanced, s.Reference, sum, s.Amount)
	}
	line(KindSale, Channel+s.Channel, sum)
	for _, id := range creators {
		line(KindSale, of(Held, id), -gross[id])
	}
	for _, country := range slices.Sorted(maps.Keys(taxes)) {
		line(KindSale, Taxes+country, -taxes[country])
	}
	if allFees != 0 {
		arg.Kinds = append(arg.Kinds, KindFee)
		for _, id := range creators {
			line(KindFee, of(Held, id), fees[id])
		}
		line(KindFee, Fees, -allFees)
	}
	if _, err := l.q.PostSale(ctx, tx, arg); err != nil {
		return fmt.Errorf("book sale %s: %w", s.Reference, err)
	}
	return nil
}

// CaptureTx books money that a channel took and that is no sale, once for each reference. account is Unapplied or
// Suspense.
func (l *Ledger) CaptureTx(ctx context.Context, tx pgx.Tx, reference, channel, account string, sum money.Money) error {
	_, err := l.PostTx(ctx, tx, move(KindCapture, reference, account, Channel+channel, sum))
	return err
}
