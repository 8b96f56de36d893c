package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"videomall/db/dbtest"
	"videomall/mall/account"
)

const (
	office = "203.0.113.7"
	home   = "192.0.2.1"
)

// useUp tries a wrong password until it is refused, which takes n tries.
func (h *house) useUp(t *testing.T, try account.Attempt, n int) {
	t.Helper()
	try.Password = "wrong"
	for i := range n + 1 {
		want := account.ErrBadCredentials
		if i == n {
			want = account.ErrThrottled
		}
		if _, err := h.Authenticate(t.Context(), try); !errors.Is(err, want) {
			t.Fatalf("wrong password %d: %v", i+1, err)
		}
	}
}

func TestAccounts_KnownBrowser(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann := h.register(t, "ann@example.test")
	stranger := account.Attempt{
		Email:    ann.Email,
		Password: goodPassword,
		Addr:     home,
	}
	known := stranger
	known.Browser = h.RememberBrowser("", ann)

	h.useUp(t, stranger, 10)
	for range 2 { // a success restores all its attempts
		for range 9 {
			wrong := known
			wrong.Password = "wrong"
			if _, err := h.Authenticate(t.Context(), wrong); !errors.Is(err, account.ErrBadCredentials) {
				t.Fatalf("a known browser's wrong password: %v", err)
			}
		}
		if u, err := h.Authenticate(t.Context(), known); err != nil || u.ID != ann.ID {
			t.Fatalf("the owner's browser is refused like the strangers of its network: %v", err)
		}
	}
	if _, err := h.Authenticate(t.Context(), stranger); !errors.Is(err, account.ErrThrottled) {
		t.Fatalf("the owner's success opened the account to strangers of the network: %v", err)
	}
	// A browser with the cookie has ten attempts of its own, and then those of any stranger.
	elsewhere := known
	elsewhere.Addr = office
	h.useUp(t, elsewhere, 20)
	h.clock.pass(15 * time.Minute)
	if _, err := h.Authenticate(t.Context(), elsewhere); err != nil {
		t.Fatalf("after the window: %v", err)
	}
}

func TestAccounts_RememberBrowser(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	people, marks := []account.User{}, ""
	for i := range 5 {
		u := h.register(t, fmt.Sprintf("p%d@example.test", i))
		people = append(people, u)
		marks = h.RememberBrowser(marks, u)
	}
	isKnown := func(marks string, u account.User) bool {
		t.Helper()
		// When the attempts of strangers are used up, only a known browser is still admitted.
		addr := "198.51.100." + fmt.Sprint(u.ID)
		for range 10 {
			_, _ = h.signIn(ctx, u.Email, "wrong", addr)
		}
		_, err := h.Authenticate(ctx, account.Attempt{
			Email:    u.Email,
			Password: "wrong",
			Addr:     addr,
			Browser:  marks,
		})
		if !errors.Is(err, account.ErrBadCredentials) && !errors.Is(err, account.ErrThrottled) {
			t.Fatal(err)
		}
		return errors.Is(err, account.ErrBadCredentials)
	}
	ann, ben, eve := people[4], people[3], people[0]
	if !isKnown(marks, ann) || !isKnown(marks, ben) {
		t.Error("the browser forgets some of the people who share it")
	}
	if isKnown(marks, eve) {
		t.Error("a browser remembers more than four people")
	}
	only := h.RememberBrowser("", ann)
	if isKnown(only, ben) {
		t.Error("the mark of one person is accepted for another")
	}
	for name, forged := range map[string]string{
		"":             "",
		"no signature": only[:43],
		"changed":      "B" + only[1:],
		"text":         strings.Repeat("x", len(only)),
		"many before":  strings.Repeat("x.", 4) + only,
	} {
		if isKnown(forged, ann) {
			t.Errorf("a forged mark (%s) is accepted", name)
		}
	}
	another := func(key []byte) *account.Accounts {
		return account.New(account.Deps{
			Pool:       h.pool,
			Redis:      h.redis,
			Now:        h.clock.now,
			BrowserKey: key,
		})
	}
	foreign := another([]byte("the key of another mall, as long as it"))
	if isKnown(foreign.RememberBrowser("", ann), ann) {
		t.Error("the mark of another mall is accepted")
	}
	if got := another(nil).RememberBrowser(only, ann); got != "" {
		t.Errorf("the browser is marked %q without a key", got)
	}

	if err := h.ChangePassword(ctx, ann.ID, goodPassword, "another quiet heron"); err != nil {
		t.Fatal(err)
	}
	if isKnown(marks, ann) {
		t.Error("the browser is known after the password changed")
	}
	if _, err := h.EndAll(ctx, ben.ID); err != nil {
		t.Fatal(err)
	}
	if isKnown(marks, ben) {
		t.Error("the browser is known after signing out everywhere")
	}
	cal := people[2]
	if !isKnown(marks, cal) {
		t.Error("another person's marks ended too")
	}
	h.clock.pass(400*24*time.Hour - time.Minute)
	if !isKnown(marks, cal) {
		t.Error("the browser is forgotten before MarkLife ends")
	}
	h.clock.pass(time.Minute)
	if isKnown(marks, cal) {
		t.Error("the browser is known for longer than it keeps cookies")
	}
}

// TestPool_Enter_takes_turns checks that strangers keep a share of the turns: anybody can have a known browser by
// making an account.
func TestPool_Enter_takes_turns(t *testing.T) {
	t.Parallel()
	p := account.NewPool()
	leave, err := p.Enter(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	turns := make(chan string)
	enter := func(ctx context.Context, who string, known bool) {
		before := p.Waiting()
		go func() {
			leave, err := p.Enter(ctx, known)
			if err != nil {
				turns <- err.Error()
				return
			}
			turns <- who
			leave()
		}()
		for p.Waiting() == before {
			time.Sleep(time.Millisecond)
		}
	}
	for range 2 {
		enter(t.Context(), "stranger", false)
	}
	gone, cancel := context.WithCancel(t.Context())
	enter(gone, "nobody", true)
	cancel()
	if got := <-turns; got != context.Canceled.Error() {
		t.Errorf("who left: %s", got)
	}
	for range 5 {
		enter(t.Context(), "known", true)
	}
	leave()
	var order []string
	for range 7 {
		order = append(order, <-turns)
	}
	if got, want := strings.Join(order, " "), "known known known stranger known known stranger"; got != want {
		t.Errorf("served %s, want %s", got, want)
	}
	if leave, err = p.Enter(t.Context(), false); err != nil {
		t.Errorf("the pool has lost a place: %v", err)
	}
	leave()
}
