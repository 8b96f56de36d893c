package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"videomall/mall/account"
)

// moving are the addresses that move money or power, or change how somebody proves who they are. Each asks for a proof.
var moving = []string{
	"POST /account/creator", // gives a role
	"POST /account/security/app", "POST /account/security/app/new", "POST /account/security/app/remove",
	"POST /account/security/passkeys", "POST /account/security/passkeys/new", "POST /account/security/passkeys/new/ask",
	"POST /account/security/passkeys/:number/remove", "POST /account/security/recovery",
	"POST /account/security/sign-out-others", "POST /account/sign-out-everywhere",
	"POST /admin/books/creators/:id/adjust", "POST /admin/books/credits/:id/confirm",
	"POST /admin/books/credits/:id/refuse", "POST /admin/books/exchange",
	"POST /admin/currencies", "POST /admin/currencies/lines", "POST /admin/currencies/rates",
	"POST /admin/currencies/rates/:id/remove",
	"POST /admin/partners", "POST /admin/partners/:id/end",
	"POST /admin/partners/:id/keys", "POST /admin/partners/:id/keys/:key/end",
	"POST /admin/partners/:id/keys/:key/rotate", "POST /admin/partners/:id/webhooks",
	"POST /admin/partners/:id/webhooks/:hook/off", "POST /admin/partners/:id/webhooks/:hook/on",
	"POST /admin/partners/:id/webhooks/:hook/remove", "POST /admin/partners/:id/webhooks/:hook/rotate",
	"POST /admin/orders/:orderNo/refund", "POST /admin/refunds/:refundNo/transfer",
	"POST /admin/refunds/requests/:id/approve",
	"POST /admin/payouts/:id/approve", "POST /admin/payouts/:id/fail", "POST /admin/payouts/:id/pay",
	"POST /admin/payouts/:id/refuse", "POST /admin/payouts/:id/reveal",
	"POST /admin/people/:id/roles",
	"POST /admin/providers/:provider", "POST /admin/providers/:provider/offer", "POST /admin/providers/:provider/tests",
	"POST /admin/reconciliation/run", "POST /admin/tax/rates", "POST /admin/tax/rates/:id/end",
	"POST /admin/takedowns", // refunds
	"POST /studio/earnings/destination", "POST /studio/earnings/settlement", "POST /studio/orders/:orderNo/refund",
}

// unmoving are addresses that move neither, and areas of such addresses, which end in a slash.
var unmoving = []string{
	"/account/following/", "/account/mail/", "/account/billing/",
	"/admin/cases/", "/admin/dead-letters/", "/admin/invoices/", "/admin/lists/", "/admin/mails/", "/admin/offers/",
	"/admin/pages/", "/admin/review/", "/admin/sales/", "/admin/appeals/",
	"/studio/covers/", "/studio/followers/", "/studio/listings/", "/studio/offers/", "/studio/reviews/",
	"/studio/sales/", "/studio/time-zone/", "/studio/uploads/", "/studio/videos/", "/studio/webhooks/",

	"POST /account/partners/:id/keys/:key/end", // ends a key, which gives nobody anything
	"POST /account", "POST /account/verify", "POST /account/devices/:number/end", "POST /account/tokens/:number/end",
	"POST /account/email", "POST /account/password", // hold the password, and take the factor of those who have one
	"POST /account/security/passkeys/ask",                            // the question of a proof itself
	"POST /admin/currencies/file",                                    // shows what the lines of a file would do
	"POST /admin/orders/:orderNo/notices/:id/what-if",                // only computes
	"POST /admin/payouts/bank", "POST /admin/payouts/bank/:id/close", // compare
	"POST /admin/reconciliation/:id/close",                              // likewise
	"POST /admin/reconciliation/:id/take",                               // likewise
	"POST /admin/people/:id/lift",                                       // keep people out and let them in again
	"POST /admin/people/:id/sign-out", "POST /admin/people/:id/suspend", // likewise
	"POST /admin/providers/:provider/tests/:key/ask",                             // asks the provider how a test went
	"POST /admin/refunds/requests/:id/decline", "POST /admin/takedowns/:id/undo", // pay nothing back
	"POST /studio/earnings/payouts", // goes where a proof let it, after an operator's proof
	"POST /studio/earnings/payouts/:id/cancel",
}

// TestSite_RequireRecent_routes asks every address that changes something in the console, the studio or an account, with
// sessions whose last proof is old. A new address has to be added to one of the lists.
func TestSite_RequireRecent_routes(t *testing.T) {
	m := newMatrix(t)
	operator, creator := m.visitor("recent-olga", account.RoleOperator), m.visitor("recent-carl", account.RoleCreator)
	shopper := m.visitor("recent-sue", account.RoleShopper)
	if _, err := m.Pool.Exec(m.Ctx, `update account_session set created_at = created_at - interval '1 hour',
		proved_at = proved_at - interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, r := range m.routes {
		who := shopper
		switch {
		case r.Method == http.MethodGet || r.Method == http.MethodOptions || r.Method == http.MethodHead:
			continue
		case below(r.Path, "/admin"):
			who = operator
		case below(r.Path, "/studio"):
			who = creator
		case !below(r.Path, "/account"):
			continue
		}
		name := r.Method + " " + r.Path
		found[name] = true
		moves := slices.Contains(moving, name)
		if still := slices.ContainsFunc(unmoving, func(address string) bool {
			return address == name || strings.HasSuffix(address, "/") && below(r.Path, strings.TrimSuffix(address, "/"))
		}); moves == still {
			t.Errorf("%s is to be in one of the lists", name)
		}
		a := who.ask(r.Method, m.address(r), body(r), "Content-Type", kind(r), "Accept", "application/json")
		asks := a.status == http.StatusForbidden && strings.Contains(a.body, `"code":"password_required"`)
		if asks != moves {
			t.Errorf("%s asks for a proof: %v, want %v: %d %.200s", name, asks, moves, a.status, a.body)
		}
	}
	for _, name := range slices.Concat(moving, unmoving) {
		if !strings.HasSuffix(name, "/") && !found[name] {
			t.Errorf("there is no %s", name)
		}
	}
}
