package config_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"videomall/config"
)

const secret = "0123456789abcdef0123456789abcdef"

func load(t *testing.T, vars ...string) (*config.Config, error) {
	t.Helper()
	return config.Load(append([]string{"DATA_DIR=" + t.TempDir()}, vars...))
}

func TestLoad_defaults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, err := config.Load([]string{"DATA_DIR=" + dir, "DATABASE_URL=", "PAY_WINDOW= "})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintln(c.Addr, c.AdminAddr, c.PublicURL, c.StorageURL, c.Demo, c.PayWindow, c.Grace, c.LogLevel,
		c.LogFormat,
		c.EmbeddedPostgres, c.EmbeddedRedis, c.SecureCookies(), c.SandboxPayments())
	want := fmt.Sprintln("127.0.0.1:8080", "127.0.0.1:8081", "http://127.0.0.1:8080", "file://"+dir+"/media", true,
		15*time.Minute,
		20*time.Second, slog.LevelInfo, "text", dir+"/postgres", dir+"/redis", false, true)
	if got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestLoad_own_servers_switch_demo_off(t *testing.T) {
	t.Parallel()
	c, err := load(t, "DATABASE_URL=postgres://u:p@db/mall", "REDIS_URL=redis://cache:6379/1", "SECRET_KEY="+secret,
		"ADDR=0.0.0.0:80",
		"ADMIN_ADDR=:9090", "PUBLIC_URL=https://mall.example.com/", "TRUSTED_PROXIES=10.0.0.0/8, fd00::/8",
		"STORAGE_URL=s3://s3.example.com/media?region=eu-1")
	if err != nil {
		t.Fatal(err)
	}
	if c.Demo || c.EmbeddedPostgres != "" || c.EmbeddedRedis != "" || c.SandboxPayments() || !c.SecureCookies() ||
		c.PublicURL != "https://mall.example.com" || c.LogFormat != "json" || len(c.Proxies) != 2 {
		t.Errorf("%+v", c)
	}
	if _, err := os.Stat(c.Path("secret.key")); err == nil {
		t.Error("a secret was written although one was given")
	}
}

func TestConfig_SandboxInProduction(t *testing.T) {
	t.Parallel()
	live := []string{"DEMO=off", "SECRET_KEY=" + secret, "PUBLIC_URL=https://mall.example.com"}
	sandbox := "SANDBOX_SECRET=" + strings.Repeat("s", 20)
	_, err := load(t, append(live, sandbox)...)
	if err == nil || !strings.Contains(err.Error(), "SANDBOX_IN_PRODUCTION=on") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a secret alone: %v", err)
	}
	if _, err := load(t, append(live, sandbox, "SANDBOX_IN_PRODUCTION=off")...); err == nil {
		t.Error("off is taken for on")
	}
	c, err := load(t, append(live, sandbox, "SANDBOX_IN_PRODUCTION=on")...)
	if err != nil || !c.SandboxPayments() || !c.SandboxInProduction() {
		t.Errorf("both: %+v, %v", c, err)
	}
	c, err = load(t, append(live, "SANDBOX_IN_PRODUCTION=on")...)
	if err != nil || c.SandboxPayments() || c.SandboxInProduction() {
		t.Errorf("the switch without a secret: %+v, %v", c, err)
	}
	if c, err = load(t); err != nil || !c.SandboxPayments() || c.SandboxInProduction() {
		t.Errorf("the demo: %+v, %v", c, err)
	}
}

