package dbtest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"videomall/db/dbtest"
)

func TestRedis_gives_every_test_its_own_database(t *testing.T) {
	ctx := context.Background()
	for i := range 6 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			c := dbtest.Redis(t)
			if n, err := c.Incr(ctx, "n").Result(); err != nil || n != 1 {
				t.Fatalf("Incr = %d, %v; want 1, nil", n, err)
			}
			opt, err := redis.ParseURL(dbtest.RedisURL(t))
			if err != nil {
				t.Fatal(err)
			}
			other := redis.NewClient(opt)
			defer other.Close()
			if n, err := other.Incr(ctx, "n").Result(); err != nil || n != 1 {
				t.Fatalf("Incr in the second database = %d, %v; want 1, nil", n, err)
			}
		})
	}
}

func TestRedisHandle_Restart_after_a_kill(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	h := dbtest.RedisServer(t)
	if err := h.Client.Set(ctx, "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	h.Kill()
	if err := h.Client.Get(ctx, "k").Err(); err == nil {
		t.Fatal("a killed Redis answers")
	}
	h.Restart()
	if v, err := h.Client.Get(ctx, "k").Result(); err != nil || v != "v" {
		t.Fatalf("after the restart: %q, %v", v, err)
	}
	h.Flush()
	if err := h.Client.Get(ctx, "k").Err(); err != redis.Nil {
		t.Fatalf("after the flush: %v", err)
	}
}
