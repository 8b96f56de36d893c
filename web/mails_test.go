package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"videomall/config"
	"videomall/mall/account"
	"videomall/mall/mail"
	"videomall/mall/malltest"
)

const oneClick = "List-Unsubscribe=One-Click"

// TestUnsubscribe_one_click: a mail provider ends mails by one POST, without cookies, from wherever it is.
func TestUnsubscribe_one_click(t *testing.T) {
	h := openHouse(t, nil)
	creator := h.person("creator", account.RoleCreator)
	ann := h.person("ann", account.RoleShopper)
	h.OK(h.Follows.Follow(h.Ctx, ann.ID, creator.ID, true))
	followed := "/unsubscribe/" + h.Mails.UnsubscribeToken(mail.Switch{
		UserID:    ann.ID,
		Topic:     mail.TopicFollowed,
		CreatorID: creator.ID,
	})
	reminders := "/unsubscribe/" + h.Mails.UnsubscribeToken(mail.Switch{UserID: ann.ID, Topic: mail.TopicReminders})
	provider := h.at("203.0.113.9")
	stands := func() string {
		t.Helper()
		chosen, err := h.Mails.Chosen(h.Ctx, ann.ID)
		h.OK(err)
		state, err := h.Follows.StateOf(h.Ctx, ann.ID, creator.ID)
		h.OK(err)
		return fmt.Sprint(chosen[mail.TopicReminders], chosen[mail.TopicFollowed], state.Mail, state.Follows)
	}
	for range 2 {
		if a := provider.get(followed); a.status != 200 || !strings.Contains(a.body, "Stop these mails") ||
			a.header.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("the page: %d %v", a.status, a.header)
		}
	}
	if got := stands(); got != "true true true true" {
		t.Fatalf("opening the link changed something: %s", got)
	}
	for range 2 { // both times the same
		a := provider.ask("POST", followed, oneClick, "Sec-Fetch-Site", "cross-site", "Origin", "https://mail.example")
		if a.status != 200 || !strings.Contains(a.body, "Switched off") || !strings.Contains(a.body, "mails about Creator") {
			t.Errorf("one click: %d %s", a.status, a.body)
		}
		if got := stands(); got != "true true false true" {
			t.Errorf("one click left %s", got)
		}
	}
	form := "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"
	if a := provider.ask("POST", reminders, form, "Content-Type", "multipart/form-data; boundary=x"); a.status != 200 {
		t.Errorf("as multipart/form-data: %d", a.status)
	}
	if got := stands(); got != "false true false true" {
		t.Errorf("one click left %s", got)
	}
	if a := provider.ask("POST", followed, "do=on"); a.status != 200 || !strings.Contains(a.body, "Switched on") {
		t.Errorf("on again: %d", a.status)
	}
	if got := stands(); got != "false true true true" {
		t.Errorf("on again left %s", got)
	}
	forged := strings.Replace(followed, fmt.Sprint("/", ann.ID, "."), fmt.Sprint("/", creator.ID, "."), 1)
	for path, want := range map[string]int{forged: 404, followed + "x": 404, "/unsubscribe/x": 404} {
		if a := provider.ask("POST", path, oneClick); a.status != want {
			t.Errorf("POST %s: %d, want %d", path, a.status, want)
		}
	}
	if a := provider.ask("POST", followed, "x=y"); a.status != 400 {
		t.Errorf("a POST that asks for nothing: %d", a.status)
	}
	if a := provider.ask("POST", "/account/mail", "x=y", "Sec-Fetch-Site", "cross-site"); a.status != 403 {
		t.Errorf("another form, from another site: %d", a.status)
	}
}

