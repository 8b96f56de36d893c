package promotion

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/locale"
	"videomall/mall/promotion/internal/dbsqlc"
	"videomall/mall/textnorm"
)

// Draft is a campaign as it is typed in.
type Draft struct {
	Name     locale.Text
	StartsAt time.Time
	EndsAt   time.Time
	Items    []Item
}

// Create keeps a new campaign, which nobody sees yet. Errors: ErrInvalid with Fields, ErrSKUNotFound for a SKU that is
// not the actor's.
func (p *Promotions) Create(ctx context.Context, by Actor, d Draft) (made Campaign, err error) {
	d = d.trimmed()
	err = db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		at := p.deps.Now()
		if err := p.checkTx(ctx, tx, by, d, at); err != nil {
			return err
		}
		row, err := p.q.InsertCampaign(ctx, tx, dbsqlc.InsertCampaignParams{
			OwnerID:  by.UserID,
			NameZh:   d.Name.Zh,
			NameEn:   d.Name.En,
			StartsAt: d.StartsAt,
			EndsAt:   d.EndsAt,
			At:       at,
		})
		if err != nil {
			return fmt.Errorf("insert campaign: %w", err)
		}
		made = campaignOf(row)
		made.Items = d.Items
		if err := p.insertItemsTx(ctx, tx, made); err != nil {
			return err
		}
		return p.auditTx(ctx, tx, by, "sale.create", made)
	})
	return made, err
}

// Edit replaces a draft in the version that was read. Errors: those of Create, ErrNotFound, ErrMoved for one that is no
// draft any more or was edited by somebody else.
func (p *Promotions) Edit(ctx context.Context, by Actor, id int64, version int, d Draft) (edited Campaign, err error) {
	d = d.trimmed()
	err = db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		c, err := p.lockTx(ctx, tx, id)
		if err != nil {
			return err
		}
		if !by.owns(c) {
			return ErrNotFound.Because("campaign %d is not of %s", id, by)
		}
		if err := p.checkTx(ctx, tx, by, d, p.deps.Now()); err != nil {
			return err
		}
		row, err := p.q.UpdateDraft(ctx, tx, dbsqlc.UpdateDraftParams{
			ID:       id,
			Version:  int32(version),
			NameZh:   d.Name.Zh,
			NameEn:   d.Name.En,
			StartsAt: d.StartsAt,
			EndsAt:   d.EndsAt,
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrMoved.Because("campaign %d is %s at version %d, edited from %d", id, c.Status, c.Version, version)
		}
		if err != nil {
			return fmt.Errorf("edit campaign %d: %w", id, err)
		}
		if err := p.q.DeleteItems(ctx, tx, id); err != nil {
			return fmt.Errorf("clear the items of campaign %d: %w", id, err)
		}
		edited = campaignOf(row)
		edited.Items = d.Items
		if err := p.insertItemsTx(ctx, tx, edited); err != nil {
			return err
		}
		return p.auditTx(ctx, tx, by, "sale.edit", edited)
	})
	return edited, err
}

func (p *Promotions) insertItemsTx(ctx context.Context, tx pgx.Tx, c Campaign) error {
	for n, i := range c.Items {
		err := p.q.InsertItem(ctx, tx, dbsqlc.InsertItemParams{
			CampaignID: c.ID,
			LineNo:     int32(n + 1),
			SkuID:      i.SKUID,
			Amount:     i.Amount.Amount,
			Currency:   i.Amount.Currency,
			Units:      int32(i.Units),
			PerUser:    int32(i.PerUser),
		})
		if err != nil {
			return fmt.Errorf("insert item %d of campaign %d: %w", n+1, c.ID, err)
		}
	}
	return nil
}

// trimmed also gives the moments the precision that PostgreSQL keeps.
func (d Draft) trimmed() Draft {
	d.Name = d.Name.Map(textnorm.Name)
	d.StartsAt, d.EndsAt = d.StartsAt.Truncate(time.Microsecond), d.EndsAt.Truncate(time.Microsecond)
	return d
}

