package account_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"videomall/mall/exchange"
)

func TestSignUp_signs_in(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	v := m.visitor(t)
	if a := v.get("/sign-up?next=%2Fcart"); a.Status != http.StatusOK ||
		!strings.Contains(a.Body, `name="next" value="/cart"`) {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	a := v.post("/sign-up", "name", "Ann Lee", "email", "Ann@Example.test", "password", goodPassword, "next", "/cart")
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/cart" {
		t.Fatalf("%d to %q", a.Status, a.Header.Get("Location"))
	}
	own := v.get("/account")
	for _, want := range []string{
		"ann@example.test", "Ann Lee", "Welcome! Your account is ready.", "Chrome on Windows",
		"This device",
	} {
		if !strings.Contains(own.Body, want) {
			t.Errorf("the account does not say %q", want)
		}
	}
	if m.entered.Load() == 0 {
		t.Error("what was the guest's was not handed over")
	}
	if a := v.get("/sign-in?next=%2Flibrary"); a.Status != http.StatusSeeOther ||
		a.Header.Get("Location") != "/library" {
		t.Errorf("signed in already: %d to %q", a.Status, a.Header.Get("Location"))
	}
	if a := v.post("/sign-out"); a.Status != http.StatusSeeOther || v.signedIn() {
		t.Errorf("sign-out: %d", a.Status)
	}
	if !strings.Contains(v.get("/").Body, "You are signed out.") {
		t.Error("nobody says that it worked")
	}
}

func TestSignUp_keeps_the_currency(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	for _, c := range []exchange.Currency{{
		Code:    "USD",
		Step:    1,
		Offered: true,
	}, {
		Code:    "EUR",
		Step:    1,
		Offered: true,
	}} {
		if err := m.exchange.SaveCurrency(t.Context(), 1, c); err != nil {
			t.Fatal(err)
		}
		if err := m.exchange.AddRate(t.Context(), exchange.NewRate{
			Currency:  c.Code,
			Rate:      "0.14",
			Confirmed: true,
		}); err != nil {
			t.Fatal(err)
		}
	}
	v := m.visitor(t)
	at, err := url.Parse(m.url)
	if err != nil {
		t.Fatal(err)
	}
	v.http.Jar.SetCookies(at, []*http.Cookie{{Name: "currency", Value: "USD"}})
	v.signUp("ann@example.test")
	other := m.visitor(t)
	other.post("/sign-in", "email", "ann@example.test", "password", goodPassword)
	if body := other.get("/").Body; !strings.Contains(body, `<option value="USD" selected>`) {
		t.Error("another browser does not know the currency")
	}
}

func TestSignUp_invalid_form_comes_back(t *testing.T) {
	t.Parallel()
	v := open(t, false).visitor(t)
	a := v.post("/sign-up", "name", "Ann <Lee>", "email", "nonsense", "password", "hunter2")
	if a.Status != http.StatusUnprocessableEntity {
		t.Fatal(a.Status)
	}
	for _, want := range []string{
		`value="Ann &lt;Lee&gt;"`, `value="nonsense"`, "Use at least 10 characters.",
		"This does not look like an email address.", `aria-invalid="true"`,
	} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(a.Body, "hunter2") {
		t.Error("the password came back")
	}
	v.signUp("ann@example.test")
	other := open(t, false).visitor(t)
	other.m = v.m
	if !strings.Contains(other.get("/sign-up?next=%2Fcart").Body, `name="next" value="/sign-up?next=%2Fcart"`) {
		t.Error("the language switch leads elsewhere")
	}
	if a := other.post("/sign-up", "name", "Bob", "email", "ANN@example.test", "password",
		goodPassword); a.Status != 422 ||
		!strings.Contains(a.Body, "There is an account with this email already.") {
		t.Errorf("a taken email: %d", a.Status)
	}
}

func TestSignIn_one_failure_message(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	m.visitor(t).signUp("ann@example.test")
	v := m.visitor(t)
	page := regexp.MustCompile(`nonce="[^"]*"|value="[^"]*@example.test"`)
	var answers []string
	for _, email := range []string{"ann@example.test", "nobody@example.test"} {
		a := v.post("/sign-in", "email", email, "password", "wrong password", "next", "/cart")
		if a.Status != http.StatusUnauthorized || !strings.Contains(a.Body, `value="`+email+`"`) ||
			!strings.Contains(a.Body, `value="/cart"`) || strings.Contains(a.Body, "wrong password") {
			t.Errorf("%s: %d %s", email, a.Status, a.Body)
		}
		answers = append(answers, page.ReplaceAllString(a.Body, ""))
	}
	if answers[0] != answers[1] {
		t.Error("the page tells who is a customer")
	}
	if v.session() != "" {
		t.Error("a failed sign-in made a session")
	}
}

