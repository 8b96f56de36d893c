package personal_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/malltest"
	"videomall/mall/tax"
)

// mark is in all that the person of TestColumns_hold_what_their_class_says enters.
const mark = "zyxmark"

// TestColumns_hold_what_their_class_says lets somebody register, sign in, order and review, each with words that
// occur nowhere else. It fails where these words are in a column that is said to hold nothing of a person, and where they
// are found nowhere, since it then looks at nothing.
func TestColumns_hold_what_their_class_says(t *testing.T) {
	t.Parallel()
	m := malltest.Open(t, "")
	_, err := m.Accounts.Register(m.Ctx, account.Registration{ // account 1 is the creator
		Email:    "creator@example.test",
		Name:     "Creator",
		Password: "correct horse battery staple",
		Addr:     "203.0.113.1",
	})
	m.OK(err)
	u, err := m.Accounts.Register(m.Ctx, account.Registration{
		Email:    mark + "-email@example.test",
		Name:     mark + "-name",
		Password: "correct horse battery " + mark,
		Locale:   "en",
		Addr:     "203.0.113.77",
	})
	m.OK(err)
	m.OK(m.Taxes.SaveProfile(m.Ctx, u.ID, tax.Profile{
		Country: "DE",
		Company: mark + "-company",
		Address: mark + "-street 1",
	}))
	_, err = m.Accounts.IssueToken(m.Ctx, account.TokenRequest{
		Email:    u.Email,
		Password: "correct horse battery " + mark,
		Addr:     "203.0.113.77",
		Program:  mark + "-program",
	})
	m.OK(err)
	o := m.Place(u.ID, m.Sells(990, 5))
	_, err = m.Catalog.AddReview(m.Ctx, catalog.NewReview{
		SPUID:  o.Items[0].SPUID,
		UserID: u.ID,
		Owned:  true,
		Author: u.Name,
		Rating: 5,
		Body:   mark + "-review, which is long enough",
		Locale: "en",
	})
	m.OK(err)
	m.Post(u.Email)
	m.Relayed()

	class, found := classOf(t), map[string]bool{}
	for _, c := range columnsWhere(m, `table_type = 'BASE TABLE'`) {
		table, column, _ := strings.Cut(c, ".")
		name := pgx.Identifier{column}.Sanitize()
		n := malltest.Query[int](m, `select count(*) from `+pgx.Identifier{table}.Sanitize()+
			` where `+name+`::text like $1 or `+name+`::text like '%' || encode($2, 'hex') || '%'`,
			"%"+mark+"%", []byte(mark))
		if n[0] == 0 {
			continue
		}
		found[c] = true
		if k := class[c]; k == "none" || k == "number" || k == "" {
			t.Errorf("%s holds words of a person, but its class is %q", c, k)
		}
	}
	for _, c := range []string{
		"account_token.user_agent", "account_user.email", "account_user.name", "billing_profile.company", "catalog_review.body", "mail.recipient",
		"mail_kept.raw",
	} {
		if !found[c] {
			t.Errorf("%s holds no word of the person", c)
		}
	}
}
