package config

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/caarlos0/env/v11"
)

// Limits of the variables that have some.
const (
	minPayWindow, maxPayWindow = 5 * time.Second, 24 * time.Hour
	maxRefundTime              = 8760 * time.Hour
	minSession, maxSession     = time.Hour, 365 * 24 * time.Hour
	minGrace, maxGrace         = time.Second, 10 * time.Minute
	minSecret, minSandbox      = 32, 16
	maxClearing                = 90 * 24 * time.Hour
	maxMinPayout               = 100_000_000
	maxPayoutTwo               = 1_000_000_000_000
)

// Load checks environ, which has the form of os.Environ. Its error is one sentence that names the variable and never
// contains a secret. In demo mode without SECRET_KEY it reads DATA_DIR/secret.key, or creates it.
func Load(environ []string) (*Config, error) {
	vars := env.ToMap(environ)
	maps.DeleteFunc(vars, func(_, v string) bool { return strings.TrimSpace(v) == "" }) // Compose writes X= for unset
	c := &Config{}
	if err := env.ParseWithOptions(c, env.Options{Environment: vars, FuncMap: parsers}); err != nil {
		return nil, sentence(err, vars)
	}
	if _, said := vars["DEMO"]; !said {
		c.Demo = c.DatabaseURL == ""
	}
	for _, check := range []func(*Config) error{
		checkAddresses, checkServers, checkDurations, checkPayouts, checkTax, checkUploads, checkBounds, checkLog,
		checkSecurity, checkAccounts, checkProviders, checkMail, fillPublicURL, fillStorage, fillSecrets, fillRateLimits,
	} {
		if err := check(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

var parsers = map[reflect.Type]env.ParserFunc{
	reflect.TypeFor[List](): func(v string) (any, error) {
		var list List
		for word := range strings.SplitSeq(v, ",") {
			if word = strings.TrimSpace(word); word != "" {
				list = append(list, word)
			}
		}
		return list, nil
	},
	reflect.TypeFor[bool](): func(v string) (any, error) {
		switch strings.ToLower(v) {
		case "on", "true", "yes", "1":
			return true, nil
		case "off", "false", "no", "0":
			return false, nil
		}
		return nil, errors.New("say on or off")
	},
	reflect.TypeFor[time.Duration](): func(v string) (any, error) {
		d, err := time.ParseDuration(v)
		if err != nil {
			return nil, errors.New("write a duration such as 15m or 90s")
		}
		return d, nil
	},
	reflect.TypeFor[slog.Level](): func(v string) (any, error) {
		switch strings.ToLower(v) {
		case "debug":
			return slog.LevelDebug, nil
		case "info":
			return slog.LevelInfo, nil
		case "warn":
			return slog.LevelWarn, nil
		case "error":
			return slog.LevelError, nil
		}
		return nil, errors.New("say debug, info, warn or error")
	},
	reflect.TypeFor[Bytes]():        func(v string) (any, error) { return parseBytes(v) },
	reflect.TypeFor[FeeRate]():      func(v string) (any, error) { return parseFee(v) },
	reflect.TypeFor[ProviderFees](): func(v string) (any, error) { return parseProviderFees(v) },
	reflect.TypeFor[RateLimits]():   func(v string) (any, error) { return parseLimits(v) },
	reflect.TypeFor[[]string](): func(v string) (any, error) { // host names
		var names []string
		for s := range strings.SplitSeq(v, ",") {
			name := strings.ToLower(strings.TrimSpace(s))
			if name == "" || strings.ContainsAny(name, "/: \t*") {
				return nil, errors.New("write host names without ports, such as mall-1.internal,metrics.example")
			}
			names = append(names, name)
		}
		return names, nil
	},
	reflect.TypeFor[Contacts](): func(v string) (any, error) {
		var list Contacts
		for s := range strings.SplitSeq(v, ",") {
			u, err := url.Parse(strings.TrimSpace(s))
			known := err == nil &&
				(u.Scheme == "https" && u.Host != "" || (u.Scheme == "mailto" || u.Scheme == "tel") && u.Opaque != "")
			if !known || strings.ContainsFunc(s, unicode.IsControl) {
				return nil, errors.New(
					"write addresses such as mailto:security@mall.example,https://mall.example/report")
			}
			list = append(list, u.String())
		}
		return list, nil
	},
	reflect.TypeFor[[]netip.Prefix](): func(v string) (any, error) {
		var blocks []netip.Prefix
		for s := range strings.SplitSeq(v, ",") {
			p, err := netip.ParsePrefix(strings.TrimSpace(s))
			if err != nil {
				return nil, errors.New("write CIDR blocks such as 10.0.0.0/8,192.168.0.0/16")
			}
			blocks = append(blocks, p)
		}
		return blocks, nil
	},
}

// wrong formats every error about a variable.
func wrong(name, value, format string, args ...any) error {
	return fmt.Errorf("%s=%q: %s", name, value, fmt.Sprintf(format, args...))
}

// sentence names the variable whose value could not be read. The error of env has only the field's name.
func sentence(err error, vars map[string]string) error {
	var bad env.ParseError
	if !errors.As(err, &bad) {
		return fmt.Errorf("the environment cannot be read: %w", err)
	}
	name := bad.Name
	if f, ok := reflect.TypeFor[Config]().FieldByName(bad.Name); ok {
		name = f.Tag.Get("env")
	}
	return wrong(name, vars[name], "%v", bad.Err)
}

// checkSecurity requires an expiry date for a contact, as RFC 9116 does. A date in the past is not an error: then the
// file is not served.
func checkSecurity(c *Config) (err error) {
	switch {
	case c.SecurityExpires == "" && len(c.SecurityContact) > 0:
		return wrong("SECURITY_CONTACT", strings.Join(c.SecurityContact, ","),
			"it needs a date until which it is to be believed: set SECURITY_EXPIRES too")
	case c.SecurityExpires == "":
		return nil
	case len(c.SecurityContact) == 0:
		return wrong("SECURITY_EXPIRES", c.SecurityExpires,
			"there is no contact that could expire: set SECURITY_CONTACT too")
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if c.SecurityUntil, err = time.Parse(layout, c.SecurityExpires); err == nil {
			return nil
		}
	}
	return wrong("SECURITY_EXPIRES", c.SecurityExpires,
		"write a date such as 2027-06-30, or with a time 2027-06-30T12:00:00Z")
}

// checkAccounts leaves the second factor off in demo mode, where the passwords are published and anybody could add one.
func checkAccounts(c *Config) error {
	switch c.SecondFactor {
	case "operators", "everyone", "off":
	case "":
		c.SecondFactor = "operators"
		if c.Demo {
			c.SecondFactor = "off"
		}
	default:
		return wrong("SECOND_FACTOR", c.SecondFactor, "say operators, everyone or off")
	}
	return nil
}

func checkAddresses(c *Config) error {
	for _, a := range []struct{ name, value string }{{"ADDR", c.Addr}, {"ADMIN_ADDR", c.AdminAddr}} {
		host, port, err := net.SplitHostPort(a.value)
		if err != nil {
			return wrong(a.name, a.value, "write host:port, such as 127.0.0.1:8080")
		}
		if n, err := net.LookupPort("tcp", port); err != nil || n < 0 {
			return wrong(a.name, a.value, "%q is not a port", port)
		}
		if c.Demo && !Loopback(host) {
			return wrong(a.name, a.value, "demo mode has passwords that everybody knows and stays on this machine: "+
				"use 127.0.0.1, or set DEMO=off and SECRET_KEY")
		}
	}
	if c.Addr == c.AdminAddr && !strings.HasSuffix(c.Addr, ":0") {
		return wrong("ADMIN_ADDR", c.AdminAddr, "it must differ from ADDR")
	}
	return nil
}

// Loopback reports whether a host is this machine itself.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func checkServers(c *Config) (err error) {
	if c.DataDir, err = filepath.Abs(c.DataDir); err != nil {
		return wrong("DATA_DIR", c.DataDir, "%v", err)
	}
	for _, s := range []struct {
		name, value string
		schemes     []string
	}{
		{"DATABASE_URL", c.DatabaseURL, []string{"postgres", "postgresql"}},
		{"DATABASE_REPLICA_URL", c.ReplicaURL, []string{"postgres", "postgresql"}},
		{"REDIS_URL", c.RedisURL, []string{"redis", "rediss", "unix", "redis+cluster", "rediss+cluster"}},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", c.OTLP, []string{"http", "https"}},
	} {
		if s.value == "" {
			continue
		}
		if _, err := parseURL(s.name, s.value, s.schemes...); err != nil {
			return err
		}
	}
	if c.ReplicaURL != "" && c.DatabaseURL == "" {
		return wrong("DATABASE_REPLICA_URL", withoutPassword(c.ReplicaURL),
			"a replica needs its primary: set DATABASE_URL too")
	}
	if c.DatabaseURL == "" {
		c.EmbeddedPostgres = c.Path("postgres")
	}
	if c.RedisURL == "" {
		c.EmbeddedRedis = c.Path("redis")
	}
	return nil
}

func parseURL(name, value string, schemes ...string) (*url.URL, error) {
	want := strings.Join(schemes, ":// or ") + "://"
	u, err := url.Parse(value)
	if err != nil { // the error's text repeats the value with the password
		return nil, fmt.Errorf("%s: it is not a URL; write one that begins with %s", name, want)
	}
	for _, s := range schemes {
		if u.Scheme == s && (u.Host != "" || u.Path != "" && u.Opaque == "") {
			return u, nil
		}
	}
	return nil, wrong(name, withoutPassword(value), "write a URL that begins with %s", want)
}

// withoutPassword makes a URL safe to show.
func withoutPassword(value string) string {
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" {
		return "[unreadable]" // it may be a password alone
	}
	if q := u.Query(); len(q) > 0 { // the query may have the credentials of S3 or libpq
		for k := range q {
			switch strings.ToLower(k) {
			case "password", "secret", "secretkey", "secret_key", "accesskey", "access_key":
				q.Set(k, "xxxxx")
			}
		}
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}

func checkDurations(c *Config) error {
	for _, v := range []struct {
		name               string
		value, least, most time.Duration
	}{
		{"PAY_WINDOW", c.PayWindow, minPayWindow, maxPayWindow},
		{"REFUND_WITHIN", c.RefundTime, 0, maxRefundTime},
		{"SESSION_MAX", c.SessionMax, minSession, maxSession},
		{"CLEARING_PERIOD", c.Clearing, 0, maxClearing},
		{"PAYOUT_WAIT", c.PayoutWait, 0, maxClearing},
		{"SEND_TIMEOUT", c.SendTimeout, minGrace, maxGrace},
		{"SHUTDOWN_GRACE", c.Grace, minGrace, maxGrace},
	} {
		if v.value < v.least || v.value > v.most {
			return wrong(v.name, v.value.String(), "it must lie between %v and %v", v.least, v.most)
		}
	}
	return nil
}

func checkPayouts(c *Config) error {
	for _, v := range []struct {
		name               string
		value, least, most int64
	}{
		{"PAYOUT_MINIMUM", c.MinPayout, 1, maxMinPayout},
		{"PAYOUT_TWO_ABOVE", c.PayoutTwo, 0, maxPayoutTwo},
		{"REFUND_WATCHED", int64(c.RefundSeen), 0, 100},
	} {
		if v.value < v.least || v.value > v.most {
			return wrong(v.name, strconv.FormatInt(v.value, 10), "it must lie between %d and %d", v.least, v.most)
		}
	}
	return nil
}

func checkLog(c *Config) error {
	switch c.LogFormat {
	case "text", "json":
	case "":
		c.LogFormat = "json"
		if c.Demo {
			c.LogFormat = "text"
		}
	default:
		return wrong("LOG_FORMAT", c.LogFormat, "say text or json")
	}
	return nil
}

// origin writes scheme and host as browsers do, which compare them letter by letter: without the usual port, and small.
func origin(u *url.URL) string {
	usual := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return u.Scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Host), usual)
}

