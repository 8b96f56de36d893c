package offers

import (
	"errors"
	"net/http"

	"videomall/mall/fault"
	"videomall/mall/promotion"
	"videomall/views/ui"
	"videomall/web/page"
)

// saving says how the form of an offer is answered.
type saving struct {
	url     string // of the offer's page
	done    string // the message when it was saved
	moved   *fault.Fault
	invalid *fault.Fault
	// again shows the form with everything that was typed, and what is wrong beside its field.
	again func(status int, wrong map[string]string) error
}

// answer answers a form whose save ended with err.
func (s saving) answer(c *page.Ctx, err error) error {
	switch {
	case errors.Is(err, promotion.ErrCouponTries):
		return s.again(http.StatusTooManyRequests, map[string]string{"code": "code_tries"})
	case errors.Is(err, s.invalid):
		return s.again(http.StatusUnprocessableEntity, fault.From(err).Fields)
	}
	return moved(c, err, s.moved, s.done, s.url)
}

// moved leads back to the page of an offer, with the message done, or with a warning where somebody else changed the
// offer meanwhile, which is the fault stale.
func moved(c *page.Ctx, err error, stale *fault.Fault, done, url string) error {
	switch {
	case err == nil:
		c.Flash(ui.Success, done)
	case errors.Is(err, stale):
		c.Flash(ui.Warning, "offer_moved")
	default:
		return err
	}
	return c.Redirect(url)
}
