package promotion

import (
	"slices"
	"strings"
	"time"

	"videomall/mall/exchange"
	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/promotion/internal/dbsqlc"
	"videomall/mall/textnorm"
)

// Limits of one coupon; the schema keeps them too.
const (
	MaxUses         = 1_000_000
	MaxUsesPerUser  = 100
	MaxCode         = 32
	MaxCouponVideos = 50
	MaxOff          = 10_000_000_00 // minor units that a coupon may take off or ask for
)

// The faults that callers tell apart. Those of a buyer name the field "couponCode".
var (
	ErrCouponNotFound = fault.New(fault.NotFound, "coupon_not_found", "There is no such coupon.")
	ErrCouponInvalid  = fault.New(fault.Invalid, "coupon_invalid", "Some fields need another look.")
	ErrCouponMoved    = fault.New(fault.Conflict, "coupon_moved", "The coupon was changed since you looked.")

	ErrCouponUnknown   = fault.New(fault.Invalid, "coupon_unknown", "There is no such coupon.")
	ErrCouponTries     = fault.New(fault.TooMany, "too_many_attempts", "Too many attempts. Try again later.")
	ErrCouponEarly     = fault.New(fault.Conflict, "coupon_not_yet", "This coupon is not valid yet.")
	ErrCouponExpired   = fault.New(fault.Conflict, "coupon_expired", "This coupon is no longer valid.")
	ErrCouponUsedUp    = fault.New(fault.Conflict, "coupon_used_up", "This coupon has been used up.")
	ErrCouponUserLimit = fault.New(fault.Conflict, "coupon_user_limit",
		"You have used this coupon as often as one person may.")
	ErrCouponMinimum = fault.New(fault.Conflict, "coupon_minimum", "The order does not reach this coupon's minimum.")
	ErrCouponOther   = fault.New(fault.Conflict, "coupon_not_for_these", "This coupon is not for these videos.")
)

// CouponField names the input of a code in the faults of a buyer.
const CouponField = "couponCode"

// CouponStatus is what those who made a coupon have decided about it; its moments and its uses decide the rest.
type CouponStatus string

// The states of a coupon. One that was stopped stays so.
const (
	CouponLive    CouponStatus = "live"
	CouponStopped CouponStatus = "stopped"
)

// Terms are what a coupon promises. It takes off a sum, or a percentage of what it covers up to MaxOff.
type Terms struct {
	Currency   string
	AmountOff  int64 // minor units; 0 for a percentage
	PercentOff int   // 1 to 100; 0 for a sum
	MaxOff     int64 // minor units; 0 for no cap
	MinSpend   int64 // minor units, on the videos that it covers and before the discount
	ValidFrom  time.Time
	ValidUntil time.Time // the last moment is outside
	TotalLimit int
	PerUser    int
	SPUIDs     []int64 // none: all of its owner's, or of the mall
}

// Coupon is a code with its terms. Version counts edits and the stop.
type Coupon struct {
	ID       int64
	OwnerID  int64
	MallWide bool // an operator's: it covers everybody's videos
	Code     string
	Status   CouponStatus
	Version  int
	Held     int // uses by orders that wait for payment
	Used     int // uses by orders that were paid
	Terms
}

// CouponPhase is how a coupon stands at a moment, for those who made it.
type CouponPhase string

// The phases.
const (
	PhaseComing  CouponPhase = "coming"
	PhaseOn      CouponPhase = "on"
	PhaseUsedUp  CouponPhase = "used_up"
	PhaseOver    CouponPhase = "over"
	PhaseStopped CouponPhase = "stopped"
)

// Phase says how the coupon stands.
func (c Coupon) Phase(at time.Time) CouponPhase {
	switch {
	case c.Status == CouponStopped:
		return PhaseStopped
	case !at.Before(c.ValidUntil):
		return PhaseOver
	case c.Held+c.Used >= c.TotalLimit:
		return PhaseUsedUp
	case at.Before(c.ValidFrom):
		return PhaseComing
	}
	return PhaseOn
}

// Priced is a line that a discount may lower.
type Priced struct {
	SPUID     int64
	CreatorID int64
	Amount    money.Money
}

func (c Coupon) covers(p Priced) bool {
	return (c.MallWide || c.OwnerID == p.CreatorID) && (len(c.SPUIDs) == 0 || slices.Contains(c.SPUIDs, p.SPUID)) &&
		c.Currency == p.Amount.Currency
}

// in returns the coupon with its sums in another currency. Errors: ErrCouponOther if there is no rate.
func (c Coupon) in(currency string, rates exchange.Table) (Coupon, error) {
	if currency == "" || currency == c.Currency {
		return c, nil
	}
	for _, sum := range []*int64{&c.AmountOff, &c.MaxOff, &c.MinSpend} {
		converted, err := rates.Convert(money.Of(*sum, c.Currency), currency)
		if err != nil {
			return Coupon{}, refusal(ErrCouponOther).Because("%w", err)
		}
		if *sum > 0 {
			converted.Amount = max(converted.Amount, 1) // 0 means that there is none
		}
		*sum = converted.Amount
	}
	c.Currency = currency
	return c, nil
}

// Discounts are what the coupon takes off each line, by its terms alone: uses are counted elsewhere. Errors:
// ErrCouponEarly, ErrCouponExpired, ErrCouponOther, ErrCouponMinimum.
func (c Coupon) Discounts(lines []Priced, at time.Time) ([]int64, error) {
	switch {
	case c.Status != CouponLive, !at.Before(c.ValidUntil):
		return nil, refusal(ErrCouponExpired)
	case at.Before(c.ValidFrom):
		return nil, refusal(ErrCouponEarly)
	}
	weights, spend := make([]int64, len(lines)), int64(0)
	for n, l := range lines {
		if c.covers(l) {
			weights[n] = l.Amount.Amount
			spend += l.Amount.Amount
		}
	}
	if spend == 0 {
		return nil, refusal(ErrCouponOther)
	}
	if spend < c.MinSpend {
		return nil, refusal(ErrCouponMinimum).Because("%d of %d", spend, c.MinSpend)
	}
	off := c.AmountOff
	if c.PercentOff > 0 {
		if off = share(spend, c.PercentOff); c.MaxOff > 0 {
			off = min(off, c.MaxOff)
		}
	}
	return money.Split(min(off, spend), weights), nil
}

// refusal names the code as the input at fault.
func refusal(f *fault.Fault) *fault.Fault { return f.With(CouponField, f.Slug) }

// NormalCode is how a code is kept and compared: people type it in any case, with spaces around it, in full-width
// letters of a Chinese keyboard, or copy it with marks that nobody sees.
func NormalCode(code string) string { return strings.ToUpper(textnorm.Key(code)) }

func couponOf(r dbsqlc.PromotionCoupon, spuIDs []int64) Coupon {
	return Coupon{
		ID:       r.ID,
		OwnerID:  r.OwnerID,
		MallWide: r.MallWide,
		Code:     r.Code,
		Status:   CouponStatus(r.Status),
		Version:  int(r.Version),
		Held:     int(r.Held),
		Used:     int(r.Used),
		Terms: Terms{
			Currency:   r.Currency,
			AmountOff:  r.AmountOff,
			PercentOff: int(r.PercentOff),
			MaxOff:     r.MaxOff,
			MinSpend:   r.MinSpend,
			ValidFrom:  r.ValidFrom,
			ValidUntil: r.ValidUntil,
			TotalLimit: int(r.TotalLimit),
			PerUser:    int(r.PerUser),
			SPUIDs:     spuIDs,
		},
	}
}
