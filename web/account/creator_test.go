package account_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/ledger"
	"videomall/mall/locale"
	accountweb "videomall/web/account"
	"videomall/web/webtest"
)

// selling is a mall with the pages of accounts, in which there is a creator.
func selling(t *testing.T) *webtest.Mall {
	t.Helper()
	m := webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		sessions := account.NewSessions(account.SessionsDeps{
			Pool:   m.Pool,
			Redis:  dbtest.Redis(t),
			Log:    slog.New(slog.DiscardHandler),
			Now:    m.Now,
			Secure: false,
		})
		accountweb.Routes(g, accountweb.Deps{
			Site:     m.Site,
			Accounts: m.Accounts,
			Sessions: sessions,
			Catalog:  m.Catalog,
			Listings: m.Listings,
			Terms:    ledger.UsualTerms,
			OpenZone: func(ctx context.Context, creatorID int64, zone string) error {
				_, err := m.Pool.Exec(ctx, `insert into insight_zone (creator_id, zone, snapshot, at)
					values ($1, $2, pg_current_snapshot(), now())`, creatorID, zone)
				return err
			},
		})
	}})
	m.Person("creator", account.RoleCreator) // whose profile webtest has made
	return m
}

// TestSell_page reads the page as every kind of visitor.
func TestSell_page(t *testing.T) {
	t.Parallel()
	m := selling(t)
	const form = `action="/account/creator"`
	guest := m.Browser(0).Get("/sell").Wants(200).
		Shows("keep 85% of what every buyer pays", "7 days", "¥10.00", "72 hours", "Create an account")
	if !guest.Has(`href="/sign-up?next=%2Fsell%23creator"`) || !guest.Has(`href="/sign-in?next=%2Fstudio"`) ||
		guest.Has(form) {
		t.Errorf("a guest's next step: %s", guest.Text())
	}
	mia := m.Person("mia", account.RoleShopper)
	if a := m.Browser(mia.ID).Get("/sell").Wants(200).Hides("Create an account"); !a.Has(form) {
		t.Errorf("a shopper's next step: %s", a.Text())
	}
	if a := m.Browser(m.Person("carl", account.RoleCreator).ID).Get("/sell").Wants(200); !a.Has(`href="/studio"`) ||
		a.Has(form) {
		t.Errorf("a creator's next step: %s", a.Text())
	}
	olga := m.Person("olga", account.RoleOperator)
	if a := m.Browser(olga.ID).Get("/sell").Wants(200).Shows("Operators don’t become creators by themselves"); a.Has(form) {
		t.Error("an operator is asked to become a creator")
	}
	for _, move := range [][2]string{
		{account.RoleShopper, account.RoleCreator},
		{account.RoleCreator, account.RoleShopper},
	} {
		if err := db.InTx(t.Context(), m.Pool, func(tx pgx.Tx) error {
			_, _, err := m.Accounts.ChangeRolesTx(t.Context(), tx, account.RoleChange{
				By:   olga.ID,
				ID:   mia.ID,
				From: account.RolesOf(move[0]),
				To:   account.RolesOf(move[1]),
			})
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	b := m.Browser(mia.ID)
	if a := b.Get("/sell").Wants(200).
		Shows("This account can’t sell videos", "only an operator can change them"); a.Has(form) {
		t.Error("a role that an operator decided is offered")
	}
	b.Post("/account/creator", url.Values{"name_en": {"Mia"}, "name_zh": {"Mia"}, "slug": {"mia-decided"}}).Wants(403)
}

func TestCreator_shopper_becomes_one(t *testing.T) {
	t.Parallel()
	m := selling(t)
	shopper, operator := m.Person("mia", account.RoleShopper), m.Person("olga", account.RoleOperator)

	b, elsewhere := m.Browser(shopper.ID), m.Browser(shopper.ID)
	if a := b.Get("/account").Wants(200).Shows("Sell your videos"); !a.Has(`href="/sell"`) {
		t.Errorf("nothing leads from the account to selling: %s", a.Text())
	}
	if a := b.Get("/account/creator").Wants(303); a.Location != "/sell#creator" {
		t.Errorf("the form's address leads to %s", a.Location)
	}
	form := url.Values{"name_en": {" "}, "name_zh": {""}, "slug": {"Mia Films"}, "bio_en": {strings.Repeat("b", 1001)}}
	wrong := b.Post("/account/creator", form).Wants(422).
		Shows("Give yourself a name in at least one language.", "single dashes between them", "That is too long.")
	if wrong.Form("/account/creator").Get("slug") != "Mia Films" || !wrong.Has(`id="creator-slug-error"`) {
		t.Errorf("what was typed is lost: %s", wrong.Text())
	}
	form = url.Values{"name_en": {""}, "name_zh": {"米娅"}, "slug": {"creator"}}
	b.Post("/account/creator", form).Wants(422).Shows("Somebody has this address already.")
	if u, err := m.Accounts.User(t.Context(), shopper.ID); err != nil || len(u.Roles) != 0 {
		t.Fatalf("refused, and yet %+v, %v", u, err)
	}
	form.Set("slug", "mia-films")
	if _, err := m.Pool.Exec(t.Context(), "update account_session set created_at = now() - interval '1 hour'"); err != nil {
		t.Fatal(err)
	}
	b.Post("/account/creator", form).Wants(403) // it gives a role
	if _, err := m.Pool.Exec(t.Context(), "update account_session set proved_at = now()"); err != nil {
		t.Fatal(err)
	}
	if a := b.Post("/account/creator", form).Wants(303); a.Location != "/studio/listings" {
		t.Errorf("leads to %s", a.Location)
	}
	if u, err := m.Accounts.User(t.Context(), shopper.ID); err != nil || !u.Roles.Is(account.RoleCreator) {
		t.Fatalf("%+v, %v", u, err)
	}
	elsewhere.Get("/account").Wants(303) // nobody carries a session from before
	b.Get("/account").Wants(200).Shows("Your profile as a creator", "/creators/mia-films", "Welcome to the studio.")
	form.Set("name_en", "Mia's films")
	if _, err := m.Pool.Exec(t.Context(), "update account_session set proved_at = now() - interval '1 hour'"); err != nil {
		t.Fatal(err)
	}
	b.Post("/account/creator", form).Wants(303)
	if k, err := m.Catalog.CreatorOf(t.Context(), shopper.ID); err != nil || k.Name.En != "Mia's films" ||
		k.Name.Zh != "米娅" || k.Slug != "mia-films" {
		t.Fatalf("%+v, %v", k, err)
	}

	o := m.Browser(operator.ID)
	o.Get("/account").Wants(200).Hides("Sell your videos", "Your profile as a creator")
	o.Post("/account/creator", form).Wants(403)
	m.Browser(0).Post("/account/creator", form).Wants(303)
}

// TestCreator_zone checks that reports begin in the time zone of the browser in which somebody became a creator.
func TestCreator_zone(t *testing.T) {
	t.Parallel()
	m := selling(t)
	for n, zone := range []string{"Asia/Kathmandu", "Mars/Phobos", ""} {
		name := fmt.Sprint("mia-", n)
		who := m.Person(name, account.RoleShopper)
		b := m.Browser(who.ID)
		b.Cookie("zone", zone)
		b.Post("/account/creator", url.Values{"name_en": {name}, "name_zh": {name}, "slug": {name}}).Wants(303)
		want := []string{zone}
		if n > 0 {
			want = nil
		}
		got := webtest.Query[string](m, `select zone from insight_zone where creator_id = $1`, who.ID)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("in %q the zone is (-want +got):\n%s", zone, diff)
		}
		b.Post("/account/creator", url.Values{"name_en": {name}, "name_zh": {"米娅"}, "slug": {name}}).Wants(303)
	}
	again := m.Person("again", account.RoleShopper) // who has a profile from before, with the zone that it had
	if err := m.Catalog.CreateCreator(t.Context(), catalog.NewCreator{
		UserID: again.ID,
		Slug:   "again",
		Name:   locale.Text{Zh: "again", En: "again"},
	}); err != nil {
		t.Fatal(err)
	}
	b := m.Browser(again.ID)
	b.Cookie("zone", "Asia/Kathmandu")
	b.Post("/account/creator", url.Values{"name_en": {"again"}, "name_zh": {"again"}}).Wants(303)
	if got := webtest.Query[string](m, `select zone from insight_zone where creator_id = $1`, again.ID); len(got) != 0 {
		t.Errorf("who was a creator before is moved to %v", got)
	}
}
