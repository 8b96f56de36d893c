package offers

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/locale"
	"videomall/mall/promotion"
	"videomall/web/formvalue"
	"videomall/web/page"

	offersview "videomall/views/studio/offers"
)

const defaultCurrency = "CNY"

func (k desk) couponURL(id int64) string { return k.base + "/coupons/" + strconv.FormatInt(id, 10) }

func (k desk) beginCoupon(c *page.Ctx) error {
	now, zone := k.Now(), c.Text.Zone()
	return k.renderCoupon(c, http.StatusOK, offersview.CouponPage{Form: offersview.CouponForm{
		Kind:       "amount",
		PerUser:    "1",
		TotalLimit: "100",
		Currency:   defaultCurrency,
		ValidFrom:  now.In(zone).Format(formvalue.Moment),
		ValidUntil: now.AddDate(0, 1, 0).In(zone).Format(formvalue.Moment),
	}})
}

// renderCoupon shows the form of a new coupon, or of the one in p.
func (k desk) renderCoupon(c *page.Ctx, status int, p offersview.CouponPage) error {
	ctx := c.Request().Context()
	p.Frame, p.Now = k.frame(), k.Now()
	if !k.operator {
		offers, err := k.Catalog.Sellable(ctx, k.creator(c), mostChoices)
		if err != nil {
			return err
		}
		listed := map[int64]bool{}
		for _, o := range offers {
			if !listed[o.SPUID] {
				listed[o.SPUID] = true
				p.Videos = append(p.Videos, offersview.Video{
					ID:    o.SPUID,
					Title: o.Title,
				})
			}
		}
		for video := range p.Form.Videos { // ticked once, and not for sale any more
			if n := formvalue.ID(video); n > 0 && !listed[n] {
				p.Videos = append(p.Videos, offersview.Video{
					ID:    n,
					Title: locale.Text{Zh: "#" + video, En: "#" + video},
				})
			}
		}
	}
	title := c.Text.T("offer.coupon_new")
	if p.Coupon != nil {
		title = p.Coupon.Code
	}
	return c.Render(status, title, offersview.CouponView(p))
}

func (k desk) createCoupon(c *page.Ctx) error {
	return k.saveCoupon(c, nil,
		func(ctx context.Context, f offersview.CouponForm, t promotion.Terms) (promotion.Coupon, error) {
			if k.operator { // sees every coupon anyway
				return k.Promotions.CreateCoupon(ctx, k.actor(c), f.Code, t)
			}
			var made promotion.Coupon
			err := k.Guess.Try(c, f.Code, func() (err error) {
				made, err = k.Promotions.CreateCoupon(ctx, k.actor(c), f.Code, t)
				return err
			})
			return made, err
		})
}

func (k desk) editCoupon(c *page.Ctx) error {
	coupon, err := k.Promotions.Coupon(c.Request().Context(), k.actor(c), formvalue.ID(c.Param("id")))
	if err != nil {
		return err
	}
	return k.saveCoupon(c, &coupon,
		func(ctx context.Context, f offersview.CouponForm, t promotion.Terms) (promotion.Coupon, error) {
			return k.Promotions.EditCoupon(ctx, k.actor(c), coupon.ID, f.Version, t)
		})
}

// saveCoupon reads a form and stores it. A form that is refused comes back with what was typed and what is wrong with
// it.
func (k desk) saveCoupon(c *page.Ctx, coupon *promotion.Coupon,
	keep func(context.Context, offersview.CouponForm, promotion.Terms) (promotion.Coupon, error),
) error {
	values, err := c.FormParams()
	if err != nil {
		return page.ErrBadRequest(err)
	}
	f := readCoupon(values)
	kept, err := keep(c.Request().Context(), f, terms(f, c.Text.Zone()))
	if err != nil && coupon != nil {
		kept.ID = coupon.ID
	}
	return saving{
		url:     k.couponURL(kept.ID),
		done:    "coupon_saved",
		moved:   promotion.ErrCouponMoved,
		invalid: promotion.ErrCouponInvalid,
		again: func(status int, wrong map[string]string) error {
			f.Errors = wrong
			return k.renderCoupon(c, status, offersview.CouponPage{Coupon: coupon, Form: f})
		},
	}.answer(c, err)
}

