package cache_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"videomall/mall/cache"
	"videomall/mall/redisbreaker"
)

// A value is loaded once, and again after a change of one of its tags. Local keeps the value out of Redis.
func ExampleCache_Get() {
	ctx := context.Background()
	changes := cache.NewChanges(cache.ChangesDeps{
		Redis: redisbreaker.New(nil),
		Log:   slog.New(slog.DiscardHandler),
		Now:   time.Now,
	})
	changes.Connect(ctx)
	titles := cache.New(changes, cache.Options[string]{
		Name:  "title",
		Local: true,
	}, slog.New(slog.DiscardHandler), nil)

	loads := 0
	title := func() {
		v, err := titles.Get(ctx, "film:7", []string{"film:7"}, func(context.Context) (string, cache.Policy, error) {
			loads++
			return "The Sea", cache.Policy{}, nil
		})
		fmt.Println(v, err, loads)
	}
	title()
	title()
	changes.Drop(ctx, "film:7")
	title()
	// Output:
	// The Sea <nil> 1
	// The Sea <nil> 1
	// The Sea <nil> 2
}
