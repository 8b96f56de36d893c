// Package mailhook owns the address to which a mail provider reports what became of mails. It checks who calls, and
// refuses to know what follows from a report.
package mailhook

import (
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"videomall/mall/fault"
	"videomall/mall/mail"
	"videomall/web/page"
)

// Route is the address.
const Route = "/api/v1/mail/events"

// Faults of a call.
var (
	ErrOff       = fault.New(fault.NotFound, "mail_hook_off", "This mall takes no reports about mails.")
	ErrSignature = fault.New(fault.Unauthenticated, "mail_hook_signature",
		"The call is not signed with the secret of this mall, or was signed more than five minutes ago.")
)

// maxBody bounds a report, in bytes.
const maxBody = 64 << 10

// Deps are the verbs that the hook calls.
type Deps struct {
	Secret  string // "whsec_" and base64; "" takes no reports
	Receive func(ctx context.Context, e mail.Event) (fresh bool, err error)
}

// report is the body of a call.
type report struct {
	Event     string `json:"event"`  // delivered, bounced or complained
	Bounce    string `json:"bounce"` // of bounced: hard or soft
	MessageID string `json:"messageId"`
	Address   string `json:"address"`
	Detail    string `json:"detail"`
}

// Routes registers the address.
func Routes(g *echo.Group, d Deps) {
	g.POST(Route, d.take)
}

func (d Deps) take(c echo.Context) error {
	if d.Secret == "" || d.Receive == nil {
		return ErrOff
	}
	hook, err := standardwebhooks.NewWebhook(d.Secret)
	if err != nil {
		return ErrOff.Because("MAIL_HOOK_SECRET can't be read")
	}
	body, err := io.ReadAll(io.LimitReader(c.Request().Body, maxBody+1))
	switch {
	case err != nil:
		return page.ErrBadRequest(err)
	case len(body) > maxBody:
		return echo.ErrStatusRequestEntityTooLarge
	}
	if err := hook.Verify(body, c.Request().Header); err != nil {
		return ErrSignature.Because("%w", err)
	}
	var r report
	if err := json.Unmarshal(body, &r); err != nil {
		return page.ErrBadRequest(err)
	}
	kind, err := r.kind()
	if err != nil {
		return err
	}
	fresh, err := d.Receive(c.Request().Context(), mail.Event{
		ID:        c.Request().Header.Get(standardwebhooks.HeaderWebhookID),
		Kind:      kind,
		MessageID: r.MessageID,
		Address:   r.Address,
		Detail:    r.Detail,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]bool{"fresh": fresh})
}

func (r report) kind() (mail.EventKind, error) {
	switch {
	case r.Event == "delivered":
		return mail.Delivered, nil
	case r.Event == "complained":
		return mail.Complained, nil
	case r.Event == "bounced" && r.Bounce == "hard":
		return mail.BouncedHard, nil
	case r.Event == "bounced" && r.Bounce == "soft":
		return mail.BouncedSoft, nil
	}
	return "", mail.ErrEvent.Because("event %q, bounce %q", r.Event, r.Bounce)
}