// checkTx names every field that keeps a campaign from being sold as it stands.
func (p *Promotions) checkTx(ctx context.Context, q Querier, by Actor, d Draft, at time.Time) error {
	f := wrong{}
	f.name(d.Name)
	switch {
	case d.StartsAt.IsZero():
		f["starts_at"] = "time_missing"
	case d.EndsAt.IsZero():
		f["ends_at"] = "time_missing"
	case !d.EndsAt.After(d.StartsAt):
		f["ends_at"] = "ends_before_start"
	case !d.EndsAt.After(at):
		f["ends_at"] = "ends_in_the_past"
	}
	switch {
	case len(d.Items) == 0:
		f["items"] = "items_missing"
	case len(d.Items) > MaxItems:
		f["items"] = "too_many_items"
	}
	if err := p.checkItemsTx(ctx, q, by, d.Items, at, f); err != nil {
		return err
	}
	if len(f) == 0 {
		return nil
	}
	found := ErrInvalid
	for field, slug := range f {
		found = found.With(field, slug)
	}
	return found
}

func (p *Promotions) checkItemsTx(ctx context.Context, q Querier, by Actor, items []Item, at time.Time, f wrong) error {
	skus, err := p.deps.SKUs(ctx, q, skuIDs(items), at)
	if err != nil {
		return err
	}
	seen := map[int64]bool{}
	for n, i := range items {
		sku, sold := skus[i.SKUID]
		switch {
		case sold && !by.Operator && sku.CreatorID != by.UserID:
			return ErrSKUNotFound.Because("sku %d is not of %s", i.SKUID, by)
		case !sold:
			f[field(n, "sku")] = "sku_unavailable"
		case seen[i.SKUID]:
			f[field(n, "sku")] = "duplicate_item"
		default:
			f.itemPrice(n, i, sku)
		}
		seen[i.SKUID] = true
		f.itemLimits(n, i)
	}
	return nil
}

// itemPrice wants a price in the currency of the SKU and below its own.
func (f wrong) itemPrice(n int, i Item, sku SKU) {
	switch {
	case i.Amount.Amount <= 0 || i.Amount.Currency != sku.Price.Currency:
		f[field(n, "price")] = "price_invalid"
	case i.Amount.Amount >= sku.Price.Amount:
		f[field(n, "price")] = "price_not_below"
	}
}

func (f wrong) itemLimits(n int, i Item) {
	if i.Units < 1 || i.Units > MaxUnits {
		f[field(n, "units")] = "units_out_of_range"
	}
	if i.PerUser < 1 || i.PerUser > MaxPerUser {
		f[field(n, "per_user")] = "per_user_out_of_range"
	}
}

// wrong are the fields at fault, each with its slug.
type wrong map[string]string

// name wants a name in every language.
func (f wrong) name(name locale.Text) {
	for lang, s := range name.All() {
		field := "name_" + lang.Code()
		switch {
		case s == "":
			f[field] = "name_missing"
		case utf8.RuneCountInString(s) > MaxName:
			f[field] = "name_long"
		case !db.Storable(s):
			f[field] = "name_invalid"
		}
	}
}

// field names an input of the nth item, from 0.
func field(n int, input string) string { return "items." + strconv.Itoa(n) + "." + input }

func skuIDs(items []Item) []int64 {
	ids := make([]int64, len(items))
	for n, i := range items {
		ids[n] = i.SKUID
	}
	return ids
}

// atFault names the item of a SKU in a fault. An error that a person can't correct comes back as it is.
func atFault(err error, items []Item, skuID int64, input string) error {
	f := fault.From(err)
	if f.Kind == fault.Internal {
		return err
	}
	for n, i := range items {
		if i.SKUID == skuID {
			return f.With(field(n, input), f.Slug)
		}
	}
	return err
}