func TestMailHook(t *testing.T) {
	const secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
	h := openHouseWith(t, nil, config.Config{MailHookSecret: secret})
	hook, err := standardwebhooks.NewWebhook(secret)
	h.OK(err)
	other, err := standardwebhooks.NewWebhook("whsec_" + strings.Repeat("QUJD", 8))
	h.OK(err)
	send := func(by *standardwebhooks.Webhook, id string, at time.Time, body string) reply {
		t.Helper()
		signature, err := by.Sign(id, at, []byte(body))
		h.OK(err)
		return h.at("203.0.113.9").ask("POST", "/api/v1/mail/events", body, "Content-Type", "application/json",
			"webhook-id", id, "webhook-timestamp", fmt.Sprint(at.Unix()), "webhook-signature", signature)
	}
	const bounced = `{"event": "bounced", "bounce": "hard", "address": "Ann@Example.test", "detail": "550"}`
	now := time.Now()
	for name, a := range map[string]reply{
		"another secret":  send(other, "a", now, bounced),
		"too old":         send(hook, "b", now.Add(-6*time.Minute), bounced),
		"from the future": send(hook, "c", now.Add(6*time.Minute), bounced),
		"unsigned":        h.at("203.0.113.9").ask("POST", "/api/v1/mail/events", bounced, "Content-Type", "application/json"),
	} {
		if a.status != http.StatusUnauthorized || strings.Contains(a.body, secret) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	for body, want := range map[string]int{
		"{": 400, "{}": 422, `{"event": "opened", "address": "a@example.test"}`: 422,
		`{"event": "bounced", "address": "a@example.test"}`:                       422,
		`{"event": "delivered", "detail": "` + strings.Repeat("x", 70<<10) + `"}`: 413,
	} {
		if a := send(hook, "d", now, body); a.status != want {
			t.Errorf("%.40s: %d, want %d: %s", body, a.status, want, a.body)
		}
	}
	if a := send(hook, "e", now, bounced); a.status != 200 || !strings.Contains(a.body, `"fresh":true`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := send(hook, "e", now, bounced); a.status != 200 || !strings.Contains(a.body, `"fresh":false`) {
		t.Errorf("a replay: %d %s", a.status, a.body)
	}
	ann := h.person("ann", account.RoleShopper)
	c := h.at("192.0.2.1")
	c.signIn(ann)
	c.shows("/account", 200, "No mail reaches this address", "Try this address again")
	if a := c.post("/account/mail/try", url.Values{}); a.status != 303 {
		t.Errorf("to try again: %d", a.status)
	}
	c.shows("/account/mail", 200, "A link was sent there")
	if n := malltest.Query[int64](h.Mall, "select count(*) from mail where recipient = 'ann@example.test'")[0]; n != 1 {
		t.Errorf("%d mails were written for the try", n)
	}
}

func TestFollow_pages(t *testing.T) {
	h := openHouse(t, nil)
	creator := h.person("creator", account.RoleCreator)
	h.Sells(990, -1)
	ann := h.person("ann", account.RoleShopper)
	c := h.at("192.0.2.1")
	c.shows("/creators/creator", 200, "Follow", "/sign-in?next=%2Fcreators%2Fcreator")
	c.signIn(ann)
	c.shows("/account/following", 200, "You follow nobody yet")
	if a := c.post("/creators/creator/follow", url.Values{"mail": {"on"}}); a.header.Get("Location") != "/creators/creator" {
		t.Errorf("follow: %d %v", a.status, a.header)
	}
	c.shows("/creators/creator", 200, "You follow this creator", "Unfollow")
	c.shows("/v/film-1", 200, "You follow this creator")
	c.shows("/account/following", 200, "Creator", "Confirm your address first")
	c.post("/account/following/creator", url.Values{})
	if s, err := h.Follows.StateOf(h.Ctx, ann.ID, creator.ID); err != nil || s.Mail || !s.Follows {
		t.Errorf("%+v, %v", s, err)
	}
	for next, want := range map[string]string{
		"/v/film-1": "/v/film-1", "/account/following": "/account/following", "//evil.example": "/creators/creator", "/admin": "/creators/creator",
	} {
		a := c.post("/creators/creator/unfollow", url.Values{"next": {next}})
		if a.header.Get("Location") != want {
			t.Errorf("next %s: %v", next, a.header)
		}
	}
	c.post("/account/mail", url.Values{"topic_reminders": {"on"}})
	chosen, err := h.Mails.Chosen(h.Ctx, ann.ID)
	if err != nil || !chosen[mail.TopicReminders] || chosen[mail.TopicFollowed] || !chosen[mail.TopicWork] {
		t.Errorf("chosen: %v, %v", chosen, err)
	}
	if a := c.post("/creators/nobody/follow", url.Values{}); a.status != 404 {
		t.Errorf("nobody: %d", a.status)
	}
}

func TestMessages_from_the_studio_to_the_console(t *testing.T) {
	h := openHouse(t, nil)
	creator, olga := h.person("creator", account.RoleCreator), h.person("olga", account.RoleOperator)
	studio, console := h.at("192.0.2.1"), h.at("192.0.2.2")
	studio.signIn(creator)
	console.signIn(olga)
	form := url.Values{"key": {"k"}, "subject": {"News"}, "body": {"Hello <b>all</b>"}, "do": {"preview"}}
	if a := studio.post("/studio/followers", form); a.status != 200 || !strings.Contains(a.body, "Creator: News") ||
		strings.Contains(a.body, "<b>all") {
		t.Errorf("preview: %d", a.status)
	}
	form.Set("do", "send")
	form.Set("body", "see evil.com")
	if a := studio.post("/studio/followers", form); a.status != 422 || !strings.Contains(a.body, "see evil.com") ||
		!strings.Contains(a.body, "to this shop only") {
		t.Errorf("a link: %d", a.status)
	}
	form.Set("body", "Hello")
	if a := studio.post("/studio/followers", form); a.status != 303 {
		t.Errorf("send: %d %s", a.status, a.body)
	}
	studio.shows("/studio/followers", 200, "We read it first", "You can write again from")
	form.Set("key", "another")
	if a := studio.post("/studio/followers", form); a.status != 409 {
		t.Errorf("too soon: %d", a.status)
	}
	console.shows("/admin/mails/messages", 200, "News", "The creator is new here.", "creator@example.test")
	id := malltest.Query[int64](h.Mall, "select id from follow_message")[0]
	refuse := fmt.Sprintf("/admin/mails/messages/%d/refuse", id)
	if a := console.post(refuse, url.Values{}); a.status != 422 || !strings.Contains(a.body, "Say why") {
		t.Errorf("without a reason: %d", a.status)
	}
	console.post(refuse, url.Values{"reason": {"Say who you are"}})
	console.shows("/admin/mails/messages", 200, "No message waits")
	studio.shows("/studio/followers", 200, "Refused", "Say who you are")
}

func TestConsole_mails(t *testing.T) {
	h := openHouse(t, nil)
	olga := h.person("olga", account.RoleOperator)
	c := h.at("192.0.2.1")
	c.signIn(olga)
	c.shows("/admin/mails", 200, "No mail yet")
	c.shows("/admin/mails/suppressed", 200, "No address is suppressed")
	ann := h.person("ann", account.RoleShopper)
	h.OK(h.Accounts.AskVerify(h.Ctx, ann.ID))
	id := malltest.Query[int64](h.Mall, "select id from mail")[0]
	page := fmt.Sprint("/admin/mails/", id)
	c.shows("/admin/mails?to=ANN", 200, "ann@example.test", "Confirm an address")
	c.shows("/admin/mails?to=bob", 200, "No such mail")
	c.shows("/admin/mails?state=failed", 200, "No such mail")
	hash := malltest.Query[string](h.Mall, "select split_part(cause, '/', 2) from mail")[0]
	if a := c.shows(page, 200, "Waiting", "verify_email"); strings.Contains(a.body, hash) {
		t.Error("the page shows what the link hashes to")
	}
	_, err := h.Pool.Exec(h.Ctx, "update mail set state = 'unclear', linked = false where id = $1", id)
	h.OK(err)
	c.shows(page, 200, "may get it twice")
	c.post(page+"/retry", url.Values{})
	c.shows(page, 200, "The mail is sent again.")
	c.post(page+"/retry", url.Values{})
	c.shows(page, 200, "moved on")
	if _, err := h.Mails.Receive(h.Ctx, mail.Event{ID: "1", Kind: mail.BouncedHard, Address: "ann@example.test"}); err != nil {
		t.Fatal(err)
	}
	c.shows("/admin/mails/suppressed", 200, "ann@example.test", "Mail came back")
	c.post("/admin/mails/suppressed", url.Values{"address": {"ann@example.test"}})
	c.shows("/admin/mails/suppressed", 200, "No address is suppressed")
	verbs := malltest.Query[string](h.Mall, "select verb from audit_entry order by id")
	if fmt.Sprint(verbs) != "[mail.retry mail.unsuppress]" {
		t.Errorf("audit log: %v", verbs)
	}
	c.shows("/admin/mails/kinds", 200, "New video of a followed creator")
	c.shows("/admin/mails/kinds/followed_video?lang=zh-CN", 200, "冰川之上", `sandbox=""`)
	a := c.shows("/admin/mails/kinds/followed_video/html?lang=en", 200, "Above the Glacier")
	if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || strings.Contains(csp, "script-src") {
		t.Errorf("policy of the frame: %s", csp)
	}
	c.shows("/admin/mails/kinds/nothing", 404)
	c.shows("/admin/mails/999", 404)
}
