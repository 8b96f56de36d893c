package api

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
	"videomall/web/page"
)

type prepayRequest struct {
	Provider *string `json:"provider"`
}

type prepayAnswer struct {
	AttemptNo string          `json:"attemptNo"`
	Provider  string          `json:"provider"`
	Amount    money.Money     `json:"amount"`
	Action    *payment.Action `json:"action"`
	ExpiresAt time.Time       `json:"expiresAt"`
}

// prepay starts a payment, or answers again with the one that is open.
func (d Deps) prepay(c *page.Ctx) error {
	no, err := orderNo(c)
	if err != nil {
		return err
	}
	var body prepayRequest
	if err := decode(c, &body); err != nil {
		return err
	}
	if body.Provider == nil {
		return required("provider")
	}
	a, err := d.Orders.Prepay(c.Request().Context(), order.PrepayRequest{
		UserID:    c.Viewer.UserID,
		OrderNo:   no,
		Provider:  *body.Provider,
		ReturnURL: d.PublicURL + "/orders/" + no,
		Language:  c.Text.Lang,
		PayerIP:   c.RealIP(),
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, prepayAnswer{
		AttemptNo: a.AttemptNo,
		Provider:  a.Provider,
		Amount:    a.Amount,
		Action:    a.Action,
		ExpiresAt: a.ExpiresAt.UTC(),
	})
}

// takeNotice passes a provider's notice on as it came, and answers in the provider's format. Cookies and tokens do not
// count here: the signature identifies a notice. The bare address is the sandbox's.
func (d Deps) takeNotice(c echo.Context) error {
	provider := c.Param("provider")
	if provider == "" {
		provider = sandbox.Name
	}
	r := c.Request()
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, payment.MaxNotice))
	if err != nil {
		return page.ErrBadRequest(err)
	}
	_, ack, err := d.Orders.ApplyNotice(r.Context(), provider, r.Header, body)
	if errors.Is(err, payment.ErrUnknownProvider) {
		return echo.ErrNotFound
	}
	if err != nil {
		d.logRefusal(c, provider, err)
	}
	c.Response().Header().Set("Cache-Control", "private, no-store")
	return c.Blob(ack.Status, ack.ContentType, []byte(ack.Body))
}

// logRefusal logs why a notice was refused, because its sender is told only a code.
func (d Deps) logRefusal(c echo.Context, provider string, err error) {
	pc, _ := d.Site.From(c) // its own error concerns a viewer, of whom there is none
	pc.Log().WarnContext(c.Request().Context(), "notice refused", "provider", provider, "error", err)
}