func (k desk) showCoupon(c *page.Ctx) error {
	coupon, err := k.Promotions.Coupon(c.Request().Context(), k.actor(c), formvalue.ID(c.Param("id")))
	if err != nil {
		return err
	}
	return k.renderCoupon(c, http.StatusOK, offersview.CouponPage{
		Coupon: &coupon,
		Form:   couponForm(coupon, c.Text.Zone()),
	})
}

func (k desk) stopCoupon(c *page.Ctx) error {
	n := formvalue.ID(c.Param("id"))
	err := k.Promotions.StopCoupon(c.Request().Context(), k.actor(c), n, formvalue.Version(c.FormValue("version")))
	return moved(c, err, promotion.ErrCouponMoved, "coupon_stopped", k.couponURL(n))
}

// readCoupon reads the form as it was typed, so that it can come back.
func readCoupon(v url.Values) offersview.CouponForm {
	f := offersview.CouponForm{
		Version:    formvalue.Version(v.Get("version")),
		Code:       v.Get("code"),
		Kind:       v.Get("kind"),
		AmountOff:  v.Get("amount_off"),
		PercentOff: v.Get("percent_off"),
		MaxOff:     v.Get("max_off"),
		MinSpend:   v.Get("min_spend"),
		Currency:   v.Get("currency"),
		ValidFrom:  v.Get("valid_from"),
		ValidUntil: v.Get("valid_until"),
		TotalLimit: v.Get("total_limit"),
		PerUser:    v.Get("per_user"),
		Videos:     map[string]bool{},
	}
	for _, video := range v["video"] {
		f.Videos[video] = true
	}
	return f
}

// terms converts the form to the terms of a coupon, with moments in the reader's time zone. What can't be read becomes
// a value that the rules of coupons refuse, so that every field is judged in one place.
func terms(f offersview.CouponForm, zone *time.Location) promotion.Terms {
	currency := strings.ToUpper(strings.TrimSpace(f.Currency))
	t := promotion.Terms{
		Currency:   currency,
		MinSpend:   formvalue.OptionalPrice(f.MinSpend, currency),
		ValidFrom:  formvalue.At(f.ValidFrom, zone),
		ValidUntil: formvalue.At(f.ValidUntil, zone),
		TotalLimit: int(formvalue.Number(f.TotalLimit)),
		PerUser:    int(formvalue.Number(f.PerUser)),
	}
	if f.Kind == "percent" {
		t.PercentOff, t.MaxOff = int(cmp.Or(formvalue.Number(f.PercentOff), -1)), formvalue.OptionalPrice(f.MaxOff, currency)
	} else {
		t.AmountOff = cmp.Or(formvalue.Price(f.AmountOff, currency), -1)
	}
	for video := range f.Videos {
		t.SPUIDs = append(t.SPUIDs, formvalue.Number(video))
	}
	slices.Sort(t.SPUIDs)
	return t
}

// couponForm fills a form with a coupon.
func couponForm(c promotion.Coupon, zone *time.Location) offersview.CouponForm {
	f := offersview.CouponForm{
		Version:    c.Version,
		Code:       c.Code,
		Kind:       "amount",
		AmountOff:  formvalue.FormatPrice(c.AmountOff, c.Currency),
		PercentOff: formvalue.FormatNumber(c.PercentOff),
		MaxOff:     formvalue.FormatPrice(c.MaxOff, c.Currency),
		MinSpend:   formvalue.FormatPrice(c.MinSpend, c.Currency),
		Currency:   c.Currency,
		ValidFrom:  c.ValidFrom.In(zone).Format(formvalue.Moment),
		ValidUntil: c.ValidUntil.In(zone).Format(formvalue.Moment),
		TotalLimit: formvalue.FormatNumber(c.TotalLimit),
		PerUser:    formvalue.FormatNumber(c.PerUser),
		Videos:     map[string]bool{},
	}
	if c.PercentOff > 0 {
		f.Kind = "percent"
	}
	for _, spu := range c.SPUIDs {
		f.Videos[strconv.FormatInt(spu, 10)] = true
	}
	return f
}