func fillPublicURL(c *Config) error {
	if c.PublicURL == "" {
		c.PublicURL = c.LocalURL()
		return nil
	}
	u, err := parseURL("PUBLIC_URL", c.PublicURL, "http", "https")
	if err != nil {
		return err
	}
	if u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return wrong("PUBLIC_URL", withoutPassword(c.PublicURL),
			"write scheme and host alone, such as https://mall.example.com")
	}
	if c.Demo && !Loopback(u.Hostname()) {
		return wrong("PUBLIC_URL", c.PublicURL,
			"demo mode has passwords that everybody knows and stays on this machine: "+
				"use http://127.0.0.1 with the port of ADDR, or set DEMO=off and SECRET_KEY")
	}
	c.PublicURL = origin(u)
	return nil
}

func fillStorage(c *Config) error {
	if c.StorageURL == "" {
		c.StorageURL = (&url.URL{Scheme: "file", Path: filepath.ToSlash(c.Path("media"))}).String()
		return nil
	}
	u, err := parseURL("STORAGE_URL", c.StorageURL, "file", "s3")
	if err != nil {
		return err
	}
	switch {
	case u.Scheme == "file" && (u.Host != "" || !strings.HasPrefix(u.Path, "/")):
		return wrong("STORAGE_URL", c.StorageURL,
			"write three slashes and an absolute folder, such as file:///var/lib/videomall/media")
	case u.Scheme == "s3" && (u.Host == "" || strings.Trim(u.Path, "/") == ""):
		return wrong("STORAGE_URL", withoutPassword(c.StorageURL),
			"name host and bucket, such as s3://KEY:SECRET@s3.example.com/media")
	}
	return nil
}
