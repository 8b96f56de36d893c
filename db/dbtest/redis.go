package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/embedded"
)

// redisDatabases bounds how many tests of one binary use Redis at the same moment.
const redisDatabases = 512

// Redis returns a client on an empty logical database that no other running test uses. The tests of this binary share
// one real server, which ends with the process. SCRIPT, CLIENT, FLUSHALL and the channels of PUBLISH affect the whole
// server, so tests of those use RedisServer.
func Redis(t testing.TB) *redis.Client {
	t.Helper()
	opt := redisOptions(t)
	c := redis.NewClient(opt)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.FlushDB(ctx).Err(); err != nil {
		t.Fatal("dbtest: ", err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// RedisURL returns the REDIS_URL of a logical database like Redis's.
func RedisURL(t testing.TB) string {
	t.Helper()
	opt := redisOptions(t)
	c := redis.NewClient(opt)
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.FlushDB(ctx).Err(); err != nil {
		t.Fatal("dbtest: ", err)
	}
	return fmt.Sprintf("unix://%s?db=%d", opt.Addr, opt.DB) // the socket is below /tmp, so nothing needs escaping
}

func redisOptions(t testing.TB) *redis.Options {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	server, err := theRedis(ctx)
	if errors.Is(err, embedded.ErrNoBinaries) {
		Missing(t, err)
	}
	if err != nil {
		t.Fatal("dbtest: ", err)
	}
	opt, err := redis.ParseURL(server.URL)
	if err != nil {
		t.Fatal("dbtest: ", err)
	}
	select {
	case opt.DB = <-freeRedis:
	case <-ctx.Done():
		t.Fatal("dbtest: no free Redis database")
	}
	db := opt.DB
	t.Cleanup(func() { freeRedis <- db }) // runs after the client is closed
	return opt
}

// freeRedis holds the numbers of the logical databases that no test uses.
var freeRedis = func() chan int {
	c := make(chan int, redisDatabases)
	for i := range redisDatabases {
		c <- i
	}
	return c
}()

// theRedis starts the server once in a process. It ends with the process.
var theRedis = func() func(context.Context) (*embedded.Redis, error) {
	var mu sync.Mutex
	var r *embedded.Redis
	return func(ctx context.Context) (*embedded.Redis, error) {
		mu.Lock()
		defer mu.Unlock()
		if r != nil {
			return r, nil
		}
		dir, err := os.MkdirTemp("/tmp", "videomall-redis-")
		if err != nil {
			return nil, err
		}
		started, err := embedded.StartRedis(ctx, embedded.RedisOptions{
			Dir:        dir,
			Databases:  redisDatabases,
			Program:    true,
			Disposable: true,
		})
		if err != nil {
			_ = os.RemoveAll(dir)
			return nil, err
		}
		r = started
		return r, nil
	}
}()

// RedisHandle is a Redis of one test's own, which the test may kill and restart. It keeps an append-only file, as in
// production.
type RedisHandle struct {
	Client *redis.Client
	URL    string

	t      testing.TB
	dir    string
	server *embedded.Redis
}

// RedisServer starts a Redis that the test may kill.
func RedisServer(t testing.TB) *RedisHandle {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "videomall-redis-")
	if err != nil {
		t.Fatal("dbtest: ", err)
	}
	h := &RedisHandle{t: t, dir: dir}
	t.Cleanup(func() {
		if h.Client != nil {
			h.Client.Close()
		}
		if h.server != nil {
			if err := h.server.Stop(); err != nil {
				t.Error("dbtest: ", err)
			}
		}
		_ = os.RemoveAll(dir)
	})
	h.Restart()
	opt, err := redis.ParseURL(h.URL)
	if err != nil {
		t.Fatal("dbtest: ", err)
	}
	opt.DialTimeout = time.Second
	h.Client = redis.NewClient(opt)
	return h
}

// Kill ends the server like a crash, with SIGKILL, and returns when it is gone.
func (h *RedisHandle) Kill() {
	h.t.Helper()
	pid, err := h.server.Pid()
	if err != nil {
		h.t.Fatal("dbtest: ", err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		h.t.Fatal("dbtest: kill Redis: ", err)
	}
	for deadline := time.Now().Add(10 * time.Second); !h.server.Ended(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatal("dbtest: Redis survives SIGKILL")
		}
	}
}

// Restart starts the server again at the same address, with what its append-only file holds.
func (h *RedisHandle) Restart() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if h.server != nil {
		if err := h.server.Stop(); err != nil {
			h.t.Fatal("dbtest: ", err)
		}
	}
	server, err := embedded.StartRedis(ctx, embedded.RedisOptions{Dir: h.dir, Program: true})
	if errors.Is(err, embedded.ErrNoBinaries) {
		Missing(h.t, err)
	}
	if err != nil {
		h.t.Fatal("dbtest: ", err)
	}
	h.server, h.URL = server, server.URL
}

// Flush deletes everything, including scripts, like a Redis that came back empty.
func (h *RedisHandle) Flush() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.Client.FlushAll(ctx).Err(); err != nil {
		h.t.Fatal("dbtest: ", err)
	}
	if err := h.Client.ScriptFlush(ctx).Err(); err != nil {
		h.t.Fatal("dbtest: ", err)
	}
}
