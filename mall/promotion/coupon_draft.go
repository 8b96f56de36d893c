package promotion

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/promotion/internal/dbsqlc"
)

// codeShape is what a normal code looks like; the schema keeps it too.
var codeShape = regexp.MustCompile(`^[A-Z0-9][A-Z0-9-]{2,31}$`)

// CreateCoupon makes a coupon that is valid from its first moment on: of a creator for the own videos, of an operator
// for the mall. Errors: ErrCouponInvalid with Fields such as "code" or "percent_off".
func (p *Promotions) CreateCoupon(ctx context.Context, by Actor, code string, t Terms) (made Coupon, err error) {
	code, t = NormalCode(code), t.trimmed()
	err = db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		f := wrong{}
		if !codeShape.MatchString(code) {
			f["code"] = "code_invalid"
		}
		at := p.deps.Now()
		if err := p.checkTermsTx(ctx, tx, by, by.UserID, t, at, f); err != nil {
			return err
		}
		id, err := p.q.InsertCoupon(ctx, tx, dbsqlc.InsertCouponParams{
			OwnerID:    by.UserID,
			MallWide:   by.Operator,
			Code:       code,
			Currency:   t.Currency,
			AmountOff:  t.AmountOff,
			PercentOff: int32(t.PercentOff),
			MaxOff:     t.MaxOff,
			MinSpend:   t.MinSpend,
			ValidFrom:  t.ValidFrom,
			ValidUntil: t.ValidUntil,
			TotalLimit: int32(t.TotalLimit),
			PerUser:    int32(t.PerUser),
			At:         at,
		})
		if db.IsUnique(err, "promotion_coupon_code") {
			return ErrCouponInvalid.With("code", codeTaken)
		}
		if err != nil {
			return fmt.Errorf("insert coupon %s: %w", code, err)
		}
		made, err = p.coverTx(ctx, tx, by, id, t.SPUIDs, "coupon.create")
		return err
	})
	return made, err
}

const codeTaken = "code_taken"

// CodeTaken says that a coupon was refused because another one has its code, which tells its creator that the code
// exists.
func CodeTaken(err error) bool {
	return errors.Is(err, ErrCouponInvalid) && fault.From(err).Fields["code"] == codeTaken
}

// EditCoupon changes the terms of a live coupon, read in that version. Orders that were placed keep what they were
// promised. Errors: those of CreateCoupon, ErrCouponNotFound, ErrCouponMoved.
func (p *Promotions) EditCoupon(ctx context.Context, by Actor, id int64, version int,
	t Terms,
) (edited Coupon, err error) {
	t = t.trimmed()
	err = db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		if _, err := p.q.LockCoupon(ctx, tx, id); err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("lock coupon %d: %w", id, err)
		}
		c, err := p.coupon(ctx, tx, by, id)
		if err != nil {
			return err
		}
		f := wrong{}
		if t.TotalLimit < c.Held+c.Used {
			f["total_limit"] = "below_uses"
		}
		if err := p.checkTermsTx(ctx, tx, by, c.OwnerID, t, p.deps.Now(), f); err != nil {
			return err
		}
		n, err := p.q.EditCoupon(ctx, tx, dbsqlc.EditCouponParams{
			ID:         id,
			Version:    int32(version),
			Currency:   t.Currency,
			AmountOff:  t.AmountOff,
			PercentOff: int32(t.PercentOff),
			MaxOff:     t.MaxOff,
			MinSpend:   t.MinSpend,
			ValidFrom:  t.ValidFrom,
			ValidUntil: t.ValidUntil,
			TotalLimit: int32(t.TotalLimit),
			PerUser:    int32(t.PerUser),
		})
		if err != nil {
			return fmt.Errorf("edit coupon %d: %w", id, err)
		}
		if n == 0 {
			return ErrCouponMoved.Because("coupon %d is %s at version %d, edited from %d", id, c.Status, c.Version,
				version)
		}
		if err := p.q.DeleteCouponSPUs(ctx, tx, id); err != nil {
			return fmt.Errorf("clear the videos of coupon %d: %w", id, err)
		}
		edited, err = p.coverTx(ctx, tx, by, id, t.SPUIDs, "coupon.edit")
		return err
	})
	return edited, err
}

// coverTx writes down which videos a new or edited coupon covers, audits the action, and returns the coupon as it stands
// then.
func (p *Promotions) coverTx(ctx context.Context, tx pgx.Tx, by Actor, id int64, spuIDs []int64,
	action string,
) (Coupon, error) {
	if err := p.q.InsertCouponSPUs(ctx, tx, dbsqlc.InsertCouponSPUsParams{
		CouponID: id,
		SpuIds:   spuIDs,
	}); err != nil {
		return Coupon{}, fmt.Errorf("videos of coupon %d: %w", id, err)
	}
	c, err := p.coupon(ctx, tx, by, id)
	if err != nil {
		return Coupon{}, err
	}
	return c, p.auditCouponTx(ctx, tx, by, action, c)
}

// StopCoupon ends a coupon for good; orders that were placed keep their discount. Errors: ErrCouponNotFound,
// ErrCouponMoved.
func (p *Promotions) StopCoupon(ctx context.Context, by Actor, id int64, version int) error {
	return db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		c, err := p.coupon(ctx, tx, by, id)
		if err != nil {
			return err
		}
		n, err := p.q.StopCoupon(ctx, tx, dbsqlc.StopCouponParams{
			ID:      id,
			Version: int32(version),
			At:      p.deps.Now(),
		})
		if err != nil {
			return fmt.Errorf("stop coupon %d: %w", id, err)
		}
		if n == 0 {
			return ErrCouponMoved.Because("coupon %d is %s at version %d, stopped from %d", id, c.Status, c.Version,
				version)
		}
		c.Version++
		return p.auditCouponTx(ctx, tx, by, "coupon.stop", c)
	})
}

