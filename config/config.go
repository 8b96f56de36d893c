// Package config reads the environment once, at start, and reports in one sentence what is wrong with it.
//
// It owns the names, defaults and limits of every variable, and the keys derived from SECRET_KEY. It opens only the
// file of the secret, and knows no other package of the mall. If no variable is set, it describes a complete mall on
// this machine.
package config

import (
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"time"
)

// Config is the checked environment. docs/configuration.md is made from its tags.
type Config struct {
	Addr         string        `env:"ADDR" envDefault:"127.0.0.1:8080" doc:"where the mall listens; in demo mode a loopback address"`
	AdminAddr    string        `env:"ADMIN_ADDR" envDefault:"127.0.0.1:8081" doc:"where /metrics, /healthz and /readyz listen; never public"`
	AdminHosts   []string      `env:"ADMIN_HOSTS" fallback:"none" doc:"host names, comma separated, by which ADMIN_ADDR is called besides loopback ones and its own address"`
	PProf        bool          `env:"PPROF" envDefault:"off" doc:"profiles of the running program at /debug/pprof/ on ADMIN_ADDR; on or off"`
	PublicURL    string        `env:"PUBLIC_URL" fallback:"http:// and ADDR" doc:"the address people type, without a path; https makes cookies Secure"`
	DataDir      string        `env:"DATA_DIR" envDefault:".data" doc:"folder of the private servers, the media and the generated secret"`
	DatabaseURL  string        `env:"DATABASE_URL" fallback:"a private PostgreSQL in DATA_DIR" doc:"postgres:// URL of the primary"`
	ReplicaURL   string        `env:"DATABASE_REPLICA_URL" fallback:"the primary" doc:"postgres:// URL of a replica, for lists that may be a second old"`
	RedisURL     string        `env:"REDIS_URL" fallback:"a private Redis in DATA_DIR" doc:"redis://, rediss:// or unix:// URL; redis+cluster://node:6379?addr=node:6379 for a Redis Cluster, rediss+cluster:// with TLS"`
	StorageURL   string        `env:"STORAGE_URL" fallback:"file:// and DATA_DIR/media" doc:"where media lie: file:///folder, or s3://KEY:SECRET@host:port/bucket/prefix?region=us-east-1&tls=on; without KEY:SECRET the AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment count"`
	SecretKey    Secret        `env:"SECRET_KEY" fallback:"generated once in demo mode, DATA_DIR/secret.key" doc:"at least 32 bytes, from which all keys are derived; required when DEMO is off"`
	Demo         bool          `env:"DEMO" fallback:"on without DATABASE_URL, else off" doc:"demo accounts and content; on or off; listens on loopback only"`
	DemoVideos   string        `env:"DEMO_VIDEOS" fallback:"demo/footage of the source code" doc:"folder of the demo's videos; read when the demo content is written"`
	SessionMax   time.Duration `env:"SESSION_MAX" envDefault:"2160h" doc:"how long a sign-in lasts however often it is used, 1h to 8760h; operators' last 168h at most, and 12h without a visit"`
	SecondFactor string        `env:"SECOND_FACTOR" fallback:"operators, off in demo mode" doc:"who can't do without a second factor besides the password: operators, everyone or off; see [accounts](accounts.md)"`
	Breached     string        `env:"BREACHED_PASSWORDS" fallback:"none" doc:"file of passwords from breaches, which nobody may choose: SHA-1 hashes, sorted, as the downloader of Have I Been Pwned writes them"`
	PayWindow    time.Duration `env:"PAY_WINDOW" envDefault:"15m" doc:"how long an unpaid order keeps its stock, 5s to 24h"`
	RefundTime   time.Duration `env:"REFUND_WITHIN" envDefault:"168h" doc:"how long after the payment a buyer can have a video back, as it is shown before buying, 0s to 8760h; 0s promises nothing. Each order keeps what was shown"`
	RefundSeen   int           `env:"REFUND_WATCHED" envDefault:"10" doc:"how many percent of the video may have been watched by then, 0 to 100"`
	RefundRule   bool          `env:"REFUND_BY_RULE" envDefault:"on" doc:"whether requests within REFUND_WITHIN and REFUND_WATCHED are approved at once; off leaves all to the staff; on or off"`
	FeeRate      FeeRate       `env:"PLATFORM_FEE" envDefault:"15%" doc:"the mall's part of what is paid for a video, 0% to 100% with up to two decimals; what was sold keeps its own"`
	Clearing     time.Duration `env:"CLEARING_PERIOD" envDefault:"168h" doc:"how long a creator's share is held before it can be paid out, 0s to 2160h"`
	MinPayout    int64         `env:"PAYOUT_MINIMUM" envDefault:"1000" doc:"the least sum that a creator may ask to be paid, in minor units of the currency of prices (fen), 1 to 100000000"`
	PayoutWait   time.Duration `env:"PAYOUT_WAIT" envDefault:"72h" doc:"how long a payout waits for its approval after its destination was set or changed, 0s to 2160h"`
	PayoutTwo    int64         `env:"PAYOUT_TWO_ABOVE" envDefault:"1000000" doc:"the sum above which a payout needs two people, one to approve and another to transfer it, in minor units of the currency of prices (fen), 0 to 1000000000000"`
	TaxCountry   string        `env:"TAX_COUNTRY" fallback:"none: buyers are taxed only where they say they are" doc:"the country where the shop pays taxes, as two letters such as DE; see [tax](tax.md)"`
	TaxID        string        `env:"TAX_ID" fallback:"none" doc:"the shop's own VAT id, for invoices"`
	TaxPrices    string        `env:"TAX_PRICES" envDefault:"inclusive" doc:"whether prices include tax; inclusive or exclusive. It counts once the shop has tax rates"`
	TaxZone      string        `env:"TAX_ZONE" envDefault:"UTC" doc:"the time zone in which tax rates begin and months of the tax report end, such as Europe/Berlin"`
	SellerName   string        `env:"SELLER_NAME" fallback:"none: receipts name the shop, and no document is an invoice" doc:"who sells, as invoices name it; see [invoices](invoices.md)"`
	SellerAt     string        `env:"SELLER_ADDRESS" fallback:"none" doc:"the seller's address on invoices, at most 6 lines with | between them"`
	Sandbox      Secret        `env:"SANDBOX_SECRET" fallback:"derived in demo mode, else no sandbox" doc:"signs the sandbox's payment notices, at least 16 bytes; empty outside demo mode: no sandbox payments"`
	SandboxOn    bool          `env:"SANDBOX_IN_PRODUCTION" envDefault:"off" doc:"allows SANDBOX_SECRET outside demo mode, on or off: whoever is signed in can then pay any order without money"`
	ProviderFees ProviderFees  `env:"PROVIDER_FEES" fallback:"none: fees are not compared with an agreement" doc:"what providers agreed to keep of a payment, such as alipay=0.6%,stripe=2.9%+0.30 USD+0.25 EUR with a fixed part for each currency; reconciliation reports other fees"`
	Providers
	MailURL        Secret         `env:"MAIL_URL" fallback:"a mailbox in demo mode, else no mail" doc:"the mail server: smtps://user:password@mail.example:465, or smtp://user:password@mail.example:587 with STARTTLS"`
	MailFrom       string         `env:"MAIL_FROM" fallback:"none; required with MAIL_URL, as is PUBLIC_URL" doc:"who mails come from, such as Video Mall <no-reply@mall.example>"`
	MailHookSecret Secret         `env:"MAIL_HOOK_SECRET" fallback:"none: no reports are taken" doc:"checks the mail provider's reports about bounces and complaints, as whsec_ and base64 of 24 to 64 bytes; see [mail](mail.md#bounces-and-complaints)"`
	OTLP           string         `env:"OTEL_EXPORTER_OTLP_ENDPOINT" fallback:"no traces" doc:"http:// or https:// URL that takes OTLP traces"`
	LogLevel       slog.Level     `env:"LOG_LEVEL" envDefault:"info" doc:"debug, info, warn or error"`
	LogFormat      string         `env:"LOG_FORMAT" fallback:"text in demo mode, else json" doc:"text or json"`
	Grace          time.Duration  `env:"SHUTDOWN_GRACE" envDefault:"20s" doc:"how long requests and jobs may take to end after SIGTERM, 1s to 10m"`
	Proxies        []netip.Prefix `env:"TRUSTED_PROXIES" fallback:"none" doc:"CIDR blocks, comma separated, whose X-Forwarded-For is believed"`

	SecurityContact Contacts `env:"SECURITY_CONTACT" fallback:"no security.txt" doc:"where vulnerabilities are reported, comma separated, the preferred one first: mailto:, https:// or tel: addresses, for /.well-known/security.txt"`
	SecurityExpires string   `env:"SECURITY_EXPIRES" fallback:"none" doc:"until when SECURITY_CONTACT is to be believed, such as 2027-06-30 or 2027-06-30T12:00:00Z; it needs one, and security.txt is gone after it"`

	UploadMax   Bytes `env:"UPLOAD_MAX" envDefault:"20GiB" doc:"the largest video that a creator may upload"`
	UploadQuota Bytes `env:"UPLOAD_QUOTA" envDefault:"50GiB" doc:"how much all uploaded files of one creator may take"`

	MemoryLimit   Bytes         `env:"MEMORY_LIMIT" fallback:"three quarters of the container's or the machine's memory" doc:"what the mall's own process tries to stay below, 128MiB at least, unless GOMEMLIMIT says so; videos are made by other processes"`
	CoverMemory   Bytes         `env:"COVER_MEMORY" envDefault:"200MiB" doc:"how much memory pictures that creators upload may take while they are decoded, all together, 64MiB at least; one that takes more is refused"`
	DiskFloor     Bytes         `env:"DISK_FLOOR" envDefault:"2GiB" doc:"how much stays free on the disks that videos are written to: below it uploads and videos in the making wait; 0 checks nothing"`
	UploadMinRate Bytes         `env:"UPLOAD_MIN_RATE" envDefault:"1KiB" doc:"the fewest bytes a second of an upload, measured over 30 s of waiting; a slower one is ended and goes on where it was; 0 for any"`
	SendTimeout   time.Duration `env:"SEND_TIMEOUT" envDefault:"30s" doc:"how long a reader may take no bytes of an answer before the connection is cut, 1s to 10m"`
	LoadShedding  bool          `env:"LOAD_SHEDDING" envDefault:"on" doc:"whether requests are refused for a moment when more come than can be answered, pages before orders; on or off"`
	PerAddress    int           `env:"CONNECTIONS_PER_ADDRESS" envDefault:"256" doc:"connections that one address (of IPv6 a /64) may hold, 0 to 1000000, 0 for any number; those of TRUSTED_PROXIES and of this machine are not bounded"`

	RateLimits RateLimits `env:"RATE_LIMITS" fallback:"see [below](#rate-limits)" doc:"how much one user, device or address may ask for; off, or changes such as order.user=10/1m,page.address=off"`

	// SecurityUntil is the time of SECURITY_EXPIRES, or zero if that is not set.
	SecurityUntil time.Time

	// EmbeddedPostgres and EmbeddedRedis are the folders of the private servers. They are empty if the environment
	// names a server.
	EmbeddedPostgres, EmbeddedRedis string
}

