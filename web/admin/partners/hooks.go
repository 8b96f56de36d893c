package partners

import (
	"errors"
	"net/http"

	"videomall/mall/fault"
	"videomall/mall/webhook"
	partnersview "videomall/views/admin/partners"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// addHook answers with the secret itself, as addKey does.
func (d Deps) addHook(c *page.Ctx) error {
	ctx := c.Request().Context()
	p, err := d.living(c)
	if err != nil {
		return d.refused(c, err)
	}
	form := partnersview.HookForm{URL: c.FormValue("url")}
	_, secret, err := d.Hooks.By(c.Viewer.UserID).Add(ctx, p.ID, webhook.Draft{URL: form.URL, Types: webhook.PartnerTypes()})
	switch {
	case errors.Is(err, webhook.ErrInvalid):
		form.Error = c.Text.T("webhooks.wrong." + fault.From(err).Fields["url"])
		return d.renderShow(c, http.StatusUnprocessableEntity, partnersview.ShowPage{Hook: form})
	case errors.Is(err, webhook.ErrTooMany):
		return d.renderShow(c, http.StatusConflict, partnersview.ShowPage{
			Hook:    form,
			Refused: c.Text.T("partner.hooks_full"),
		})
	case err != nil:
		return err
	}
	return d.showSecret(c, partnersview.SecretPage{Partner: p, Secret: secret})
}

func (d Deps) rotateHook(c *page.Ctx) error {
	id := formvalue.ID(c.Param("id"))
	secret, err := d.Hooks.By(c.Viewer.UserID).Rotate(c.Request().Context(), id, formvalue.ID(c.Param("hook")),
		formvalue.Version(c.FormValue("version")))
	if err != nil {
		return d.hookDone(c, "", err)
	}
	return d.showSecret(c, partnersview.SecretPage{Secret: secret})
}

func (d Deps) turnHook(on bool) func(*page.Ctx) error {
	return func(c *page.Ctx) error {
		if _, err := d.living(c); on && err != nil {
			return d.refused(c, err)
		}
		err := d.Hooks.By(c.Viewer.UserID).Switch(c.Request().Context(), formvalue.ID(c.Param("id")), formvalue.ID(c.Param("hook")),
			formvalue.Version(c.FormValue("version")), on)
		if on {
			return d.hookDone(c, "webhook_on", err)
		}
		return d.hookDone(c, "webhook_off", err)
	}
}

func (d Deps) removeHook(c *page.Ctx) error {
	return d.hookDone(c, "webhook_removed", d.Hooks.By(c.Viewer.UserID).Remove(c.Request().Context(), formvalue.ID(c.Param("id")),
		formvalue.ID(c.Param("hook")), formvalue.Version(c.FormValue("version"))))
}

// hookDone goes back to the partner with a notice that says what was done, or that the address has changed meanwhile.
func (d Deps) hookDone(c *page.Ctx, done string, err error) error {
	switch {
	case errors.Is(err, webhook.ErrMoved):
		c.Flash(ui.Warning, "webhook_moved")
	case err != nil:
		return err
	default:
		c.Flash(ui.Success, done)
	}
	return c.Redirect(partnersview.URL(formvalue.ID(c.Param("id"))))
}
