// Package partners draws the console's pages about partners: the list, one of them with keys, addresses and orders, and
// a secret the only time that it is shown. It refuses to decide anything.
package partners

import (
	"strconv"
	"time"

	"videomall/mall/account"
	"videomall/mall/order"
	"videomall/mall/partner"
	"videomall/mall/partner/signature"
	"videomall/mall/webhook"
	"videomall/views/text"
	"videomall/views/ui"
)

// Base is where the pages lie.
const Base = "/admin/partners"

// URL is the page of a partner.
func URL(id int64) string { return Base + "/" + strconv.FormatInt(id, 10) }

func keyURL(k partner.Key) string {
	return URL(k.PartnerID) + "/keys/" + strconv.FormatInt(k.ID, 10)
}

func hookURL(partnerID int64, e webhook.Endpoint) string {
	return URL(partnerID) + "/webhooks/" + strconv.FormatInt(e.ID, 10)
}

// ListPage is the list with the form of a new partner.
type ListPage struct {
	Partners []partner.Listed
	People   account.Users // owners
	Form     Form
	Now      time.Time
}

// Form is a partner as it was typed. Errors are words by field.
type Form struct {
	Name, Contact, Owner string
	Errors               map[string]string
}

// KeyForm is a key as it was typed. Errors are words by field.
type KeyForm struct {
	Label, Form, PublicKey, Lifetime string
	Scopes                           []string
	Errors                           map[string]string
}

// RotateForm is the replacement of a key as it was typed. Errors are words by field.
type RotateForm struct {
	KeyID              int64
	PublicKey, Overlap string
	Errors             map[string]string
}

// HookForm is an address as it was typed.
type HookForm struct{ URL, Error string }

// ShowPage is one partner.
type ShowPage struct {
	Partner partner.Partner
	Owner   string // the email address of the owner
	Keys    []partner.Key
	Hooks   []webhook.Endpoint
	Orders  []order.Referred // the newest; none for operators who may not see orders
	Sees    bool             // the viewer may see orders
	Form    KeyForm
	Hook    HookForm
	Refused string // why something was not done, in words, when no field is at fault
	Rotate  RotateForm
	FormKey string // of the forms of this page, each of which makes one key
	Now     time.Time
}

// rotation is what the form that replaces a key holds: what was typed, if it was refused.
func (p ShowPage) rotation(k partner.Key) RotateForm {
	if p.Rotate.KeyID == k.ID {
		return p.Rotate
	}
	return RotateForm{Overlap: partner.Overlaps()[0].String()}
}

// SecretPage shows a secret the only time that it is shown, or the id of a key that has none.
type SecretPage struct {
	Partner partner.Partner
	KeyID   string // empty for the secret of an address
	Secret  string
}

func formOptions(t *text.Printer) []ui.Option {
	return []ui.Option{
		{Value: string(signature.VM1), Label: t.T("partner.form_hmac"), Hint: t.T("partner.form_hmac_hint")},
		{Value: string(signature.RFC9421), Label: t.T("partner.form_ed25519"), Hint: t.T("partner.form_ed25519_hint")},
	}
}

func lifetimeOptions(t *text.Printer) (list []ui.Option) {
	for _, d := range partner.Lifetimes() {
		list = append(list, ui.Option{Value: d.String(), Label: t.T("partner.lifetime_" + d.String())})
	}
	return list
}

func overlapOptions(t *text.Printer) (list []ui.Option) {
	for _, d := range partner.Overlaps() {
		list = append(list, ui.Option{Value: d.String(), Label: t.T("partner.overlap_" + d.String())})
	}
	return list
}

var hookTones = map[webhook.State]ui.Tone{webhook.On: ui.Success, webhook.Failed: ui.Error, webhook.Gone: ui.Error}