// Contacts are addresses with a scheme, the preferred one first.
type Contacts []string

// Secret is text that must not reach a log. Convert it to string where it is used.
type Secret string

// String hides the text.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// LogValue hides the text from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the text from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue shows what helps somebody who reads the log, without credentials.
func (c *Config) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("addr", c.Addr),
		slog.String("admin_addr", c.AdminAddr),
		slog.String("public_url", c.PublicURL),
		slog.String("data_dir", c.DataDir),
		slog.String("database", withoutPassword(c.DatabaseURL)),
		slog.String("replica", withoutPassword(c.ReplicaURL)),
		slog.String("redis", withoutPassword(c.RedisURL)),
		slog.String("storage", withoutPassword(c.StorageURL)),
		slog.Bool("demo", c.Demo),
		slog.Duration("pay_window", c.PayWindow),
	)
}

// SecureCookies reports whether people reach the mall over https.
func (c *Config) SecureCookies() bool { return len(c.PublicURL) > 6 && c.PublicURL[:6] == "https:" }

// SandboxPayments reports whether orders can be paid without money.
func (c *Config) SandboxPayments() bool { return c.Sandbox != "" }

// SandboxInProduction reports whether orders can be paid without money although this is not a demo. Every page then
// warns operators.
func (c *Config) SandboxInProduction() bool { return c.SandboxPayments() && !c.Demo }

// LocalURL returns the mall's address on this machine, without a trailing slash. If ADDR listens on all addresses, it
// is localhost.
func (c *Config) LocalURL() string {
	host, port, _ := net.SplitHostPort(c.Addr) // Load has checked it
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Path joins names below DATA_DIR.
func (c *Config) Path(names ...string) string {
	return filepath.Join(append([]string{c.DataDir}, names...)...)
}
