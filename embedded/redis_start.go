//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// RedisOptions say what to start and where.
type RedisOptions struct {
	// Dir is the server's folder. It is created if it does not exist.
	Dir string
	// Databases is the number of logical databases. The default is 16.
	Databases int
	// Program requires a real server: without one StartRedis returns ErrNoBinaries. Otherwise a machine without a
	// server gets miniredis, inside this process.
	Program bool
	// Disposable is for tests: it stores nothing on disk, and deletes Dir when the server ends.
	Disposable bool
	// Log gets a warning if miniredis replaces a server. The default is slog.Default().
	Log *slog.Logger
}

// Redis is a running private server that this process uses until Stop.
type Redis struct {
	// URL is a REDIS_URL.
	URL string
	// Kind is "redis-server", "valkey-server" or "miniredis".
	Kind string
	// Shared means that another process had started it.
	Shared bool
	server *server
	stop   func() error
}

// StartRedis starts the server in opt.Dir, or joins the one that already runs there.
func StartRedis(ctx context.Context, opt RedisOptions) (*Redis, error) {
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	if opt.Databases == 0 {
		opt.Databases = 16
	}
	bin := findRedis()
	if bin == "" && opt.Program {
		return nil, fmt.Errorf("%w: install Redis with: sudo apt-get install -y redis-server (or set REDIS_URL)",
			ErrNoBinaries)
	}
	s, err := newServer("Redis", opt.Dir, "TERM", nil)
	if err != nil {
		return nil, err
	}
	s.discard = opt.Disposable
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	if r := joinMini(ctx, s); r != nil {
		return r, nil
	}
	if bin == "" {
		return startMini(s, opt)
	}
	socket := filepath.Join(s.run, "s")
	r := &Redis{
		URL:    (&url.URL{Scheme: "unix", Path: socket}).String(),
		Kind:   filepath.Base(bin),
		server: s,
	}
	r.stop = func() error { return s.release(15 * time.Second) }
	joined, err := s.join(ctx)
	if err != nil {
		return nil, err
	}
	var ended <-chan struct{}
	if !joined {
		if ended, err = s.launchRedis(ctx, bin, socket, opt); err != nil {
			return nil, err
		}
	}
	if err := answers(ctx, r.URL, ended); err != nil {
		return nil, errors.Join(fmt.Errorf("Redis: %w; see %s", err, filepath.Join(s.dir, "server.log")), r.Stop())
	}
	r.Shared = joined
	return r, nil
}

// Stop ends this process's use of the server. The server ends with its last user.
func (r *Redis) Stop() error { return r.stop() }

// Pid returns the process ID of the server, for a test that kills it. It fails for miniredis, which has no process.
func (r *Redis) Pid() (int, error) {
	if r.server == nil {
		return 0, errors.New("miniredis has no process")
	}
	b, err := os.ReadFile(filepath.Join(r.server.run, "pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

// Ended reports whether nothing of the server is left.
func (r *Redis) Ended() bool { return r.server == nil || r.server.ended() }

func (s *server) launchRedis(ctx context.Context, bin, socket string, opt RedisOptions) (<-chan struct{}, error) {
	log := filepath.Join(s.dir, "server.log")
	keepShort(log)
	keep := []string{"--appendonly", "yes", "--appendfsync", "everysec"}
	if opt.Disposable {
		keep = []string{"--appendonly", "no"}
	}
	command := append([]string{
		bin, "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", s.dir, "--daemonize", "no",
		"--databases", strconv.Itoa(opt.Databases), "--save", "", "--loglevel", "warning", "--logfile", "",
		// A full Redis must refuse writes, which the mall survives. Eviction could silently remove stock.
		"--maxmemory-policy", "noeviction",
	}, keep...)
	return s.launch(ctx, log, []string{"LC_ALL=C"}, command...)
}

func findRedis() string {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	return ""
}

// answers waits for a PONG. A server that is still reading its append-only file answers LOADING.
func answers(ctx context.Context, redisURL string, ended <-chan struct{}) error {
	opt, err := redis.ParseURL(redisURL)
	if err != nil {
		return err
	}
	opt.MaxRetries = -1
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	c := redis.NewClient(opt)
	defer c.Close()
	for {
		// It dials without go-redis first, because go-redis logs every dial that fails.
		conn, err := (&net.Dialer{}).DialContext(ctx, opt.Network, opt.Addr)
		if err == nil {
			conn.Close()
			if err = c.Ping(ctx).Err(); err == nil {
				return nil
			}
		}
		select {
		case <-ended:
			return fmt.Errorf("ended while starting: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("does not answer: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