func TestConfig_DemoOnLoopback(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"} {
		if c, err := load(t, "PUBLIC_URL="+url); err != nil || c.PublicURL != url {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestLoad_wrong_value(t *testing.T) {
	t.Parallel()
	for _, vars := range []string{
		"ADDR=8080", "ADDR=127.0.0.1:http-not", "ADDR=127.0.0.1:99999", "ADDR=0.0.0.0:8080", "ADDR=:8080",
		"ADDR=10.1.2.3:8080",
		"ADMIN_ADDR=0.0.0.0:8081", "ADMIN_ADDR=127.0.0.1:8080", "ADMIN_ADDR=x",
		"PUBLIC_URL=mall.example.com", "PUBLIC_URL=https://mall.example.com/shop", "PUBLIC_URL=ftp://mall.example.com",
		"PUBLIC_URL=https://",
		"DATABASE_URL=mysql://u:hunter22@db/mall", "DATABASE_URL=hunter22",
		"DATABASE_URL=postgres://u:hunter22@[db/mall",
		"DATABASE_REPLICA_URL=postgres://u:hunter22@db2/mall", "REDIS_URL=http://:hunter22@cache",
		"REDIS_URL=cache:6379",
		"STORAGE_URL=file://media", "STORAGE_URL=media", "STORAGE_URL=s3://", "STORAGE_URL=s3://s3.example.com",
		"UPLOAD_MAX=many", "UPLOAD_QUOTA=1KiB", "UPLOAD_MAX=9999999TiB", "STORAGE_URL=gs://bucket",
		"STRIPE_SECRET_KEY=sk_test_hunter22", "STRIPE_WEBHOOK_SECRETS=whsec_hunter22", "ALIPAY_APP_ID=2021000000000000",
		"WECHATPAY_MERCHANT_ID=1900000109", "ALIPAY_APP_CERT_FILE=/app.crt", "PAYMENT_MARK=a-b", "WECHATPAY_H5=maybe",
		"WECHATPAY_APP_SECRET=hunter22",
		"SECRET_KEY=hunter22", "SANDBOX_SECRET=hunter22", "SECRET_KEY= DEMO=off", "SANDBOX_IN_PRODUCTION=maybe",
		"PUBLIC_URL=https://mall.example.com", "PUBLIC_URL=http://10.1.2.3:8080",
		"PUBLIC_URL=http://127.0.0.1.example.com",
		"DEMO=maybe", "PAY_WINDOW=15", "PAY_WINDOW=0s", "PAY_WINDOW=-1m", "PAY_WINDOW=25h", "SHUTDOWN_GRACE=never",
		"SHUTDOWN_GRACE=0s",
		"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318", "LOG_LEVEL=loud", "LOG_FORMAT=xml", "TRUSTED_PROXIES=10.0.0.1",
		"TRUSTED_PROXIES=10.0.0.0/8,nginx",
		"RATE_LIMITS=on", "RATE_LIMITS=order.user", "RATE_LIMITS=order.user=0/1m", "RATE_LIMITS=order.user=10",
		"RATE_LIMITS=order.user=10/1x",
		"RATE_LIMITS=order.user=10/1ms", "RATE_LIMITS=order.user=10/48h", "RATE_LIMITS=order.user=9000000/1m",
		"RATE_LIMITS=cart.user=10/1m",
		"RATE_LIMITS=order.user=10/1m,,",
		"MEMORY_LIMIT=1MiB", "COVER_MEMORY=1MiB", "DISK_FLOOR=some", "UPLOAD_MIN_RATE=-1", "SEND_TIMEOUT=0s",
		"SEND_TIMEOUT=1h",
		"CONNECTIONS_PER_ADDRESS=-1", "CONNECTIONS_PER_ADDRESS=2000000",
	} {
		t.Run(vars, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, strings.Fields(vars)...)
			if err == nil {
				t.Fatal("accepted")
			}
			name, _, _ := strings.Cut(vars, "=")
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%q does not name %s", err, name)
			}
			if strings.Contains(err.Error(), "hunter22") {
				t.Errorf("%q tells a secret", err)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q is more than a sentence", err)
			}
		})
	}
}

func TestLoad_data_dir_not_writable(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load([]string{"DATA_DIR=" + file}); err == nil || !strings.Contains(err.Error(), "DATA_DIR") {
		t.Errorf("err = %v", err)
	}
}

