// Package program opens what the mall stands on, runs the roles that a process was given, and ends them in order, so
// that no request and no job is lost. It owns start and stop; it knows no rule of the business.
package program

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"videomall/config"
	"videomall/db"
	"videomall/embedded"
	"videomall/mall"
	"videomall/mall/account"
	"videomall/mall/invoice"
	"videomall/mall/ledger"
	"videomall/mall/media"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/mall/playback"
	"videomall/mall/reconcile"
	"videomall/mall/risk"
	"videomall/telemetry"
)

// Program is the opened mall, before it runs.
type Program struct {
	Mall    *mall.Mall
	Pools   db.Pools
	Log     *slog.Logger
	Metrics *telemetry.Metrics

	cfg     *config.Config
	redis   redis.UniversalClient
	storage *media.Storage
	tracing *telemetry.Tracing
	ends    []func() error // in the order of opening; Close goes backwards
	notes   []string       // what a person at the terminal wants to know of this machine
}

// gcPercent lets the heap grow to five times the live data before it is collected, unless GOGC says otherwise: live
// data is some tens of megabytes, and a crowd makes a lot of garbage. limitMemory bounds it.
const gcPercent = 400

// Open starts the private servers where none is given, connects, and joins the business. role names the process in
// traces and in the database's list of clients. Errors are sentences for whoever started it.
func Open(ctx context.Context, cfg *config.Config, role string) (p *Program, err error) {
	p = &Program{
		cfg:     cfg,
		Log:     telemetry.NewLogger(os.Stderr, cfg.LogLevel, cfg.LogFormat),
		Metrics: telemetry.NewMetrics(),
	}
	slog.SetDefault(p.Log)
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(gcPercent)
	}
	if err := limitMemory(int64(cfg.MemoryLimit)); err != nil {
		p.Log.Warn("the memory of this machine is not known: MEMORY_LIMIT is not set", "error", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	if err := os.MkdirAll(cfg.DataDir, 0o755); err != nil {
		return p, fmt.Errorf("DATA_DIR=%q: %w", cfg.DataDir, err)
	}
	if p.tracing, err = telemetry.StartTracing(ctx, cfg.OTLP, role, version()); err != nil {
		return p, err
	}
	p.later(func() error { return p.tracing.Stop(context.WithoutCancel(ctx)) })
	databaseURL, redisURL, err := p.servers(ctx)
	if err != nil {
		return p, err
	}
	p.Pools, err = db.OpenPools(ctx, databaseURL, cfg.ReplicaURL, db.Options{
		ApplicationName: "videomall " + role,
		Tracer:          p.tracing.QueryTracer(),
	})
	if err != nil {
		return p, err
	}
	p.later(func() error { p.Pools.Close(); return nil })
	p.Metrics.WatchPool("primary", p.Pools.Primary)
	if p.Pools.Replica != p.Pools.Primary {
		p.Metrics.WatchPool("replica", p.Pools.Replica)
	}
	if p.redis, err = openRedis(redisURL); err != nil {
		return p, err
	}
	p.later(p.redis.Close)
	if p.storage, err = media.OpenStorage(cfg.StorageURL, cfg.DataDir); err != nil {
		return p, err
	}
	p.later(p.storage.Close)
	options, err := p.options()
	if err != nil {
		return p, err
	}
	if options.Mail, err = p.mail(); err != nil {
		return p, err
	}
	if p.Mall, err = mall.New(options); err != nil {
		return p, err
	}
	for _, folder := range p.Mall.Media.Disks.Folders() {
		p.Metrics.WatchDisk(folder, int64(cfg.DiskFloor), media.FreeBytes)
	}
	return p, nil
}

// servers returns where PostgreSQL and Redis are, having started the private ones side by side.
func (p *Program) servers(ctx context.Context) (databaseURL, redisURL string, err error) {
	databaseURL, redisURL = p.cfg.DatabaseURL, p.cfg.RedisURL
	var postgres *embedded.Postgres
	var cache *embedded.Redis
	var starting errgroup.Group // not bound to a context: what was started is stopped below
	if p.cfg.EmbeddedPostgres != "" {
		starting.Go(func() (err error) {
			postgres, err = embedded.StartPostgres(ctx, embedded.PostgresOptions{
				Dir:      p.cfg.EmbeddedPostgres,
				Download: true,
				Log:      p.Log,
			})
			return err
		})
	}
	if p.cfg.EmbeddedRedis != "" {
		starting.Go(func() (err error) {
			cache, err = embedded.StartRedis(ctx, embedded.RedisOptions{Dir: p.cfg.EmbeddedRedis, Log: p.Log})
			return err
		})
	}
	err = starting.Wait()
	if postgres != nil {
		databaseURL = postgres.URL
		p.later(postgres.Stop)
		p.note("PostgreSQL", "private, in "+postgres.Dir)
	}
	if cache != nil {
		redisURL = cache.URL
		p.later(cache.Stop)
		p.note("Redis", cache.Kind+", private")
	}
	return databaseURL, redisURL, err
}

// openRedis reads a URL of one server, or of a cluster: redis+cluster://node:6379?addr=node:6379&addr=…
func openRedis(url string) (redis.UniversalClient, error) {
	// Everything that asks Redis knows what to do without it, so a short wait beats a long one.
	const dial, answer = time.Second, 500 * time.Millisecond
	if scheme, nodes, ok := strings.Cut(url, "+cluster://"); ok {
		opt, err := redis.ParseClusterURL(scheme + "://" + nodes)
		if err != nil {
			return nil, fmt.Errorf("REDIS_URL: %w", err)
		}
		opt.DialTimeout = dial
		opt.ReadTimeout = answer
		opt.WriteTimeout = answer
		return redis.NewClusterClient(opt), nil
	}
	opt, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	opt.DialTimeout = dial
	opt.ReadTimeout = answer
	opt.WriteTimeout = answer
	return redis.NewClient(opt), nil
}

func (p *Program) options() (mall.Options, error) {
	providers, err := providers(p.cfg, p.Log)
	if err != nil {
		return mall.Options{}, err
	}
	shop, err := taxShop(p.cfg)
	if err != nil {
		return mall.Options{}, err
	}
	breached, err := breachedPasswords(p.cfg)
	if err != nil {
		return mall.Options{}, err
	}
	o := mall.Options{
		Providers: providers,

		ProviderKinds: providerKinds(p.cfg),
		ProviderKey:   p.cfg.Key(config.KeyPayment),

		Pools:      p.Pools,
		Redis:      p.redis,
		Storage:    p.storage,
		WorkDir:    p.cfg.Path("work"),
		Log:        p.Log,
		Metrics:    p.Metrics,
		Now:        time.Now,
		SessionMax: p.cfg.SessionMax,
		BrowserKey: p.cfg.Key(config.KeyBrowser),
		FactorKey:  p.cfg.Key(config.KeyFactor),
		Factors:    account.FactorPolicy(p.cfg.SecondFactor),
		Breached:   breached,
		PayWindow:  p.cfg.PayWindow,
		Refunds: order.Policy{
			Within:  p.cfg.RefundTime,
			Watched: p.cfg.RefundSeen,
			ByRule:  p.cfg.RefundRule,
		},
		PublicURL:   p.cfg.PublicURL,
		Secure:      p.cfg.SecureCookies(),
		MediaKey:    p.cfg.Key(config.KeyMedia),
		Uploads:     media.UploadLimits{File: int64(p.cfg.UploadMax), Quota: int64(p.cfg.UploadQuota)},
		CoverMemory: int64(p.cfg.CoverMemory),
		DiskFloor:   int64(p.cfg.DiskFloor),
		Terms: ledger.Terms{
			FeeRate:    int(p.cfg.FeeRate),
			Clearing:   p.cfg.Clearing,
			MinPayout:  p.cfg.MinPayout,
			PayoutWait: p.cfg.PayoutWait,
			TwoAbove:   p.cfg.PayoutTwo,
		},
		Tax:             shop,
		Seller:          invoice.Seller{Name: strings.TrimSpace(p.cfg.SellerName), Address: p.cfg.SellerAddress()},
		FeeRates:        feeRates(p.cfg.ProviderFees),
		PayoutKey:       p.cfg.Key(config.KeyPayout),
		RateLimits:      policies(p.cfg.RateLimits),
		QueueKey:        p.cfg.Key(config.KeyQueue),
		AuditKey:        p.cfg.Key(config.KeyAudit),
		InsightKey:      p.cfg.Key(config.KeyInsight),
		WebhookKey:      p.cfg.Key(config.KeyWebhook),
		PartnerKey:      p.cfg.Key(config.KeyAPI),
		WebhookLoopback: p.cfg.Demo,
		PlaySecrets: playback.Secrets{
			Token:   p.cfg.Key(config.KeyPlay),
			Segment: p.cfg.Key(config.KeySegment),
			Device:  p.cfg.Key(config.KeyDevice),
		},
	}
	if p.cfg.SandboxInProduction() {
		p.Log.Warn(
			"sandbox payments are on outside demo mode: whoever is signed in can pay any order without money. Unset " +
				"SANDBOX_SECRET to end this")
	}
	if p.cfg.SandboxPayments() {
		o.Sandbox = &sandbox.Options{
			Secret:    string(p.cfg.Sandbox),
			PublicURL: p.cfg.PublicURL,
			Now:       time.Now,
			NotifyURL: p.cfg.LocalURL() + callbackPath + sandbox.Name,
		}
	}
	return o, nil
}

// policies say the environment's rates in the words of the gate.
func policies(limits config.RateLimits) risk.Policies {
	p := risk.Policies{}
	for name, rate := range limits {
		class, kind, _ := strings.Cut(name, ".")
		if p[risk.Class(class)] == nil {
			p[risk.Class(class)] = map[risk.Kind]risk.Rate{}
		}
		p[risk.Class(class)][risk.Kind(kind)] = risk.Rate{Tokens: rate.Requests, Per: rate.Per}
	}
	return p
}

// Migrate brings the schema up to date.
func (p *Program) Migrate(ctx context.Context) error { return db.Migrate(ctx, p.Pools.Primary) }

// Close ends what Open began, in reverse order, and reports every failure.
func (p *Program) Close() error {
	var failed []error
	for i := len(p.ends) - 1; i >= 0; i-- {
		failed = append(failed, p.ends[i]())
	}
	p.ends = nil
	return errors.Join(failed...)
}

func (p *Program) later(end func() error) { p.ends = append(p.ends, end) }

func (p *Program) note(what, how string) { p.notes = append(p.notes, what+": "+how) }

// version is the commit that this binary was built from, where the build knows it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
		return strings.Trim(info.Main.Version, "()")
	}
	return "unknown"
}

// feeRates are the fees that providers agreed to, as reconciliation compares them.
func feeRates(fees config.ProviderFees) map[string]reconcile.Rate {
	rates := map[string]reconcile.Rate{}
	for name, fee := range fees {
		rates[name] = reconcile.Rate{BasisPoints: fee.BasisPoints, Fixed: fee.Fixed}
	}
	return rates
}
