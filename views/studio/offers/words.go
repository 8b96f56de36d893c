// Package offers draws where creators make coupons and bundles, and operators the coupons of the mall. It takes
// them as the business hands them out and decides how they read; it refuses to ask for anything itself.
package offers

import (
	"strconv"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/views/text"
	"videomall/views/ui"
)

// Frame says at whose desk a page stands.
type Frame struct {
	Base     string // "/studio/offers" or "/admin/offers"
	Operator bool
}

func (f Frame) couponURL(id int64) string { return f.Base + "/coupons/" + strconv.FormatInt(id, 10) }

func (f Frame) bundleURL(id int64) string { return f.Base + "/bundles/" + strconv.FormatInt(id, 10) }

func (f Frame) title(t *text.Printer) string {
	if f.Operator {
		return t.T("offer.title_mall")
	}
	return t.T("offer.title")
}

// BundleName is a bundle's name in the reader's language.
func BundleName(t *text.Printer, b promotion.Bundle) string { return t.Of(b.Name) }

func off(t *text.Printer, c promotion.Coupon) string {
	percent := strconv.Itoa(c.PercentOff)
	switch {
	case c.PercentOff > 0 && c.MaxOff > 0:
		return t.T("offer.off_percent_cap", "Percent", percent, "Amount", t.Money(money.Of(c.MaxOff, c.Currency)))
	case c.PercentOff > 0:
		return t.T("offer.off_percent", "Percent", percent)
	}
	return t.T("offer.off_amount", "Amount", t.Money(money.Of(c.AmountOff, c.Currency)))
}

func price(t *text.Printer, b promotion.Bundle) string {
	if b.PercentOff > 0 {
		return t.T("offer.off_percent", "Percent", strconv.Itoa(b.PercentOff))
	}
	return t.Money(money.Of(b.Price, b.Currency))
}

func skuName(t *text.Printer, o catalog.Offer) string {
	return t.SKU(o.Kind, o.Quality, o.RentHours)
}

var phaseTones = map[promotion.CouponPhase]ui.Tone{
	promotion.PhaseComing: ui.Info, promotion.PhaseOn: ui.Success,
	promotion.PhaseUsedUp:  ui.Warning,
	promotion.PhaseStopped: ui.Error,
}

var bundleTones = map[promotion.BundleStatus]ui.Tone{promotion.BundleLive: ui.Success}

// ListPage lists what one has made, the newest first.
type ListPage struct {
	Frame       Frame
	Coupons     []promotion.Coupon
	Bundles     []promotion.Bundle
	NextCoupons string // the address of older ones; empty at the end
	NextBundles string
	First       string // the newest of both, from a later page
	Now         time.Time
}

// CouponForm is a coupon as it was typed in. Errors are slugs by field.
type CouponForm struct {
	Version               int
	Code, Kind            string // Kind is "amount" or "percent"
	AmountOff, PercentOff string
	MaxOff, MinSpend      string
	Currency              string
	ValidFrom, ValidUntil string // as a datetime-local field sends them, in the reader's zone
	TotalLimit, PerUser   string
	Videos                map[string]bool // by id
	Errors                map[string]string
}

// Video is one that a coupon may be kept to.
type Video struct {
	ID    int64
	Title locale.Text
}

// CouponPage is the form of a new coupon, or of the one in Coupon with how it stands.
type CouponPage struct {
	Frame  Frame
	Coupon *promotion.Coupon
	Form   CouponForm
	Videos []Video
	Now    time.Time
}

func (p CouponPage) action() string {
	if p.Coupon == nil {
		return p.Frame.Base + "/coupons"
	}
	return p.Frame.couponURL(p.Coupon.ID)
}

func (p CouponPage) heading(t *text.Printer) string {
	if p.Coupon == nil {
		return t.T("offer.coupon_new")
	}
	return p.Coupon.Code
}

// BundleForm is a bundle as it was typed in. Errors are slugs by field.
type BundleForm struct {
	Version           int
	Name              locale.Text
	Kind              string // "sum" or "percent"
	Price, PercentOff string
	SKUs              []string
	Errors            map[string]string
}

// BundlePage is the form of a new bundle, or of the one in Bundle.
type BundlePage struct {
	Frame   Frame
	Bundle  *promotion.Bundle
	Form    BundleForm
	Choices []catalog.Offer
	// Untaken is what the saved bundle costs in the currencies in which nobody could pay it; empty where Form is not what
	// is saved.
	Untaken []money.Money
}

func (p BundlePage) action() string {
	if p.Bundle == nil {
		return p.Frame.Base + "/bundles"
	}
	return p.Frame.bundleURL(p.Bundle.ID)
}

// warning says beside the field of the chosen kind that the price can't be paid everywhere.
func (p BundlePage) warning(t *text.Printer, kind string) string {
	if p.Form.Kind != kind {
		return ""
	}
	return ui.Untaken(t, p.Untaken)
}

func (p BundlePage) heading(t *text.Printer) string {
	if p.Bundle == nil {
		return t.T("offer.bundle_new")
	}
	return BundleName(t, *p.Bundle)
}

func (p BundlePage) options(t *text.Printer) []ui.Option {
	list := []ui.Option{{Value: "", Label: t.T("offer.choose")}}
	for _, o := range p.Choices {
		list = append(list, ui.Option{
			Value: strconv.FormatInt(o.SKUID, 10),
			Label: t.Of(o.Title) + " · " + skuName(t, o) + " · " + t.Money(o.Amount),
		})
	}
	return list
}

// wrong is what is wrong with a field, in words; empty when nothing is.
func wrong(t *text.Printer, errors map[string]string, field string) string {
	return ui.FieldError(t, errors, field, "offer.wrong.")
}
