package account_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"videomall/db/dbtest"
	"videomall/mall/account"
)

// TestRunbook_lost_password does what docs/runbook.md tells an operator to do by hand.
func TestRunbook_lost_password(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	ann := h.register(t, "own@example.test")
	known := h.RememberBrowser("", ann)
	_, err := h.Register(ctx, account.Registration{
		Email:    "new@example.test",
		Name:     "Ann",
		Password: "another quiet heron",
	})
	if err != nil {
		t.Fatal(err)
	}
	book, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(book), "begin;\n")
	sql, _, ends := strings.Cut(after, "commit;")
	if !found || !ends {
		t.Fatal("the runbook has no such statements")
	}
	for statement := range strings.SplitSeq(strings.ReplaceAll(sql, "@…", "@example.test"), ";") {
		if tag, err := h.pool.Exec(ctx, statement); err != nil ||
			strings.TrimSpace(statement) != "" && tag.RowsAffected() != 1 {
			t.Errorf("%s: %v, %v", statement, tag, err)
		}
	}
	if _, err := h.signIn(ctx, ann.Email, goodPassword, home); !errors.Is(err, account.ErrBadCredentials) {
		t.Errorf("the lost password: %v", err)
	}
	if u, err := h.signIn(ctx, ann.Email, "another quiet heron", home); err != nil || u.ID != ann.ID ||
		u.Epoch != ann.Epoch+1 {
		t.Errorf("the new one: %+v, %v", u, err)
	}
	if _, err := h.signIn(ctx, "new@example.test", "another quiet heron",
		home); !errors.Is(err, account.ErrBadCredentials) {
		t.Errorf("the account that it came from: %v", err)
	}
	h.useUp(t, account.Attempt{
		Email:   ann.Email,
		Addr:    office,
		Browser: known,
	}, 10) // the attempts of a stranger, since the browser is no longer known
}
