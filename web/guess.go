package web

import (
	"errors"

	"github.com/labstack/echo/v4"

	"videomall/mall"
	"videomall/mall/promotion"
	"videomall/mall/risk"
	"videomall/web/page"
)

// couponGuesses has a coupon's code tried, and counts those that nobody gave out by account, device and address, so that codes can't be found
// by trying. A code that exists costs nothing, whether or not it can be used. Errors of the result: promotion.ErrCouponTries, which knows when
// to come back; those of try.
func couponGuesses(m *mall.Mall, asks func(echo.Context) risk.Subject) func(c *page.Ctx, code string, try func() error) error {
	return func(c *page.Ctx, code string, try func() error) error {
		if promotion.NormalCode(code) == "" {
			return try()
		}
		ctx, who := c.Request().Context(), asks(c.Context)
		who.UserID = c.Viewer.UserID
		if verdict, _ := m.Lists.Judge(ctx, who); verdict == risk.Allow {
			return try()
		}
		if _, err := m.Limits.Take(ctx, risk.Coupons, who); err != nil {
			return promotion.ErrCouponTries.Because("%w", err).With(promotion.CouponField, promotion.ErrCouponTries.Slug)
		}
		err := try()
		if !errors.Is(err, promotion.ErrCouponUnknown) {
			m.Limits.GiveBack(ctx, risk.Coupons, who)
		}
		return err
	}
}