func TestLoad_generated_secret_is_kept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	var wg sync.WaitGroup
	var got [8]*config.Config
	for i := range got { // several processes may be the first
		wg.Go(func() {
			c, err := config.Load([]string{"DATA_DIR=" + dir})
			if err != nil {
				t.Error(err)
				return
			}
			got[i] = c
		})
	}
	wg.Wait()
	for _, c := range got {
		if c == nil || c.SecretKey != got[0].SecretKey || c.Sandbox != got[0].Sandbox || len(c.SecretKey) < 32 {
			t.Fatal("starts at the same moment disagree about the secret")
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v %v; want secret.key alone", entries, err)
	}
	st, err := os.Stat(filepath.Join(dir, "secret.key"))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", st.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret.key"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load([]string{"DATA_DIR=" + dir}); err == nil {
		t.Error("a damaged secret was accepted")
	}
}

func TestConfig_Key_differs_by_purpose_and_secret(t *testing.T) {
	t.Parallel()
	a, err := load(t, "SECRET_KEY="+secret)
	if err != nil {
		t.Fatal(err)
	}
	b, err := load(t, "SECRET_KEY=x"+secret)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range []*config.Config{a, b} {
		for _, p := range []string{
			config.KeySession, config.KeyPlay, config.KeySegment, config.KeyDevice,
			config.KeyMedia, config.KeyAPI, config.KeySandbox, config.KeyPayer,
		} {
			k := c.Key(p)
			if len(k) != 32 || seen[string(k)] {
				t.Errorf("key %s: %d bytes, or met before", p, len(k))
			}
			seen[string(k)] = true
		}
	}
	if !bytes.Equal(a.Key("play"), a.Key("play")) {
		t.Error("a key changed")
	}
}

func TestConfig_LogValue_hides_secrets(t *testing.T) {
	t.Parallel()
	c, err := load(t, "SECRET_KEY="+secret, "DATABASE_URL=postgres://u:hunter22@db/mall",
		"REDIS_URL=redis://:hunter22@cache",
		"STORAGE_URL=s3://key:hunter22@s3.example.com/media?secretKey=hunter22", "SANDBOX_SECRET=hunter22hunter22",
		"SANDBOX_IN_PRODUCTION=on")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("start", "config", c, "sandbox", c.Sandbox)
	fmt.Fprintf(&out, "%v %s", c.SecretKey, c.Sandbox)
	if s := out.String(); strings.Contains(s, "hunter22") || strings.Contains(s, secret) ||
		!strings.Contains(s, "127.0.0.1:8080") {
		t.Error(s)
	}
}

func TestConfig_LocalURL(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:9000": "http://127.0.0.1:9000", "[::1]:9000": "http://[::1]:9000",
		"localhost:9000": "http://localhost:9000",
		"0.0.0.0:9000":   "http://localhost:9000", ":9000": "http://localhost:9000",
		"[::]:9000": "http://localhost:9000",
	} {
		c, err := load(t, "DEMO=off", "SECRET_KEY="+secret, "ADDR="+addr, "PUBLIC_URL=https://mall.example.com")
		if err != nil {
			t.Fatal(err)
		}
		if got := c.LocalURL(); got != want {
			t.Errorf("ADDR=%s is called at %s, want %s", addr, got, want)
		}
	}
}

func TestLoad_rate_limits(t *testing.T) {
	t.Parallel()
	usual, err := load(t)
	if err != nil || len(usual.RateLimits) != 17 || usual.RateLimits["order.user"] != (config.RateLimit{
		Requests: 60,
		Per:      time.Minute,
	}) {
		t.Fatalf("%v %v", usual, err)
	}
	off, err := load(t, "RATE_LIMITS=off")
	if err != nil || len(off.RateLimits) != 0 {
		t.Errorf("%v %v", off, err)
	}
	some, err := load(t, "RATE_LIMITS=order.user=5/10s, page.address=off")
	if err != nil {
		t.Fatal(err)
	}
	want := maps.Clone(usual.RateLimits)
	want["order.user"] = config.RateLimit{Requests: 5, Per: 10 * time.Second}
	delete(want, "page.address")
	if diff := cmp.Diff(want, some.RateLimits); diff != "" {
		t.Errorf("rate limits (-want +got):\n%s", diff)
	}
}

