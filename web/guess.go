package web

import (
	"errors"

	"github.com/labstack/echo/v4"

	"videomall/mall"
	"videomall/mall/promotion"
	"videomall/mall/risk"
	"videomall/web/page"
)

// unknownCoupon is the session's value that says which code nobody gave out was tried last.
const unknownCoupon = "unknown_coupon"

// couponGuesses has a coupon's code tried, and counts those whose answer tells something: codes that nobody gave out,
// and, to who makes one, that somebody has. So they can't be found by trying. A code that exists costs a buyer nothing,
// whether or not it can be used, and neither does the same wrong one once more: a page that is loaded again. Errors of
// the result: promotion.ErrCouponTries, which knows when to come back; those of try.
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
