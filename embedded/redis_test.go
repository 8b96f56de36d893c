//go:build unix

package embedded_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/embedded"
)

func startRedis(t *testing.T, opt embedded.RedisOptions) *embedded.Redis {
	t.Helper()
	opt.Log = slog.New(slog.DiscardHandler)
	r, err := embedded.StartRedis(t.Context(), opt)
	needServers(t, err)
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func client(t *testing.T, url string) *redis.Client {
	t.Helper()
	opt, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opt)
	t.Cleanup(func() { c.Close() })
	return c
}

func needRedis(t *testing.T) {
	t.Helper()
	startRedis(t, embedded.RedisOptions{
		Dir:        folder(t),
		Program:    true,
		Disposable: true,
	})
}

func TestStartRedis_process_killed(t *testing.T) {
	needRedis(t)
	t.Parallel()
	ctx := context.Background()
	dir := folder(t)
	c := spawn(t, "redis", dir).ready()
	if err := client(t, c.URL).Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	c.kill()
	r := startRedis(t, embedded.RedisOptions{Dir: dir, Program: true}) // at once, while the old one is still stopping
	if v, err := client(t, r.URL).Get(ctx, "k").Result(); err != nil || v != "v" {
		t.Errorf("%q, %v", v, err)
	}
}

func TestStartRedis_shared_folder(t *testing.T) {
	needRedis(t)
	t.Parallel()
	ctx := context.Background()
	dir := folder(t)
	a, b := spawn(t, "redis", dir), spawn(t, "redis", dir)
	a.ready()
	b.ready()
	if a.Shared == b.Shared {
		t.Fatalf("shared: %v and %v", a.Shared, b.Shared)
	}
	if a.Shared {
		a, b = b, a
	}
	if err := client(t, a.URL).Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	a.kill()
	if v, err := client(t, b.URL).Get(ctx, "k").Result(); err != nil || v != "v" {
		t.Errorf("after the owner's end: %q, %v", v, err)
	}
	b.stop()
	if left := processes(dir); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestStartRedis_disposable(t *testing.T) {
	needRedis(t)
	t.Parallel()
	dir := folder(t) + "/r"
	r, err := embedded.StartRedis(t.Context(), embedded.RedisOptions{
		Dir:        dir,
		Program:    true,
		Disposable: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the folder is gone", func() bool {
		_, err := os.Stat(dir)
		return errors.Is(err, os.ErrNotExist)
	})
}

func TestStartRedis_miniredis(t *testing.T) {
	ctx := context.Background()
	dir := folder(t)
	t.Setenv("PATH", "") // a machine without redis-server
	if _, err := embedded.StartRedis(ctx, embedded.RedisOptions{
		Dir:     dir,
		Program: true,
	}); !errors.Is(err, embedded.ErrNoBinaries) ||
		!strings.Contains(err.Error(), "install") {
		t.Errorf("err = %v", err)
	}
	r := startRedis(t, embedded.RedisOptions{Dir: dir})
	if r.Kind != "miniredis" || r.Shared {
		t.Fatalf("%s, shared %v", r.Kind, r.Shared)
	}
	c := client(t, r.URL)
	if err := c.Set(ctx, "k", "v", 300*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	sibling := spawn(t, "redis", dir).ready()
	if !sibling.Shared || sibling.URL != r.URL {
		t.Errorf("the other process has %s, shared %v", sibling.URL, sibling.Shared)
	}
	eventually(t, "the key expires", func() bool { return c.Exists(ctx, "k").Val() == 0 })
	stranger, err := redis.ParseURL(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	stranger.Username, stranger.Password = "", ""
	s := redis.NewClient(stranger)
	defer s.Close()
	if s.Ping(ctx).Err() == nil {
		t.Error("it needs no password")
	}
	sibling.stop()
	if err := c.Ping(ctx).Err(); err != nil {
		t.Error("the end of the other process ended the server: ", err)
	}
}

func TestStartRedis_miniredis_process_ends(t *testing.T) {
	dir := folder(t)
	t.Setenv("PATH", "")
	c := spawn(t, "redis", dir).ready()
	c.kill()
	r := startRedis(t, embedded.RedisOptions{Dir: dir})
	if r.Shared || r.URL == c.URL {
		t.Error("joined a miniredis whose process had ended")
	}
}
