package web

import (
	"errors"

	"github.com/labstack/echo/v4"

	"videomall/mall"
	"videomall/mall/promotion"
	"videomall/mall/risk"
	"videomall/web/page"
)

// unknownCoupon is the value in the session that holds the last code tried that does not exist.
const unknownCoupon = "unknown_coupon"

// couponGuesses lets a coupon's code be tried, and counts the answers that reveal something: codes that do not exist,
// and, to somebody who makes a coupon, codes that do. So codes can't be found by trying. An existing code costs a buyer
// nothing, whether or not it applies, and neither does the same wrong code once more, as after a reload. Errors of the
// result: promotion.ErrCouponTries, which knows when to come back; those of try.
func couponGuesses(m *mall.Mall, asks func(echo.Context) risk.Subject) page.Guess {
	return func(c *page.Ctx, code string, try func() error) error {
		code = promotion.NormalCode(code)
		if code == "" || c.Remembers(unknownCoupon, code) {
			return try()
		}
		ctx, who := c.Request().Context(), asks(c.Context)
		who.UserID = c.Viewer.UserID
		if verdict, _ := m.Lists.Judge(ctx, who); verdict == risk.Allow {
			return try()
		}
		if _, err := m.Limits.Take(ctx, risk.Coupons, who); err != nil {
			return promotion.ErrCouponTries.Because("%w", err).
				With(promotion.CouponField, promotion.ErrCouponTries.Slug)
		}
		err := try()
		switch {
		case errors.Is(err, promotion.ErrCouponUnknown):
			c.Remember(unknownCoupon, code)
		case !promotion.CodeTaken(err):
			m.Limits.GiveBack(ctx, risk.Coupons, who)
		}
		return err
	}
}
