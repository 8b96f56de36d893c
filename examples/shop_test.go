package examples_test

import (
	"bufio"
	"crypto/ed25519"
	"crypto/x509"
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

// key gives a partner a key with all scopes. It returns a client for Go that signs with it, and the environment that
// has the example shop sign with it.
func (m *served) key(by, partnerID int64, form signature.Form) (client *mallclient.Client, env []string) {
	m.T.Helper()
	draft := partner.KeyDraft{
		Label:  "shop",
		Form:   form,
		Scopes: []string{"catalog:read", "links:write", "orders:read"},
	}
	client = &mallclient.Client{BaseURL: m.url, Now: m.Now}
	if form == signature.RFC9421 {
		public, private, err := ed25519.GenerateKey(nil)
		m.OK(err)
		draft.PublicKey = pemOf(m.T, "PUBLIC KEY", func() ([]byte, error) { return x509.MarshalPKIXPublicKey(public) })
		client.PrivateKey = private
		env = []string{"PRIVATE_KEY=" + pemOf(m.T, "PRIVATE KEY", func() ([]byte, error) {
			return x509.MarshalPKCS8PrivateKey(private)
		})}
	}
	made, secret, err := m.Partners.AddKey(m.Ctx, by, partnerID, draft)
	m.OK(err)
	client.KeyID = made.PublicID
	if form == signature.VM1 {
		client.Secret, env = secret, []string{"SECRET=" + secret}
	}
	return client, append(env, "KEY_ID="+made.PublicID)
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

// TestShop_sells_a_video signs in each of the two ways.
func TestShop_sells_a_video(t *testing.T) {
	t.Parallel()
	for _, form := range []signature.Form{signature.VM1, signature.RFC9421} {
		t.Run(string(form), func(t *testing.T) {
			t.Parallel()
			sell(t, form)
		})
	}
}

// sell goes the whole way: the partner's page, its link, the mall's checkout, the payment, the message to the partner,
// and the partner's list of orders.
func sell(t *testing.T, form signature.Form) {
	t.Helper()
	m := serve(t)
	owner, err := m.Accounts.Provision(m.Ctx, account.User{
		Email: "olga@example.test",
		Name:  "Olga",
	}, "a password of olga")
	m.OK(err)
	p, err := m.Partners.Create(m.Ctx, owner.ID, partner.Draft{
		Name:    "Corner Cinema",
		Contact: "olga@example.test",
		OwnerID: owner.ID,
	})
	m.OK(err)
	client, env := m.key(owner.ID, p.ID, form)
	port := freePort(t)
	hook, hookSecret, err := m.PartnerHooks.Add(m.Ctx, p.ID, webhook.Draft{
		URL:   "http://127.0.0.1:" + port + "/hook",
		Types: webhook.PartnerTypes(),
	})
	m.OK(err)
	sku := m.Sells(990, -1)
	address := shop(t, port, append(env, "MALL="+m.url, "WEBHOOK_SECRET="+hookSecret, fmt.Sprint("SKU=", sku))...)

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
	order := url.Values{"provider": {sandbox.Name}}
	for _, field := range hidden.FindAllStringSubmatch(body, -1) {
		if !slices.Contains(order[field[1]], field[2]) {
			order.Add(field[1], field[2])
		}
	}
	buyer.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	read(t, post(t, buyer, m.url+"/checkout", order), nil) // it leads to the sandbox's page

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
	for _, sent := range malltest.Query[map[string]string](m.Mall, `select a.headers || jsonb_build_object('body', d.body)
		from webhook_attempt a join webhook_delivery d on d.id = a.delivery_id`) {
		h := http.Header{}
		for name, value := range sent {
			h.Set(name, value)
		}
		m.OK(mallclient.VerifyWebhook(hookSecret, h, []byte(sent["body"]), m.Now()))
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
