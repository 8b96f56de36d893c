package examples_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"videomall/config"
	mallclient "videomall/examples/go"
	"videomall/mall/account"
	"videomall/mall/malltest"
	"videomall/mall/partner"
	"videomall/mall/partner/signature"
	"videomall/mall/payment/sandbox"
	"videomall/mall/webhook"
	"videomall/web"
)

// served is a mall behind a real server, whose address partners sign for.
type served struct {
	*malltest.Mall
	url string
}

func serve(t *testing.T) *served {
	t.Helper()
	m := malltest.Listening(t)
	server := httptest.NewUnstartedServer(nil)
	base := "http://" + server.Listener.Addr().String()
	partners, err := partner.New(partner.Deps{
		Pool:      m.Pool,
		Key:       make([]byte, 32), // a test's secret is no secret
		PublicURL: base,
		Now:       m.Now,
	})
	m.OK(err)
	m.Partners = partners
	server.Config.Handler = web.New(web.Deps{
		Mall:    m.Mall,
		Config:  &config.Config{PublicURL: base, Demo: true},
		Log:     m.Log,
		Metrics: m.Metrics,
		Now:     m.Now,
		Covers:  fstest.MapFS{},
		Avatars: fstest.MapFS{},
	})
	server.Start()
	t.Cleanup(server.Close)
	return &served{m, base}
}

// shop runs the example shop in Node and returns its address.
func shop(t *testing.T, port string, env ...string) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("E2E") == "required" || os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("no Node: ", err)
	}
	command := exec.CommandContext(t.Context(), node, "node/shop.mjs")
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "PORT=" + port}, env...)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	command.Stderr = &stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if stderr.Len() > 0 {
			t.Logf("the shop said: %s", stderr.String())
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// freePort returns a port on which nobody listens, for the address of the webhook is registered before the shop starts.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func read(t *testing.T, res *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z_]+)" value="([^"]*)"`)

// TestShop_sells_a_video goes the whole way: the partner's page, its link, the mall's checkout, the payment, the
// message to the partner, and the partner's list of orders.
func TestShop_sells_a_video(t *testing.T) {
	t.Parallel()
	m := serve(t)
	owner, err := m.Accounts.Provision(m.Ctx, account.User{
		Email: "olga@example.test",
		Name:  "Olga",
		Role:  account.RoleShopper,
	}, "a password of olga")
	m.OK(err)
	p, err := m.Partners.Create(m.Ctx, owner.ID, partner.Draft{
		Name:    "Corner Cinema",
		Contact: "olga@example.test",
		OwnerID: owner.ID,
	})
	m.OK(err)
	key, secret, err := m.Partners.AddKey(m.Ctx, owner.ID, p.ID, partner.KeyDraft{
		Label:  "shop",
		Form:   signature.VM1,
		Scopes: []string{"catalog:read", "links:write", "orders:read"},
	})
	m.OK(err)
	port := freePort(t)
	hook, hookSecret, err := m.PartnerHooks.Add(m.Ctx, p.ID, webhook.Draft{
		URL:   "http://127.0.0.1:" + port + "/hook",
		Types: webhook.PartnerTypes(),
	})
	m.OK(err)
	sku := m.Sells(990, -1)
	address := shop(t, port, "MALL="+m.url, "KEY_ID="+key.PublicID, "SECRET="+secret, "WEBHOOK_SECRET="+hookSecret,
		fmt.Sprint("SKU=", sku))

	jar, err := cookiejar.New(nil)
	m.OK(err)
	buyer := &http.Client{Jar: jar}
	res, err := buyer.Get(address)
	if body := read(t, res, err); !strings.Contains(body, "9.90") {
		t.Fatalf("the shop's page: %s", body)
	}
	read(t, post(t, buyer, m.url+"/sign-in", url.Values{
		"email":    {owner.Email},
		"password": {"a password of olga"},
	}), nil)
	res, err = buyer.Post(address+"/buy", "", nil)
	body := read(t, res, err)
	if !strings.HasPrefix(res.Request.URL.Path, "/checkout") || !strings.Contains(body, "Corner Cinema") {
		t.Fatalf("the link leads to %s: %d", res.Request.URL, res.StatusCode)
	}
	form := url.Values{"provider": {sandbox.Name}}
	for _, field := range hidden.FindAllStringSubmatch(body, -1) {
		if !slices.Contains(form[field[1]], field[2]) {
			form.Add(field[1], field[2])
		}
	}
	buyer.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	read(t, post(t, buyer, m.url+"/checkout", form), nil) // it leads to the sandbox's page

	client := &mallclient.Client{
		BaseURL: m.url,
		KeyID:   key.PublicID,
		Secret:  secret,
		Now:     m.Now,
	}
	var orders struct {
		Items []struct{ Reference, OrderNo, Status string }
	}
	m.OK(client.Call(m.Ctx, "GET", "/orders", nil, &orders))
	if len(orders.Items) != 1 {
		t.Fatalf("orders of the partner: %+v", orders)
	}
	o, err := m.Orders.GetAny(m.Ctx, orders.Items[0].OrderNo)
	m.OK(err)
	m.Pay(o, sandbox.PayOptions{})
	m.DeliverNotices()
	m.Relayed()
	_, err = m.PartnerHooks.Turn(m.Ctx, hook.ID)
	m.OK(err)
	res, err = http.Get(address + "/sales")
	if body := read(t, res, err); !strings.Contains(body, `"`+orders.Items[0].Reference+`":"order.paid"`) {
		t.Errorf("the shop was told: %s", body)
	}
	bodies := malltest.Query[string](m.Mall, `select body from webhook_delivery`)
	if len(bodies) == 0 || strings.Contains(strings.Join(bodies, ""), "olga") {
		t.Errorf("messages to the partner: %q", bodies)
	}
}

func post(t *testing.T, c *http.Client, address string, form url.Values) *http.Response {
	t.Helper()
	r, err := http.NewRequest("POST", address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// TestVerifyWebhook_refuses_others checks that a message with another signature is refused.
func TestVerifyWebhook_refuses_others(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	h.Set("webhook-id", "msg_1")
	h.Set("webhook-timestamp", "1764115200")
	h.Set("webhook-signature", "v1,AAAA")
	if mallclient.VerifyWebhook("whsec_AAAA", h, []byte("{}"), time.Unix(1764115200, 0)) == nil {
		t.Error("a message with another signature is accepted")
	}
}