// Coupon returns a coupon to those who made it. Errors: ErrCouponNotFound, for others' too.
func (p *Promotions) Coupon(ctx context.Context, by Actor, id int64) (Coupon, error) {
	return p.coupon(ctx, p.deps.Pool, by, id)
}

func (p *Promotions) coupon(ctx context.Context, q Querier, by Actor, id int64) (Coupon, error) {
	row, err := p.q.CouponByID(ctx, q, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Coupon{}, ErrCouponNotFound.Because("coupon %d", id)
	}
	if err != nil {
		return Coupon{}, fmt.Errorf("coupon %d: %w", id, err)
	}
	c := couponOf(row.PromotionCoupon, row.SpuIds)
	if c.MallWide != by.Operator || !by.Operator && c.OwnerID != by.UserID {
		return Coupon{}, ErrCouponNotFound.Because("coupon %d is not of %s", id, by)
	}
	return c, nil
}

// Coupons returns up to most coupons that the actor made, the newest first, those before an id unless that is 0: a
// creator's own, or for an operator those of the mall.
func (p *Promotions) Coupons(ctx context.Context, by Actor, before int64, most int) ([]Coupon, error) {
	rows, err := p.q.CouponsOf(ctx, p.deps.Pool, dbsqlc.CouponsOfParams{
		MallWide: by.Operator,
		OwnerID:  by.UserID,
		Before:   before,
		Most:     int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("coupons of %s: %w", by, err)
	}
	list := make([]Coupon, len(rows))
	for n, r := range rows {
		list[n] = couponOf(r.PromotionCoupon, r.SpuIds)
	}
	return list, nil
}

// trimmed gives the moments the precision that PostgreSQL keeps, and names each video once.
func (t Terms) trimmed() Terms {
	t.ValidFrom, t.ValidUntil = t.ValidFrom.Truncate(time.Microsecond), t.ValidUntil.Truncate(time.Microsecond)
	t.SPUIDs = slices.Compact(slices.Sorted(slices.Values(t.SPUIDs)))
	return t
}

// checkTermsTx names every field that is wrong, in addition to those found before.
func (p *Promotions) checkTermsTx(ctx context.Context, q Querier, by Actor, ownerID int64, t Terms, at time.Time,
	f wrong,
) error {
	f.discount(t)
	f.validity(t, at)
	f.limits(t)
	if err := p.checkVideosTx(ctx, q, by, ownerID, t.SPUIDs, f); err != nil {
		return err
	}
	return f.fault(ErrCouponInvalid)
}

// discount wants either an amount or a percentage, and sums that a coupon may name.
func (f wrong) discount(t Terms) {
	if !currencyShape.MatchString(t.Currency) {
		f["currency"] = "currency_invalid"
	}
	switch {
	case (t.AmountOff == 0) == (t.PercentOff == 0), t.PercentOff == 0 && outside(t.AmountOff, 1, MaxOff):
		f["amount_off"] = "amount_invalid"
	case t.AmountOff == 0 && outside(int64(t.PercentOff), 1, 100):
		f["percent_off"] = "percent_invalid"
	}
	if outside(t.MaxOff, 0, MaxOff) || t.MaxOff > 0 && t.PercentOff == 0 {
		f["max_off"] = "amount_invalid"
	}
	if outside(t.MinSpend, 0, MaxOff) {
		f["min_spend"] = "amount_invalid"
	}
}

// validity wants a time that is not over yet.
func (f wrong) validity(t Terms, at time.Time) {
	switch {
	case t.ValidFrom.IsZero():
		f["valid_from"] = "time_missing"
	case t.ValidUntil.IsZero():
		f["valid_until"] = "time_missing"
	case !t.ValidUntil.After(t.ValidFrom):
		f["valid_until"] = "ends_before_start"
	case !t.ValidUntil.After(at):
		f["valid_until"] = "ends_in_the_past"
	}
}

// limits wants bounds on how often a coupon is used, and for how many videos.
func (f wrong) limits(t Terms) {
	if outside(int64(t.TotalLimit), 1, MaxUses) {
		f["total_limit"] = "uses_out_of_range"
	}
	if outside(int64(t.PerUser), 1, MaxUsesPerUser) {
		f["per_user"] = "per_user_out_of_range"
	}
	if len(t.SPUIDs) > MaxCouponVideos {
		f["videos"] = "too_many_videos"
	}
}

// checkVideosTx wants videos that exist, and of a creator who is no operator their own.
func (p *Promotions) checkVideosTx(ctx context.Context, q Querier, by Actor, ownerID int64, spuIDs []int64,
	f wrong,
) error {
	creators, err := p.deps.CreatorsOf(ctx, q, spuIDs)
	if err != nil {
		return err
	}
	for _, id := range spuIDs {
		if creator, known := creators[id]; !known || !by.Operator && creator != ownerID {
			f["videos"] = "video_unknown"
		}
	}
	return nil
}

var currencyShape = regexp.MustCompile(`^[A-Z]{3}$`)

func outside(n, least, most int64) bool { return n < least || n > most }

// fault is nil when nothing is wrong.
func (f wrong) fault(as *fault.Fault) error {
	if len(f) == 0 {
		return nil
	}
	for field, slug := range f {
		as = as.With(field, slug)
	}
	return as
}