func TestSignIn_throttle_retry_after(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	m.visitor(t).signUp("ann@example.test")
	v := m.visitor(t)
	for range 10 {
		if a := v.post("/sign-in", "email", "ann@example.test", "password",
			"wrong"); a.Status != http.StatusUnauthorized {
			t.Fatal(a.Status)
		}
	}
	a := v.post("/sign-in", "email", "ann@example.test", "password", goodPassword)
	if a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" ||
		!strings.Contains(a.Body, "Try again in 15 minutes.") || !strings.Contains(a.Body, `value="ann@example.test"`) {
		t.Errorf("%d %q %s", a.Status, a.Header.Get("Retry-After"), a.Body)
	}
	if v.signedIn() {
		t.Error("and signed in all the same")
	}
}

// TestSignIn_known_browser checks that strangers on the same network use up their own attempts, and not those of a
// browser in which the owner signed in before.
func TestSignIn_known_browser(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	owner, stranger := m.visitor(t), m.visitor(t)
	owner.signUp("ann@example.test")
	owner.post("/sign-out")
	for range 10 {
		stranger.post("/sign-in", "email", "ann@example.test", "password", "wrong")
	}
	if a := stranger.post("/sign-in", "email", "ann@example.test", "password",
		goodPassword); a.Status != http.StatusTooManyRequests {
		t.Fatalf("a stranger's eleventh try: %d", a.Status)
	}
	a := owner.post("/sign-in", "email", "ann@example.test", "password", goodPassword)
	if a.Status != http.StatusSeeOther || !owner.signedIn() {
		t.Fatalf("the owner: %d", a.Status)
	}
	cookie := ""
	for _, line := range a.Header.Values("Set-Cookie") {
		if strings.HasPrefix(line, "browser=") {
			cookie = line
		}
	}
	if !strings.Contains(cookie, "; Path=/; Max-Age=34560000; HttpOnly; SameSite=Strict") {
		t.Errorf("the mark is set by %q", cookie)
	}
	owner.post("/account/sign-out-everywhere")
	if a := owner.post("/sign-in", "email", "ann@example.test", "password",
		goodPassword); a.Status != http.StatusTooManyRequests {
		t.Errorf("after signing out everywhere: %d", a.Status)
	}
}

func TestSignIn_new_session_and_next(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	owner := m.visitor(t)
	owner.signUp("ann@example.test")
	first := owner.session()
	owner.post("/sign-out")
	guest := owner.session() // the farewell is kept in a guest's session
	a := owner.post("/sign-in", "email", "ann@example.test", "password", goodPassword, "next", "/videos?q=sea")
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/videos?q=sea" {
		t.Errorf("%d to %q", a.Status, a.Header.Get("Location"))
	}
	now := owner.session()
	if guest == "" || now == "" || now == guest || now == first || guest == first {
		t.Errorf("sessions %q, %q, %q", first, guest, now)
	}
	for _, old := range []string{first, guest} {
		thief := m.visitor(t)
		u, _ := url.Parse(m.url)
		thief.http.Jar.SetCookies(u, []*http.Cookie{{Name: "session", Value: old}})
		if thief.signedIn() {
			t.Error("an id from before is still good")
		}
	}
	if cookies := a.Header.Values("Set-Cookie"); len(cookies) != 2 { // the session's and the browser's
		t.Errorf("cookies are set: %q", cookies)
	}
	for _, next := range []string{
		"//evil.example", `/\evil.example`, "https://evil.example", "/%2f%2fevil.example",
		"/sign-in?next=/sign-in", "/sign-up",
	} {
		if a := owner.post("/sign-in", "email", "ann@example.test", "password", goodPassword, "next",
			next); a.Header.Get("Location") != "/" {
			t.Errorf("%q leads to %q", next, a.Header.Get("Location"))
		}
	}
}

func TestSignIn_cart_hand_over_fails(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	m.broken.Store(true)
	v := m.visitor(t)
	v.signUp("ann@example.test")
	if !v.signedIn() {
		t.Error("not signed in")
	}
}
