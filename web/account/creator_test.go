package account_test

import (
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"videomall/db/dbtest"
	"videomall/mall/account"
	accountweb "videomall/web/account"
	"videomall/web/webtest"
)

func TestAShopperBecomesACreator(t *testing.T) {
	t.Parallel()
	m := webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		sessions := account.NewSessions(m.Pool, dbtest.Redis(t), slog.New(slog.DiscardHandler), m.Now, false)
		accountweb.Routes(g, accountweb.Deps{Site: m.Site, Accounts: m.Accounts, Sessions: sessions, Catalog: m.Catalog})
	}})
	m.Person("maker", account.RoleCreator) // whose profile webtest has made
	shopper, operator := m.Person("mia", account.RoleShopper), m.Person("olga", account.RoleOperator)

	b, elsewhere := m.Browser(shopper.ID), m.Browser(shopper.ID)
	b.Get("/account").Wants(200).Shows("Become a creator")
	form := url.Values{"name_en": {"Mia"}, "name_zh": {""}, "slug": {"Mia Films"}, "bio_en": {strings.Repeat("b", 1001)}}
	wrong := b.Post("/account/creator", form).Wants(422).Shows("Give yourself a name in this language.", "single dashes between them", "That is too long.")
	if wrong.Form("/account/creator").Get("name_en") != "Mia" || !wrong.Has(`id="creator-slug-error"`) {
		t.Errorf("what was typed is lost: %s", wrong.Text())
	}
	form = url.Values{"name_en": {"Mia"}, "name_zh": {"米娅"}, "slug": {"maker"}}
	b.Post("/account/creator", form).Wants(422).Shows("Somebody has this address already.")
	if u, err := m.Accounts.User(t.Context(), shopper.ID); err != nil || u.Role != account.RoleShopper {
		t.Fatalf("refused, and yet %+v, %v", u, err)
	}
	form.Set("slug", "mia-films")
	if a := b.Post("/account/creator", form).Wants(303); a.Location != "/studio/listings" {
		t.Errorf("leads to %s", a.Location)
	}
	if u, err := m.Accounts.User(t.Context(), shopper.ID); err != nil || u.Role != account.RoleCreator {
		t.Fatalf("%+v, %v", u, err)
	}
	elsewhere.Get("/account").Wants(303) // nobody carries a session from before
	b.Get("/account").Wants(200).Shows("Your profile as a creator", "/creators/mia-films", "Welcome to the studio.")
	form.Set("name_en", "Mia's films")
	b.Post("/account/creator", form).Wants(303)
	if k, err := m.Catalog.CreatorOf(t.Context(), shopper.ID); err != nil || k.NameEn != "Mia's films" || k.NameZh != "米娅" || k.Slug != "mia-films" {
		t.Fatalf("%+v, %v", k, err)
	}

	o := m.Browser(operator.ID)
	o.Get("/account").Wants(200).Hides("Become a creator", "Your profile as a creator")
	o.Post("/account/creator", form).Wants(403)
	m.Browser(0).Post("/account/creator", form).Wants(303)
}
