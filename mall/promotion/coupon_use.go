package promotion

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/exchange"
	"videomall/mall/promotion/internal/dbsqlc"
)

// ErrCouponStale says that somebody edited, stopped or used a coupon since it was counted: count again, with the lock.
var ErrCouponStale = errors.New("promotion: a coupon has changed since it was counted")

// CouponAsk is a person who wants to use a code.
// The coupon's sums are converted to Currency by Rates; an empty Currency leaves them.
type CouponAsk struct {
	Code     string
	UserID   int64
	Currency string
	Rates    exchange.Table
}

// person is one person at one coupon.
type person struct{ couponID, userID int64 }

// CouponCount is what a set of orders can use of their coupons, and what is left while they take one by one. It is one
// transaction's own and not safe for concurrent use.
type CouponCount struct {
	at     time.Time
	byCode map[string]Coupon
	left   map[int64]int
	slots  map[person][]int // those in use
}

// Use is a coupon's use by one order. Discounts are what it takes off each of the order's lines.
type Use struct {
	CouponID  int64
	Version   int
	Code      string
	OrderNo   string
	UserID    int64
	Slot      int // which of the person's uses it is, from 1
	Discounts []int64
}

func (u Use) total() (sum int64) {
	for _, d := range u.Discounts {
		sum += d
	}
	return sum
}

// ReadCouponsTx reads what is left of the coupons of some codes, and the uses of those who ask. With lock nobody else uses or changes
// these coupons until the transaction ends, so that HoldTx can't fail with ErrCouponStale; without it nobody waits. A
// caller that also locks stock does so first.
func (p *Promotions) ReadCouponsTx(ctx context.Context, q Querier, asks []CouponAsk, at time.Time,
	lock bool,
) (*CouponCount, error) {
	c := &CouponCount{
		at:     at,
		byCode: map[string]Coupon{},
		left:   map[int64]int{},
		slots:  map[person][]int{},
	}
	codes := codesOf(asks)
	if len(codes) == 0 {
		return c, nil
	}
	if lock {
		if _, err := p.q.LockCoupons(ctx, q, codes); err != nil {
			return nil, fmt.Errorf("lock coupons %q: %w", codes, err)
		}
	}
	// This statement is one of its own, so that it sees what was committed before the lock was had.
	rows, err := p.q.CouponsByCode(ctx, q, codes)
	if err != nil {
		return nil, fmt.Errorf("coupons %q: %w", codes, err)
	}
	for _, r := range rows {
		k := couponOf(r.PromotionCoupon, r.SpuIds)
		c.byCode[k.Code], c.left[k.ID] = k, k.TotalLimit-k.Held-k.Used
	}
	if err := p.countSlotsTx(ctx, q, asks, c); err != nil {
		return nil, fmt.Errorf("uses of coupons %q: %w", codes, err)
	}
	return c, nil
}

