package partners

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"videomall/mall/fault"
	"videomall/mall/partner"
	"videomall/mall/partner/signature"
	partnersview "videomall/views/admin/partners"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// addKey answers with the secret itself: it is shown only this once, and a redirect could not carry it.
func (d Deps) addKey(c *page.Ctx) error {
	values, err := c.FormParams()
	if err != nil {
		return page.ErrBadRequest(err)
	}
	form := partnersview.KeyForm{
		Label:     values.Get("label"),
		Form:      values.Get("form"),
		PublicKey: values.Get("public_key"),
		Lifetime:  values.Get("lifetime"),
		Scopes:    values["scopes"],
	}
	made, secret, err := d.Partners.AddKey(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")),
		partner.KeyDraft{
			Label:     form.Label,
			Form:      signature.Form(form.Form),
			PublicKey: form.PublicKey,
			Scopes:    form.Scopes,
			Lifetime:  span(form.Lifetime),
			FormKey:   values.Get("key"),
		})
	if errors.Is(err, partner.ErrInvalid) {
		form.Errors = explain(c, err)
		return d.renderShow(c, http.StatusUnprocessableEntity, partnersview.ShowPage{Form: form})
	}
	if err != nil {
		return d.refused(c, err)
	}
	return d.showSecret(c, partnersview.SecretPage{KeyID: made.PublicID, Secret: secret})
}

// span reads one of the choices of a form; anything else is a negative time, which is refused.
func span(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		return -1
	}
	return d
}

func (d Deps) rotateKey(c *page.Ctx) error {
	form := partnersview.RotateForm{
		KeyID:     formvalue.ID(c.Param("key")),
		PublicKey: c.FormValue("public_key"),
		Overlap:   c.FormValue("overlap"),
	}
	made, secret, err := d.Partners.Rotate(c.Request().Context(), c.Viewer.UserID, partner.Rotation{
		PartnerID: formvalue.ID(c.Param("id")),
		KeyID:     form.KeyID,
		PublicKey: form.PublicKey,
		Overlap:   span(form.Overlap),
		FormKey:   c.FormValue("key"),
	})
	if errors.Is(err, partner.ErrInvalid) {
		form.Errors = explain(c, err)
		return d.renderShow(c, http.StatusUnprocessableEntity, partnersview.ShowPage{
			Refused: cmp.Or(form.Errors["public_key"], form.Errors["overlap"], form.Errors["form"]),
			Rotate:  form,
		})
	}
	if err != nil {
		return d.refused(c, err)
	}
	return d.showSecret(c, partnersview.SecretPage{KeyID: made.PublicID, Secret: secret})
}

func (d Deps) endKey(c *page.Ctx) error {
	id := formvalue.ID(c.Param("id"))
	err := d.Partners.EndKey(c.Request().Context(), c.Viewer.UserID, id, formvalue.ID(c.Param("key")))
	if err != nil {
		return d.refused(c, err)
	}
	c.Flash(ui.Success, "partner_key_ended")
	return c.Redirect(partnersview.URL(id))
}

// refused shows the page as it is now with the reason why something was not done.
func (d Deps) refused(c *page.Ctx, err error) error {
	if fault.From(err).Kind != fault.Conflict {
		return err
	}
	_, words := page.Words(c.Text, fault.From(err), http.StatusConflict)
	return d.renderShow(c, http.StatusConflict, partnersview.ShowPage{Refused: words})
}

// showSecret shows what was made for the partner of the address.
func (d Deps) showSecret(c *page.Ctx, p partnersview.SecretPage) (err error) {
	if p.Partner, err = d.Partners.Get(c.Request().Context(), formvalue.ID(c.Param("id"))); err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("partner.secret"), partnersview.Secret(p))
}
