package overview

import (
	"errors"
	"net/http"

	"videomall/mall/fault"
	"videomall/mall/insight"
	"videomall/views/ui"
	"videomall/web/page"

	overviewview "videomall/views/studio/overview"
)

// showZone is the page where a creator says in which zone the days of reports are.
func (d Deps) showZone(c *page.Ctx) error {
	return d.renderZone(c, http.StatusOK, overviewview.ZonePage{})
}

func (d Deps) renderZone(c *page.Ctx, status int, p overviewview.ZonePage) (err error) {
	if p.Zone, err = d.Insight.Zone(c.Request().Context(), c.Viewer.UserID); err != nil {
		return err
	}
	p.Browser, p.Known = c.Text.OwnZone()
	p.Now = c.Now
	return c.Render(status, c.Text.T("zone.title"), overviewview.Zone(p))
}

func (d Deps) setZone(c *page.Ctx) error {
	err := d.Insight.SetZone(c.Request().Context(), c.Viewer.UserID, c.FormValue("zone"))
	switch {
	case errors.Is(err, insight.ErrZoneUnknown):
		return d.renderZone(c, http.StatusUnprocessableEntity, overviewview.ZonePage{Errors: fault.From(err).Fields})
	case err != nil:
		return err
	}
	c.Flash(ui.Success, "zone_saved")
	return c.Redirect("/studio")
}
