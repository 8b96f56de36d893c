package campaigns_test

import (
	"fmt"
	"testing"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/payment"
	"videomall/mall/promotion"
	admincampaigns "videomall/web/admin/campaigns"
	"videomall/web/studio/campaigns"
	"videomall/web/webtest"
)

// fair is a mall with flash sales in its studio and console. All its videos belong to the creator.
type fair struct {
	*webtest.Mall
	t       *testing.T
	creator account.User
	olga    account.User // an operator
	mia     account.User // a shopper
}

func open(t *testing.T, takes ...payment.Method) *fair {
	t.Helper()
	t.Parallel()
	f := &fair{t: t}
	o := webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		deps := campaigns.Deps{
			Site:       m.Site,
			Promotions: m.Promotions,
			Catalog:    m.Catalog,
			Payments:   m.Payments,
			Exchange:   m.Exchange,
			Inventory:  m.Inventory,
		}
		campaigns.Routes(g, deps)
		admincampaigns.Routes(g, deps)
	}}
	for _, m := range takes {
		o.Provider = webtest.Limited(m)
	}
	f.Mall = webtest.Open(t, o)
	f.creator = f.Person("carl", account.RoleCreator)
	f.olga = f.Person("olga", account.RoleOperator)
	f.mia = f.Person("mia", account.RoleShopper)
	if f.creator.ID != 1 {
		t.Fatalf("account of the creator: got %d, want 1", f.creator.ID)
	}
	return f
}

func (f *fair) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func path(c promotion.Campaign) string { return fmt.Sprint("/sales/", c.ID) }
