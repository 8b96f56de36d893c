package web_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"videomall/mall/account"
	"videomall/views/admin/duties"
)

var updatePermissions = flag.Bool("update", false, "write the table of docs/permissions.md")

// TestAccess_each_duty_opens_its_own_addresses requests every address of the console as operators who have one duty each:
// those of other duties answer 403 and change nothing, and those of their own show themselves.
func TestAccess_each_duty_opens_its_own_addresses(t *testing.T) {
	m := newMatrix(t)
	for _, duty := range account.Duties() {
		operator := m.visitor("only-"+duty, duty)
		before := m.digest()
		for _, r := range m.routes {
			if !below(r.Path, "/admin") {
				continue
			}
			owner, known := duties.Of(r.Path)
			if !known {
				t.Errorf("%s %s belongs to no duty", r.Method, r.Path)
				continue
			}
			own := owner == duty || owner == duties.Any
			if own && r.Method != http.MethodGet {
				continue // it would change something
			}
			a := operator.ask(r.Method, m.address(r), body(r), "Content-Type", kind(r), "Accept", "application/json")
			refused := a.status == 403 && strings.Contains(a.body, `"code":"duty_missing"`)
			if refused == own {
				t.Errorf("duty %s at %s %s of %s: got %d: %.200s", duty, r.Method, r.Path, owner, a.status, a.body)
			}
		}
		if after := m.digest(); !maps.Equal(before, after) {
			t.Errorf("requests with the duty %s changed a table", duty)
		}
	}
}

// TestAccess_every_area_has_an_address keeps the table of duties free of what is gone.
func TestAccess_every_area_has_an_address(t *testing.T) {
	m := newMatrix(t)
	for _, a := range duties.Areas() {
		if !slices.ContainsFunc(m.addresses(), func(path string) bool {
			return below(strings.TrimSuffix(path, ".csv"), a.Address)
		}) {
			t.Errorf("no route lies at %s", a.Address)
		}
	}
}

func (m *matrix) addresses() (paths []string) {
	for _, r := range m.routes {
		paths = append(paths, r.Path)
	}
	return paths
}

// TestAccess_permissions_are_documented compares the table in docs/permissions.md with the routes.
func TestAccess_permissions_are_documented(t *testing.T) {
	m := newMatrix(t)
	var b strings.Builder
	for _, duty := range append([]string{duties.Any}, account.Duties()...) {
		b.WriteString("\n### " + duty + "\n\n")
		for _, path := range slices.Compact(slices.Sorted(slices.Values(m.addresses()))) {
			owner, known := duties.Of(path)
			if !known || owner != duty {
				continue
			}
			var methods []string
			for _, r := range m.routes {
				if r.Path == path {
					methods = append(methods, r.Method)
				}
			}
			b.WriteString("- `" + path + "` (" + strings.Join(methods, ", ") + ")\n")
		}
	}
	const file, mark = "../docs/permissions.md", "<!-- from the routes: go test ./web -run permissions -update -->\n"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	written, table, found := strings.Cut(string(raw), mark)
	if *updatePermissions {
		if err := os.WriteFile(file, []byte(written+mark+b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !found || table != b.String() {
		t.Error("docs/permissions.md is not what the routes are: run this test with -update")
	}
}

// TestSetup_makes_one_operator has many people send the form of the setup with the same code at once.
func TestSetup_makes_one_operator(t *testing.T) {
	h := openHouse(t, nil)
	code, err := h.Accounts.OpenSetup(h.Ctx)
	h.OK(err)
	form := func(name, code string) map[string][]string {
		return map[string][]string{
			"code":     {code},
			"email":    {name + "@example.test"},
			"name":     {name},
			"password": {"three quiet herons"},
			"role":     {"creator"},
			"id":       {"1"},
		}
	}
	c := h.at("192.0.2.9")
	c.shows("/setup", 200, "Setup code")
	if a := c.post("/setup", form("eve", "WRONG")); a.status != 422 || !strings.Contains(a.body, "This isn&#39;t the code") {
		t.Fatalf("a wrong code: got %d, want 422", a.status)
	}
	statuses := make(chan int, 6)
	for n := range cap(statuses) {
		b := h.at("192.0.2.1" + string(rune('0'+n)))
		go func() { statuses <- b.post("/setup", form("op"+string(rune('a'+n)), code)).status }()
	}
	made := 0
	for range cap(statuses) {
		switch status := <-statuses; status {
		case 303:
			made++
		case 404, 422:
		default:
			t.Errorf("got %d", status)
		}
	}
	holders, err := h.Accounts.People(h.Ctx, account.PeopleFilter{Role: account.RoleOperator, Most: 10})
	h.OK(err)
	if made != 1 || len(holders) != 1 || !holders[0].Roles.Same(account.Duties()) {
		t.Errorf("%d were let in, operators: %+v", made, holders)
	}
	if a := c.get("/setup"); a.status != 404 {
		t.Errorf("the page afterwards: got %d, want 404", a.status)
	}
	if a := c.post("/setup", form("eve", code)); a.status != 404 {
		t.Errorf("the code again: got %d, want 404", a.status)
	}
	if again, err := h.Accounts.OpenSetup(h.Ctx); err != nil || again != "" {
		t.Errorf("another start prints %q, %v", again, err)
	}
}

// TestPeople_roles_need_the_duty walks through what somebody with the duty of people may give and take.
func TestPeople_roles_need_the_duty(t *testing.T) {
	h := openHouse(t, nil)
	olga, pia, ann := h.person("olga", account.RoleOperator), h.person("pia", account.DutyPeople), h.person("ann",
		account.RoleShopper)
	hers := h.at("192.0.2.3")
	hers.signIn(pia)
	at := "/admin/people/" + fmt.Sprint(ann.ID) + "/roles"
	give := func(from string, roles ...string) reply {
		return hers.post(at, map[string][]string{"from": {from}, "role": roles, "reason": {"r"}})
	}
	hers.shows(at, 200, "You can&#39;t give this", "Lists videos and earns")
	for _, c := range []struct {
		from   string
		roles  []string
		status int
		says   string
	}{
		{"", []string{account.DutyMoney}, 422, "You can only give duties"},
		{"", []string{"king"}, 422, "There is no such role"},
		{"", nil, 422, "the roles they have already"},
		{"", []string{account.DutyPeople, account.RoleCreator}, 303, ""},
		{"creator,people", []string{account.RoleCreator}, 303, ""},
	} {
		if a := give(c.from, c.roles...); a.status != c.status || !strings.Contains(a.body, c.says) {
			t.Errorf("%q to %q: got %d, want %d %q: %s", c.from, c.roles, a.status, c.status, c.says, a.body)
		}
	}
	// The last one with a duty keeps it, whoever asks.
	at = "/admin/people/" + fmt.Sprint(olga.ID) + "/roles"
	if a := give("orders,money,review,people,settings", account.DutyPeople); a.status != 422 ||
		!strings.Contains(a.body, "Nobody else has this duty") {
		t.Errorf("taking the last duties: got %d: %s", a.status, a.body)
	}
}
