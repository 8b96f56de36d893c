package web_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/order"
	"videomall/mall/risk"
)

// An order says which entry of the lists let it pass uncounted, when it was placed and when it was paid for. One that was
// treated like any other says nothing.
func TestGate_orders_keep_what_risk_decided(t *testing.T) {
	h := openHouse(t, risk.Policies{risk.Orders: {risk.User: per(9)}})
	ann, olga, sku := h.person("ann", account.RoleShopper), h.person("olga", account.RoleOperator), h.Sells(990, -1)
	program := h.at("192.0.2.1")
	token, err := h.Accounts.IssueToken(h.Ctx, account.TokenRequest{
		Email:    ann.Email,
		Password: password,
		Addr:     "192.0.2.1",
	})
	h.OK(err)
	program.token = token.Value
	send := func(path, key, body string) (no string) {
		t.Helper()
		a := program.ask("POST", "/api/v1/mall/"+path, body, "Content-Type", "application/json", "Idempotency-Key", key)
		if a.status != 200 && a.status != 201 {
			t.Fatalf("%s: %d %s", path, a.status, a.body)
		}
		var o struct {
			OrderNo string `json:"orderNo"`
		}
		h.OK(json.Unmarshal([]byte(a.body), &o))
		return o.OrderNo
	}
	place := func(key string) string {
		t.Helper()
		return send("orders", key, fmt.Sprintf(`{"items": [{"skuId": %d, "quantity": 1}]}`, sku))
	}
	pay := func(no string) {
		t.Helper()
		send("payments/"+no+"/prepay", "", `{"provider": "sandbox"}`)
	}
	kept := func(no string) []string {
		t.Helper()
		rows, err := h.Pool.Query(h.Ctx, `select concat_ws(' ', occasion, rule, outcome, reason, facts) from order_decision
			where order_no = $1 order by 1`, no)
		h.OK(err)
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		h.OK(err)
		return list
	}
	one := place("k")
	if pay(one); len(kept(one)) != 0 {
		t.Errorf("an order like any other: %q", kept(one))
	}
	allow := func(kind risk.Kind, subject, reason string) {
		t.Helper()
		h.OK(h.Lists.Add(h.Ctx, risk.NewEntry{
			Effect:  risk.Allow,
			Kind:    kind,
			Subject: subject,
			Reason:  reason,
			By:      risk.Subject{UserID: olga.ID},
		}))
	}
	allow(risk.Address, "192.0.2.0/24", "an office")
	if again := place("k"); again != one || len(kept(one)) != 0 {
		t.Errorf("a repeated request decides about the order %s: %q", one, kept(one))
	}
	_, err = h.Orders.Cancel(h.Ctx, ann.ID, one)
	h.OK(err)
	two := place("l")
	allow(risk.User, fmt.Sprint(ann.ID), "a tester")
	pay(two)
	pay(two) // the second time changes nothing
	want := []string{
		`pay lists allow a tester {"kind": "user", "entry": "2"}`,
		`place lists allow an office {"kind": "address", "entry": "1"}`,
	}
	if got := kept(two); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("kept:\n%q, want\n%q", got, want)
	}
	told, err := h.Orders.Timeline(h.Ctx, two)
	h.OK(err)
	var reasons []string
	for _, s := range told.Steps {
		if s.Kind == order.StepDecision {
			reasons = append(reasons, s.Previous+": "+s.Reason+" ("+s.Provider+")")
		}
	}
	if got := fmt.Sprint(reasons); got != "[place: an office (address) pay: a tester (user)]" {
		t.Errorf("the timeline tells %s", got)
	}
}

// WeChat's browser comes back from being identified by a GET, which opens the payment: it knows what risk decided too.
func TestGate_tells_a_GET_what_risk_decided(t *testing.T) {
	m := newMatrix(t)
	var list []risk.Decision
	m.echo.GET("/orders/:orderNo/pay/payer", func(c echo.Context) error {
		list = risk.Decisions(c.Request().Context())
		return c.NoContent(204)
	})
	browser := m.at("192.0.2.1")
	if a := browser.get("/orders/1/pay/payer"); a.status != 204 || len(list) != 0 {
		t.Errorf("a request like any other: %d, %+v", a.status, list)
	}
	m.OK(m.Lists.Add(m.Ctx, risk.NewEntry{
		Effect:  risk.Allow,
		Kind:    risk.Address,
		Subject: "192.0.2.1",
		Reason:  "an office",
		By:      risk.Subject{UserID: m.person("olga", account.RoleOperator).ID},
	}))
	if a := browser.get("/orders/1/pay/payer"); a.status != 204 || len(list) != 1 || list[0].Reason != "an office" {
		t.Errorf("a request that the lists let pass: %d, %+v", a.status, list)
	}
}
