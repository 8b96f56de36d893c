//go:build unix

package embedded

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// miniTick is the longest delay with which a key of miniredis expires.
const miniTick = 100 * time.Millisecond

// startMini runs miniredis, a Redis written in Go, inside this process, for a machine without a Redis server. It stores
// nothing on disk: the mall's data in Redis are a gate and a cache, which it rebuilds from PostgreSQL. Other processes
// on the same folder use it, too. When this process ends they go on without Redis, as every use of it permits.
func startMini(s *server, opt RedisOptions) (*Redis, error) {
	// The lock is held until this process ends, so that no other process starts a second miniredis, whose stock would
	// differ.
	lock, err := waitLock(context.Background(), filepath.Join(s.dir, "server.lock"), syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	m := miniredis.NewMiniRedis()
	password := rand.Text() // it listens on loopback, which every account of the machine can reach
	m.RequireAuth(password)
	if err := m.StartAddr("127.0.0.1:0"); err != nil {
		lock.Close()
		return nil, fmt.Errorf("Redis: %w", err)
	}
	u := (&url.URL{
		Scheme: "redis",
		User:   url.UserPassword("", password),
		Host:   m.Addr(),
	}).String()
	if err := os.WriteFile(filepath.Join(s.dir, "miniredis"), []byte(u), 0o600); err != nil {
		m.Close()
		lock.Close()
		return nil, fmt.Errorf("Redis: %w", err)
	}
	opt.Log.Warn("no redis-server on this machine: using one inside this process, ten times slower and kept nowhere",
		"better", "sudo apt-get install -y redis-server")
	quit := make(chan struct{})
	go driveClock(m, quit)
	return &Redis{
		URL:  u,
		Kind: "miniredis",
		stop: func() error {
			close(quit)
			m.Close()
			return lock.Close()
		},
	}, nil
}

// driveClock lets keys expire, because miniredis doesn't do that by itself.
func driveClock(m *miniredis.Miniredis, quit <-chan struct{}) {
	tick, last := time.NewTicker(miniTick), time.Now()
	defer tick.Stop()
	for {
		select {
		case <-quit:
			return
		case now := <-tick.C:
			m.FastForward(now.Sub(last))
			last = now
		}
	}
}

// joinMini returns the miniredis of another running process, or nil.
func joinMini(ctx context.Context, s *server) *Redis {
	b, err := os.ReadFile(filepath.Join(s.dir, "miniredis"))
	if err != nil || s.ended() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if answers(ctx, string(b), nil) != nil {
		return nil
	}
	return &Redis{
		URL:    string(b),
		Kind:   "miniredis",
		Shared: true,
		stop:   func() error { return nil },
	}
}
