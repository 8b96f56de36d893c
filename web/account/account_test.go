package account_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"videomall/db/dbtest"
	"videomall/mall/account"
	accountweb "videomall/web/account"
	"videomall/web/page"
)

const goodPassword = "three quiet herons"

type mall struct {
	accounts *account.Accounts
	url      string
	entered  atomic.Int64 // the last person that OnSignIn was told of
	broken   atomic.Bool  // OnSignIn fails
}

func open(t *testing.T, demo bool) *mall {
	t.Helper()
	pool, rdb, log := dbtest.New(t), dbtest.Redis(t), slog.New(slog.DiscardHandler)
	m := &mall{accounts: account.New(account.Deps{
		Pool:  pool,
		Redis: rdb,
		Log:   log,
		Now:   time.Now,

		BrowserKey: []byte("the key that signs marks of browsers"),
	})}
	sessions := account.NewSessions(account.SessionsDeps{
		Pool:  pool,
		Redis: rdb,
		Log:   log,
		Now:   time.Now,
	})
	site := page.New(page.Options{
		Accounts:  m.accounts,
		Sessions:  sessions,
		PublicURL: "http://mall.example",
		Log:       log,
		Now:       time.Now,
	})
	e := echo.New()
	site.Use(e)
	accountweb.Routes(e.Group(""), accountweb.Deps{
		Site:     site,
		Accounts: m.accounts,
		Sessions: sessions,
		Demo:     demo,
		OnSignIn: func(_ context.Context, c *page.Ctx, userID int64) error {
			m.entered.Store(userID)
			if m.broken.Load() {
				return errors.New("the cart is stuck")
			}
			if c.Viewer.UserID != userID {
				return errors.New("called before the person is the viewer")
			}
			return nil
		},
	})
	e.GET("/", site.Handle(func(c *page.Ctx) error { return c.Render(http.StatusOK, "", templ.NopComponent) }))
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	m.url = server.URL
	return m
}

type answer struct {
	*http.Response
	body string
}

type visitor struct {
	t    *testing.T
	m    *mall
	http http.Client
}

func (m *mall) visitor(t *testing.T) *visitor {
	jar, _ := cookiejar.New(nil)
	return &visitor{
		t: t,
		m: m,
		http: http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}
}

func (v *visitor) do(r *http.Request, err error) answer {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	w, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{w, string(b)}
}

func (v *visitor) get(path string) answer {
	v.t.Helper()
	return v.do(http.NewRequest("GET", v.m.url+path, nil))
}

// post sends a form as a browser does; fields are name, value pairs.
func (v *visitor) post(path string, fields ...string) answer {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r, err := http.NewRequest("POST", v.m.url+path, strings.NewReader(form.Encode()))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("User-Agent",
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "+
				"Safari/537.36")
	}
	return v.do(r, err)
}

func (v *visitor) session() string {
	u, _ := url.Parse(v.m.url)
	for _, c := range v.http.Jar.Cookies(u) {
		if c.Name == "session" {
			return c.Value
		}
	}
	return ""
}

func (v *visitor) signUp(email string) {
	v.t.Helper()
	if a := v.post("/sign-up", "name", "Ann Lee", "email", email, "password",
		goodPassword); a.StatusCode != http.StatusSeeOther {
		v.t.Fatalf("sign-up: %d %s", a.StatusCode, a.body)
	}
}

func (v *visitor) signedIn() bool {
	v.t.Helper()
	return v.get("/account").StatusCode == http.StatusOK
}

