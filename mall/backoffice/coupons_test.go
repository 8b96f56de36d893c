package backoffice_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/account"
	"videomall/mall/malltest"
	"videomall/mall/promotion"
)

// TestAudit_records_coupons_of_the_mall checks that the log has what operators do with coupons of the mall, and nothing
// about a creator's own coupons.
func TestAudit_records_coupons_of_the_mall(t *testing.T) {
	t.Parallel()
	m := malltest.Listening(t)
	olga, err := m.Accounts.Provision(m.Ctx, account.User{
		Email: "olga@example.test",
		Name:  "Olga",
		Roles: account.RolesOf(account.RoleOperator),
	}, "a password of Olga")
	m.OK(err)
	for code, by := range map[string]promotion.Actor{
		"MALL": {UserID: olga.ID, Operator: true},
		"OWN":  {UserID: olga.ID + 1},
	} {
		terms := promotion.Terms{
			Currency:   "CNY",
			PercentOff: 10,
			ValidFrom:  m.Now(),
			ValidUntil: m.Now().Add(time.Hour),
			TotalLimit: 5,
			PerUser:    1,
		}
		c, err := m.Promotions.CreateCoupon(m.Ctx, by, code, terms)
		m.OK(err)
		terms.PercentOff = 20
		c, err = m.Promotions.EditCoupon(m.Ctx, by, c.ID, c.Version, terms)
		m.OK(err)
		m.OK(m.Promotions.StopCoupon(m.Ctx, by, c.ID, c.Version))
	}
	got := malltest.Query[string](m,
		`select actor || ' ' || verb || ' ' || (detail->>'code') || ' ' || (detail->'terms'->>'PercentOff')
			from audit_entry order by id`)
	want := []string{
		"olga@example.test coupon.create MALL 10",
		"olga@example.test coupon.edit MALL 20",
		"olga@example.test coupon.stop MALL 20",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the log says (-want +got):\n%s", diff)
	}
}
