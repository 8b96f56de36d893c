package api

import (
	"net/http"
	"strings"
	"time"

	"videomall/mall/account"
	"videomall/mall/fault"
	"videomall/web/page"
)

var errTokenRequired = fault.New(fault.Unauthenticated, "token_required",
	"Send the token that is to end as Authorization: Bearer.")

type tokenRequest struct {
	Email    *string `json:"email"`
	Password *string `json:"password"`
	OTP      string  `json:"otp"` // required from people with a second factor
}

type tokenAnswer struct {
	Token     string    `json:"token"`
	TokenType string    `json:"tokenType"`
	ExpiresAt time.Time `json:"expiresAt"`
}

func (d Deps) issueToken(c *page.Ctx) error {
	var body tokenRequest
	if err := decode(c, &body); err != nil {
		return err
	}
	var missing []string
	if body.Email == nil {
		missing = append(missing, "email")
	}
	if body.Password == nil {
		missing = append(missing, "password")
	}
	if err := required(missing...); err != nil {
		return err
	}
	t, err := d.Accounts.IssueToken(c.Request().Context(), account.TokenRequest{
		Email:    *body.Email,
		Password: *body.Password,
		Addr:     c.RealIP(),
		Program:  c.Request().UserAgent(),
		Code:     body.OTP,
	})
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "private, no-store")
	return c.JSON(http.StatusOK, tokenAnswer{
		Token:     t.Value,
		TokenType: "Bearer",
		ExpiresAt: t.ExpiresAt.UTC(),
	})
}

// revokeToken ends the token that the request itself carries. A session by cookie is ended by signing out.
func (d Deps) revokeToken(c *page.Ctx) error {
	if c.Session() != nil {
		return errTokenRequired
	}
	_, token, _ := strings.Cut(c.Request().Header.Get("Authorization"), " ")
	if err := d.Accounts.RevokeToken(c.Request().Context(), strings.TrimSpace(token)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