func TestAPersonSignsUpAndIsInAtOnce(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	v := m.visitor(t)
	if a := v.get("/sign-up?next=%2Fcart"); a.StatusCode != http.StatusOK ||
		!strings.Contains(a.body, `name="next" value="/cart"`) {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	a := v.post("/sign-up", "name", "Ann Lee", "email", "Ann@Example.test", "password", goodPassword, "next", "/cart")
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/cart" {
		t.Fatalf("%d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	own := v.get("/account")
	for _, want := range []string{"ann@example.test", "Ann Lee", "Welcome! Your account is ready.", "Chrome on Windows",
		"This device"} {
		if !strings.Contains(own.body, want) {
			t.Errorf("the account does not say %q", want)
		}
	}
	if m.entered.Load() == 0 {
		t.Error("what was the guest's was not handed over")
	}
	if a := v.get("/sign-in?next=%2Flibrary"); a.StatusCode != http.StatusSeeOther ||
		a.Header.Get("Location") != "/library" {
		t.Errorf("signed in already: %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	if a := v.post("/sign-out"); a.StatusCode != http.StatusSeeOther || v.signedIn() {
		t.Errorf("sign-out: %d", a.StatusCode)
	}
	if !strings.Contains(v.get("/").body, "You are signed out.") {
		t.Error("nobody says that it worked")
	}
}

func TestAnInvalidFormComesBackWithWhatWasTyped(t *testing.T) {
	t.Parallel()
	v := open(t, false).visitor(t)
	a := v.post("/sign-up", "name", "Ann <Lee>", "email", "nonsense", "password", "hunter2")
	if a.StatusCode != http.StatusUnprocessableEntity {
		t.Fatal(a.StatusCode)
	}
	for _, want := range []string{`value="Ann &lt;Lee&gt;"`, `value="nonsense"`, "Use at least 10 characters.",
		"This does not look like an email address.", `aria-invalid="true"`} {
		if !strings.Contains(a.body, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(a.body, "hunter2") {
		t.Error("the password came back")
	}
	v.signUp("ann@example.test")
	other := open(t, false).visitor(t)
	other.m = v.m
	if !strings.Contains(other.get("/sign-up?next=%2Fcart").body, `name="next" value="/sign-up?next=%2Fcart"`) {
		t.Error("the language switch leads elsewhere")
	}
	if a := other.post("/sign-up", "name", "Bob", "email", "ANN@example.test", "password",
		goodPassword); a.StatusCode != 422 ||
		!strings.Contains(a.body, "There is an account with this email already.") {
		t.Errorf("a taken email: %d", a.StatusCode)
	}
}

func TestSigningInFailsInOneWay(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	m.visitor(t).signUp("ann@example.test")
	v := m.visitor(t)
	page := regexp.MustCompile(`nonce="[^"]*"|value="[^"]*@example.test"`)
	var answers []string
	for _, email := range []string{"ann@example.test", "nobody@example.test"} {
		a := v.post("/sign-in", "email", email, "password", "wrong password", "next", "/cart")
		if a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.body, `value="`+email+`"`) ||
			!strings.Contains(a.body, `value="/cart"`) || strings.Contains(a.body, "wrong password") {
			t.Errorf("%s: %d %s", email, a.StatusCode, a.body)
		}
		answers = append(answers, page.ReplaceAllString(a.body, ""))
	}
	if answers[0] != answers[1] {
		t.Error("the page tells who is a customer")
	}
	if v.session() != "" {
		t.Error("a failed sign-in made a session")
	}
}

func TestTheThrottleSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	m.visitor(t).signUp("ann@example.test")
	v := m.visitor(t)
	for range 10 {
		if a := v.post("/sign-in", "email", "ann@example.test", "password",
			"wrong"); a.StatusCode != http.StatusUnauthorized {
			t.Fatal(a.StatusCode)
		}
	}
	a := v.post("/sign-in", "email", "ann@example.test", "password", goodPassword)
	if a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" ||
		!strings.Contains(a.body, "Try again in 15 minutes.") || !strings.Contains(a.body, `value="ann@example.test"`) {
		t.Errorf("%d %q %s", a.StatusCode, a.Header.Get("Retry-After"), a.body)
	}
	if v.signedIn() {
		t.Error("and signed in all the same")
	}
}

// TestAKnownBrowser_signs_in: strangers on the same network use up their tries and not those of a browser where the
// owner was before.
func TestAKnownBrowser_signs_in(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	owner, stranger := m.visitor(t), m.visitor(t)
	owner.signUp("ann@example.test")
	owner.post("/sign-out")
	for range 10 {
		stranger.post("/sign-in", "email", "ann@example.test", "password", "wrong")
	}
	if a := stranger.post("/sign-in", "email", "ann@example.test", "password",
		goodPassword); a.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("a stranger's eleventh try: %d", a.StatusCode)
	}
	a := owner.post("/sign-in", "email", "ann@example.test", "password", goodPassword)
	if a.StatusCode != http.StatusSeeOther || !owner.signedIn() {
		t.Fatalf("the owner: %d", a.StatusCode)
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
		goodPassword); a.StatusCode != http.StatusTooManyRequests {
		t.Errorf("after signing out everywhere: %d", a.StatusCode)
	}
}

func TestSignInChangesTheSessionAndGoesWhereItWasGoing(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	owner := m.visitor(t)
	owner.signUp("ann@example.test")
	first := owner.session()
	owner.post("/sign-out")
	guest := owner.session() // the farewell is kept in a guest's session
	a := owner.post("/sign-in", "email", "ann@example.test", "password", goodPassword, "next", "/videos?q=sea")
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/videos?q=sea" {
		t.Errorf("%d to %q", a.StatusCode, a.Header.Get("Location"))
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
	for _, next := range []string{"//evil.example", `/\evil.example`, "https://evil.example", "/%2f%2fevil.example",
		"/sign-in?next=/sign-in", "/sign-up"} {
		if a := owner.post("/sign-in", "email", "ann@example.test", "password", goodPassword, "next",
			next); a.Header.Get("Location") != "/" {
			t.Errorf("%q leads to %q", next, a.Header.Get("Location"))
		}
	}
}

func TestAFailingHandOverKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	m.broken.Store(true)
	v := m.visitor(t)
	v.signUp("ann@example.test")
	if !v.signedIn() {
		t.Error("not signed in")
	}
}

func TestChangingThePasswordSignsTheOthersOut(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	here, there := m.visitor(t), m.visitor(t)
	here.signUp("ann@example.test")
	there.post("/sign-in", "email", "ann@example.test", "password", goodPassword)
	before := here.session()
	a := here.post("/account/password", "currentPassword", "wrong", "password", "four loud herons")
	if a.StatusCode != 422 || !strings.Contains(a.body, "This is not your current password.") {
		t.Errorf("%d", a.StatusCode)
	}
	a = here.post("/account/password", "currentPassword", goodPassword, "password", "four loud herons")
	if a.StatusCode != http.StatusSeeOther || here.session() == before {
		t.Errorf("%d, the same session: %v", a.StatusCode, here.session() == before)
	}
	if !here.signedIn() || there.signedIn() {
		t.Error("here is out, or there is in")
	}
}

func TestTheProfileIsKeptInTheLanguageChosen(t *testing.T) {
	t.Parallel()
	v := open(t, false).visitor(t)
	v.signUp("ann@example.test")
	if a := v.post("/account", "name", " ", "locale", "en"); a.StatusCode != 422 ||
		!strings.Contains(a.body, "Please tell us a name.") {
		t.Errorf("no name: %d", a.StatusCode)
	}
	if a := v.post("/account", "name", "李安", "locale", "zh-CN"); a.StatusCode != http.StatusSeeOther {
		t.Fatal(a.StatusCode)
	}
	body := v.get("/account").body
	for _, want := range []string{`lang="zh-CN"`, "李安", "个人资料已保存。", "Windows 上的 Chrome",
		`<option value="zh-CN" selected>`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	if key := regexp.MustCompile(`>\s*(account|flash|errors|nav|form)\.[a-z_]+`).FindString(body); key != "" {
		t.Errorf("a message is missing: %s", key)
	}
}

func TestDevicesAreSignedOutOneByOneOrAllAtOnce(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	here, there, stranger := m.visitor(t), m.visitor(t), m.visitor(t)
	here.signUp("ann@example.test")
	stranger.signUp("bob@example.test")
	there.post("/sign-in", "email", "ann@example.test", "password", goodPassword)
	ends := regexp.MustCompile(`/account/devices/\d+/end`)
	other := ends.FindAllString(here.get("/account").body, -1)
	if len(other) != 1 {
		t.Fatalf("to end: %v", other)
	}
	if a := stranger.post(other[0]); a.StatusCode != http.StatusNotFound || !there.signedIn() {
		t.Errorf("a stranger ended it: %d", a.StatusCode)
	}
	if a := here.post(other[0]); a.StatusCode != http.StatusSeeOther || there.signedIn() || !here.signedIn() {
		t.Errorf("ended: %d", a.StatusCode)
	}
	if a := here.post(other[0]); a.StatusCode != http.StatusNotFound {
		t.Errorf("ended twice: %d", a.StatusCode)
	}
	there.post("/sign-in", "email", "ann@example.test", "password", goodPassword)
	if a := here.post("/account/sign-out-everywhere"); a.Header.Get("Location") != "/sign-in" || here.signedIn() ||
		there.signedIn() || !stranger.signedIn() {
		t.Errorf("everywhere: %d", a.StatusCode)
	}
}

func TestAccessTokensAreListedAndEndOneByOne(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	ann, bob := m.visitor(t), m.visitor(t)
	ann.signUp("ann@example.test")
	bob.signUp("bob@example.test")
	if a := ann.get("/account"); strings.Contains(a.body, `id="tokens"`) {
		t.Error("a list of no tokens is shown")
	}
	var tokens []string
	for _, program := range []string{"ledger-sync/2.1", ""} {
		token, err := m.accounts.IssueToken(t.Context(), account.TokenRequest{
			Email:    "ann@example.test",
			Password: goodPassword,
			Addr:     "192.0.2.1",
			Program:  program,
		})
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token.Value)
	}
	page := ann.get("/account").body
	for _, want := range []string{"Access tokens", "ledger-sync/2.1", "Unnamed program", "Never"} {
		if !strings.Contains(page, want) {
			t.Errorf("the account does not say %q", want)
		}
	}
	for _, token := range tokens {
		if strings.Contains(page, token) {
			t.Error("the page gives a token away")
		}
	}
	ends := regexp.MustCompile(`/account/tokens/\d+/end`).FindAllString(page, -1)
	if len(ends) != 2 {
		t.Fatalf("to end: %v", ends)
	}
	for _, path := range []string{ends[0], ends[1], "/account/tokens/x/end", "/account/tokens/999999/end"} {
		if a := bob.post(path); a.StatusCode != http.StatusNotFound {
			t.Errorf("somebody else at %s: %d", path, a.StatusCode)
		}
	}
	if strings.Contains(bob.get("/account").body, "ledger-sync") {
		t.Error("somebody else's tokens are listed")
	}
	if a := ann.post(ends[0]); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/account#tokens" {
		t.Errorf("ended: %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	if a := ann.get("/account"); !strings.Contains(a.body, "The access token has ended.") ||
		strings.Contains(a.body, ends[0]) ||
		!strings.Contains(a.body, ends[1]) {
		t.Error("the list does not say what is left")
	}
	lives := 0
	for _, token := range tokens {
		if _, err := m.accounts.TokenUser(t.Context(), token); err == nil {
			lives++
		} else if !errors.Is(err, account.ErrInvalidToken) {
			t.Error(err)
		}
	}
	if lives != 1 {
		t.Errorf("%d of two tokens still open the mall", lives)
	}
	if a := ann.post(ends[0]); a.StatusCode != http.StatusNotFound {
		t.Errorf("ended twice: %d", a.StatusCode)
	}
}

func TestOnlyADemoShowsItsAccounts(t *testing.T) {
	t.Parallel()
	if body := open(t, false).visitor(t).get("/sign-in").body; strings.Contains(body, "example.test") ||
		strings.Contains(body, "demo-mall") {
		t.Error("a real mall shows demo accounts")
	}
	m := open(t, true)
	if _, err := m.accounts.Provision(t.Context(), account.User{
		Email: "operator@example.test",
		Name:  "Operator",
		Role:  account.RoleOperator,
	}, "demo-mall"); err != nil {
		t.Fatal(err)
	}
	v := m.visitor(t)
	body := v.get("/sign-in").body
	for _, want := range []string{"shopper@example.test", "creator@example.test", "operator@example.test"} {
		if strings.Count(body, `value="`+want+`"`) != 1 {
			t.Errorf("no button for %s", want)
		}
	}
	if a := v.post("/sign-in", "email", "operator@example.test", "password",
		"demo-mall"); a.StatusCode != http.StatusSeeOther || !v.signedIn() {
		t.Errorf("the button: %d", a.StatusCode)
	}
}

func TestTheAccountIsForItsPerson(t *testing.T) {
	t.Parallel()
	v := open(t, false).visitor(t)
	for _, path := range []string{"/account/password", "/account/sign-out-everywhere", "/account/devices/1/end",
		"/account"} {
		if a := v.post(path); a.StatusCode != http.StatusSeeOther ||
			!strings.HasPrefix(a.Header.Get("Location"), "/sign-in?next=") {
			t.Errorf("%s: %d to %q", path, a.StatusCode, a.Header.Get("Location"))
		}
	}
}