func TestConfig_Security(t *testing.T) {
	t.Parallel()
	c, err := load(t, "SECURITY_CONTACT=mailto:security@mall.example, https://mall.example/report?a=b",
		"SECURITY_EXPIRES=2027-06-30")
	if err != nil || len(c.SecurityContact) != 2 || c.SecurityContact[1] != "https://mall.example/report?a=b" ||
		c.SecurityUntil.Year() != 2027 {
		t.Errorf("%+v %v", c, err)
	}
	for _, vars := range [][]string{
		{"SECURITY_CONTACT=mailto:security@mall.example"},
		{"SECURITY_EXPIRES=2027-06-30"},
		{"SECURITY_CONTACT=security@mall.example", "SECURITY_EXPIRES=2027-06-30"},
		{"SECURITY_CONTACT=http://mall.example/", "SECURITY_EXPIRES=2027-06-30"},
		{"SECURITY_CONTACT=mailto:a@b,", "SECURITY_EXPIRES=2027-06-30"},
		{"SECURITY_CONTACT=mailto:a@b\nExpires: 2099", "SECURITY_EXPIRES=2027-06-30"},
		{"SECURITY_CONTACT=mailto:a@b", "SECURITY_EXPIRES=June"},
	} {
		name, _, _ := strings.Cut(vars[len(vars)-1], "=")
		first, _, _ := strings.Cut(vars[0], "=")
		if _, err := load(t, vars...); err == nil ||
			!strings.HasPrefix(err.Error(), name) && !strings.HasPrefix(err.Error(), first) {
			t.Errorf("%q: %v", vars, err)
		}
	}
}

func TestLoad_providers(t *testing.T) {
	t.Parallel()
	c, err := load(t, "STRIPE_SECRET_KEY=sk_test_hunter22", "STRIPE_WEBHOOK_SECRETS=whsec_hunter22",
		"STRIPE_PAYMENT_METHODS=card, ,wechat_pay", "ALIPAY_APP_ID=2021000000000001", "ALIPAY_SELLER_ID=2088000000000001",
		"ALIPAY_KEY_FILE=/run/secrets/app key.pem", "ALIPAY_PUBLIC_KEY_FILES=/a.pem,/b.pem")
	if err != nil || len(c.StripeMethods) != 2 || c.StripeMethods[1] != "wechat_pay" || len(c.AlipayPublic) != 2 {
		t.Fatalf("%+v, %v", c.Providers, err)
	}
	if shown := fmt.Sprint(c.StripeKey, c.StripeWebhooks); strings.Contains(shown, "hunter22") {
		t.Errorf("secrets are printed: %s", shown)
	}
	for _, missing := range []string{"STRIPE_WEBHOOK_SECRETS", "ALIPAY_SELLER_ID", "WECHATPAY_KEY_FILE", "ALIPAY_ROOT_CERT_FILE"} {
		_, err := load(t, map[string][]string{
			"STRIPE_WEBHOOK_SECRETS": {"STRIPE_SECRET_KEY=sk_test_hunter22"},
			"ALIPAY_SELLER_ID":       {"ALIPAY_APP_ID=1"},
			"WECHATPAY_KEY_FILE":     {"WECHATPAY_MERCHANT_ID=1", "WECHATPAY_APP_ID=wx1", "WECHATPAY_CERT_SERIAL=1"},
			"ALIPAY_ROOT_CERT_FILE":  {"ALIPAY_APP_CERT_FILE=/app.crt"},
		}[missing]...)
		if err == nil || !strings.HasPrefix(err.Error(), missing+" is required") || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}

// Browsers compare origins letter by letter, passkeys among others.
func TestLoad_public_url_as_browsers_write_it(t *testing.T) {
	for written, want := range map[string]string{
		"https://Mall.Example.com:443":  "https://mall.example.com",
		"https://mall.example.com:8443": "https://mall.example.com:8443",
		"http://mall.example.com:80/":   "http://mall.example.com",
		"http://[2001:db8::443]:8080":   "http://[2001:db8::443]:8080",
	} {
		c, err := load(t, "DEMO=off", "SECRET_KEY="+secret, "PUBLIC_URL="+written)
		if err != nil || c.PublicURL != want {
			t.Errorf("%s: %v, %v", written, c, err)
		}
	}
}
