package order

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"videomall/mall/promotion"
)

// check refuses what makes no sense whatever is for sale.
func (r PlaceRequest) check() error {
	if !printable(r.IdempotencyKey) || len(r.IdempotencyKey) > maxKeyLength {
		return ErrKeyMissing
	}
	switch {
	case r.CouponCode != "" && r.CampaignID != 0:
		return ErrCouponWithSale.With(promotion.CouponField, ErrCouponWithSale.Slug)
	case r.CouponCode != "" && r.BundleID != 0:
		return ErrCouponWithBundle.With(promotion.CouponField, ErrCouponWithBundle.Slug)
	case r.BundleID != 0 && (len(r.Items) > 0 || r.CampaignID != 0):
		return ErrBundleUnavailable.Because("bundle %d with lines or a campaign of its own", r.BundleID)
	case r.BundleID != 0:
		return nil
	}
	return checkLines(r.Items)
}

// printable says that a key has characters, all of them printable ASCII.
func printable(key string) bool {
	return key != "" && !strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' })
}

// checkLines wants some lines, not too many, each of another SKU and of a unit at least.
func checkLines(lines []Line) error {
	switch {
	case len(lines) == 0:
		return ErrEmpty
	case len(lines) > maxLines:
		return ErrTooManyItems
	}
	seen := map[int64]bool{}
	for _, l := range lines {
		if l.Quantity < 1 {
			return ErrQuantity.With(fmt.Sprintf("sku:%d", l.SKUID), ErrQuantity.Slug)
		}
		if seen[l.SKUID] {
			return ErrDuplicateItem.With(fmt.Sprintf("sku:%d", l.SKUID), ErrDuplicateItem.Slug)
		}
		seen[l.SKUID] = true
	}
	return nil
}

// hash is the same for the same request, whatever the order of its lines. The currency of prices is not part of it, so
// that a request from before there were others is still the same.
func (r PlaceRequest) hash(base string) []byte {
	lines := slices.SortedFunc(slices.Values(r.Items), func(a, b Line) int { return cmp.Compare(a.SKUID, b.SKUID) })
	h := sha256.New()
	if r.CampaignID != 0 {
		fmt.Fprintf(h, "campaign %d\n", r.CampaignID)
	}
	if r.CouponCode != "" {
		fmt.Fprintf(h, "coupon %s\n", r.CouponCode)
	}
	if r.BundleID != 0 {
		fmt.Fprintf(h, "bundle %d\n", r.BundleID)
	}
	if r.Currency != "" && r.Currency != base {
		fmt.Fprintf(h, "currency %s\n", r.Currency)
	}
	if b := r.Billing; b != nil {
		fmt.Fprintf(h, "billing %q %q %q %q\n", b.Country, b.Company, b.Address, b.VATID)
	}
	for _, l := range lines {
		fmt.Fprintf(h, "%d*%d\n", l.SKUID, l.Quantity)
	}
	return h.Sum(nil)
}