// codesOf are the codes that are asked for, each once, without those that can't name a coupon.
func codesOf(asks []CouponAsk) []string {
	var codes []string
	for _, a := range asks {
		if code := NormalCode(a.Code); codeShape.MatchString(code) && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

// countSlotsTx reads which uses of the coupons each person who asks has had.
func (p *Promotions) countSlotsTx(ctx context.Context, q Querier, asks []CouponAsk, c *CouponCount) error {
	var arg dbsqlc.CouponSlotsParams
	seen := map[person]bool{}
	for _, a := range asks {
		k, known := c.byCode[NormalCode(a.Code)]
		who := person{k.ID, a.UserID}
		if known && !seen[who] {
			seen[who] = true
			arg.CouponIds, arg.UserIds = append(arg.CouponIds, k.ID), append(arg.UserIds, a.UserID)
		}
	}
	if len(arg.CouponIds) == 0 {
		return nil
	}
	used, err := p.q.CouponSlots(ctx, q, arg)
	for _, u := range used {
		who := person{u.CouponID, u.UserID}
		c.slots[who] = append(c.slots[who], int(u.Slot))
	}
	return err
}

// Take counts off one use for one order. Errors: ErrCouponUnknown, ErrCouponUsedUp, ErrCouponUserLimit and those of
// Coupon.Discounts.
func (c *CouponCount) Take(ask CouponAsk, orderNo string, lines []Priced) (Use, error) {
	k, known := c.byCode[NormalCode(ask.Code)]
	if !known {
		return Use{}, refusal(ErrCouponUnknown)
	}
	k, err := k.in(ask.Currency, ask.Rates)
	if err != nil {
		return Use{}, err
	}
	discounts, err := k.Discounts(lines, c.at)
	if err != nil {
		return Use{}, err
	}
	who := person{k.ID, ask.UserID}
	if len(c.slots[who]) >= k.PerUser {
		return Use{}, refusal(ErrCouponUserLimit)
	}
	if c.left[k.ID] < 1 {
		return Use{}, refusal(ErrCouponUsedUp)
	}
	slot := 1
	for slices.Contains(c.slots[who], slot) {
		slot++
	}
	c.left[k.ID]--
	c.slots[who] = append(c.slots[who], slot)
	return Use{
		CouponID:  k.ID,
		Version:   k.Version,
		Code:      k.Code,
		OrderNo:   orderNo,
		UserID:    ask.UserID,
		Slot:      slot,
		Discounts: discounts,
	}, nil
}

// PutBack undoes a Take.
func (c *CouponCount) PutBack(u Use) {
	who := person{u.CouponID, u.UserID}
	c.left[u.CouponID]++
	c.slots[who] = slices.DeleteFunc(c.slots[who], func(slot int) bool { return slot == u.Slot })
}

// HoldTx writes uses that were taken from a count, until their orders are paid or closed: all of them, or the caller
// rolls back. It leaves its statements to later, whose Send may fail with ErrCouponStale unless the count holds the
// locks. The coupons are locked in the order of their ids, after whatever later has gathered before.
func (p *Promotions) HoldTx(ctx context.Context, later *db.Later, uses []Use) error {
	if err := p.addHeld(ctx, later, uses); err != nil || len(uses) == 0 {
		return err
	}
	arg := dbsqlc.InsertCouponUsesParams{At: p.deps.Now()}
	for _, u := range uses {
		arg.OrderNos = append(arg.OrderNos, u.OrderNo)
		arg.CouponIds = append(arg.CouponIds, u.CouponID)
		arg.UserIds = append(arg.UserIds, u.UserID)
		arg.Slots, arg.Discounts = append(arg.Slots, int32(u.Slot)), append(arg.Discounts, u.total())
	}
	if _, err := p.q.InsertCouponUses(ctx, later.Exactly(len(uses), ErrCouponStale), arg); err != nil {
		return fmt.Errorf("write %d uses of coupons: %w", len(uses), err)
	}
	return nil
}

// HoldAgainTx is HoldTx for an order that had a use before, which came back when the order was closed.
func (p *Promotions) HoldAgainTx(ctx context.Context, later *db.Later, u Use) error {
	if err := p.addHeld(ctx, later, []Use{u}); err != nil {
		return err
	}
	_, err := p.q.HoldCouponAgain(ctx, later.Exactly(1, ErrCouponStale), dbsqlc.HoldCouponAgainParams{
		OrderNo: u.OrderNo,
		Slot:    int32(u.Slot),
		At:      p.deps.Now(),
	})
	return err
}

// addHeld counts uses: HoldCoupon adds to held only within the limit and only if the coupon is still of the version that
// was read. Nothing runs before later.Send, which fails with ErrCouponStale if a coupon's row was not updated; the row
// counts that are returned here are always 0.
func (p *Promotions) addHeld(ctx context.Context, later *db.Later, uses []Use) error {
	byID := slices.SortedFunc(slices.Values(uses), func(a, b Use) int { return cmp.Compare(a.CouponID, b.CouponID) })
	for from := 0; from < len(byID); {
		to := from
		for to < len(byID) && byID[to].CouponID == byID[from].CouponID {
			to++
		}
		_, err := p.q.HoldCoupon(ctx, later.Exactly(1, ErrCouponStale), dbsqlc.HoldCouponParams{
			ID:      byID[from].CouponID,
			Version: int32(byID[from].Version),
			Uses:    int32(to - from),
		})
		if err != nil {
			return fmt.Errorf("hold %d uses of coupon %d: %w", to-from, byID[from].CouponID, err)
		}
		from = to
	}
	return nil
}

// The states of a use.
const (
	useHeld     = "held"
	useUsed     = "used"
	useReturned = "returned"
)

// UseTx makes an order's held use a used one: it was paid. Without one it changes nothing.
func (p *Promotions) UseTx(ctx context.Context, tx pgx.Tx, orderNo string) error {
	return p.settleTx(ctx, tx, orderNo, useHeld, useUsed)
}

// ReleaseTx gives an order's held use back: it was closed. Without one it changes nothing.
func (p *Promotions) ReleaseTx(ctx context.Context, tx pgx.Tx, orderNo string) error {
	return p.settleTx(ctx, tx, orderNo, useHeld, useReturned)
}

// ReturnTx gives an order's used use back: it was refunded as a whole. Without one it changes nothing.
func (p *Promotions) ReturnTx(ctx context.Context, tx pgx.Tx, orderNo string) error {
	return p.settleTx(ctx, tx, orderNo, useUsed, useReturned)
}

func (p *Promotions) settleTx(ctx context.Context, tx pgx.Tx, orderNo, from, to string) error {
	err := p.q.SettleCoupon(ctx, tx, dbsqlc.SettleCouponParams{
		OrderNo:   orderNo,
		FromState: from,
		ToState:   to,
		At:        p.deps.Now(),
	})
	if err != nil {
		return fmt.Errorf("coupon use of %s from %s to %s: %w", orderNo, from, to, err)
	}
	return nil
}
