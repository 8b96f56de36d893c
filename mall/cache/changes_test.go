package cache_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/db/dbtest"
	"videomall/mall/cache"
	"videomall/mall/redisbreaker"
)

func TestChanges_Drop_next_reader_of_every_process_reloads(t *testing.T) {
	t.Parallel()
	rdb, c, s := dbtest.Redis(t), newClock(), &source{}
	a, b := open(t, rdb, c), open(t, rdb, c)
	a.price(t, s)
	b.price(t, s)
	s.price.Store(4)
	a.changes.Drop(t.Context(), "sea")
	if got := a.price(t, s); got != 4 {
		t.Errorf("the process that announced the change reads %d", got)
	}
	b.changes.Drop(t.Context(), "sea") // every process is told of the change
	if got := b.price(t, s); got != 4 {
		t.Errorf("the other process reads %d", got)
	}
	a.changes.Drop(t.Context(), "another video")
	loads := s.loads.Load()
	a.price(t, s)
	s.wants(t, loads)
}

func TestChanges_Drop_discards_a_load_that_began_before_it(t *testing.T) {
	t.Parallel()
	for _, tags := range [][]string{{"sea"}, nil} { // tags that are known before the load, or that the load returns
		c, s := newClock(), &source{}
		p := open(t, dbtest.Redis(t), c, func(o *cache.Options[video]) { o.Local = tags == nil })
		began, goOn := make(chan struct{}), make(chan struct{})
		old := make(chan int64)
		go func() {
			f, err := p.Get(t.Context(), "sea", tags, func(context.Context) (video, cache.Policy, error) {
				close(began)
				<-goOn // the load has read the old price by now
				return video{Price: 1}, cache.Policy{Tags: []string{"sea"}}, nil
			})
			if err != nil {
				t.Error(err)
			}
			old <- f.Price
		}()
		<-began
		p.changes.Drop(t.Context(), "sea")
		s.price.Store(2)
		if tags != nil {
			if got := p.price(t, s); got != 2 { // the reader does not wait for the old load
				t.Errorf("after the change a reader gets %d", got)
			}
		}
		close(goOn)
		if got := <-old; got != 1 {
			t.Errorf("a reader from before the change gets %d", got)
		}
		p.becomes(t, s, 2)
		if got := p.price(t, s); got != 2 {
			t.Errorf("the old price %d came back", got)
		}
	}
}

func TestChanges_Age_serves_the_value_for_one_second_more(t *testing.T) {
	t.Parallel()
	c, s := newClock(), &source{slow: time.Millisecond}
	p := open(t, dbtest.Redis(t), c)
	p.price(t, s)
	s.price.Store(2)
	p.changes.Age(t.Context(), "sea")
	if got := p.price(t, s); got == 1 {
		t.Errorf("price %d", got)
	}
	p.becomes(t, s, 2) // reloaded in the background
	s.price.Store(3)
	p.changes.Age(t.Context(), "sea")
	c.pass(time.Second) // nobody reads it, and it ages again, which must not prolong its grace
	p.changes.Age(t.Context(), "sea")
	if got := p.price(t, s); got != 3 {
		t.Errorf("a second after the change the price is %d", got)
	}
}

func TestChanges_Disconnect_caches_for_one_second(t *testing.T) {
	t.Parallel()
	rdb, c, s := dbtest.Redis(t), newClock(), &source{}
	p := open(t, rdb, c)
	p.price(t, s)
	p.changes.Disconnect()
	p.price(t, s)
	s.wants(t, 1)
	c.pass(time.Second)
	p.price(t, s) // the value in Redis is not used
	s.wants(t, 2)
	other := open(t, rdb, c)
	s.price.Store(2)
	p.changes.Connect(t.Context())
	if got := p.price(t, s); got != 2 {
		t.Errorf("a value from before the gap is served: %d", got)
	}
	if got := other.price(t, s); got != 2 {
		t.Errorf("Redis served %d from before the gap", got)
	}

	never := process{
		cache.New(cache.NewChanges(cache.ChangesDeps{
			Redis: redisbreaker.New(rdb),
			Log:   nil,
			Now:   c.now,
		}), cache.Options[video]{Name: "film"}, nil, nil),
		nil,
	}
	before := s.loads.Load()
	never.price(t, s)
	never.price(t, s)
	s.wants(t, before+2)
}

func TestCache_Get_without_redis_loads_once_in_each_process(t *testing.T) {
	t.Parallel()
	server, c, s := dbtest.RedisServer(t), newClock(), &source{}
	a, b := open(t, server.Client, c), open(t, server.Client, c)
	a.price(t, s)
	b.price(t, s)
	s.wants(t, 1)
	server.Kill()
	for range 20 {
		a.price(t, s)
		b.price(t, s)
	}
	s.wants(t, 1)
	a.changes.Drop(t.Context(), "sea") // Redis misses this and returns with the old value
	b.changes.Drop(t.Context(), "sea")
	s.price.Store(2)
	if a.price(t, s) != 2 || b.price(t, s) != 2 {
		t.Error("an old price is served without Redis")
	}
	s.wants(t, 3)
	server.Restart()
	fresh := open(t, server.Client, c)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		s.price.Store(3)
		a.changes.Drop(t.Context(), "sea")
		if got := fresh.price(t, s); got == 1 {
			t.Fatal("the price from before the outage is served")
		} else if got == 3 {
			break
		}
		fresh.changes.Drop(t.Context(), "sea")
		if time.Now().After(deadline) {
			t.Fatal("the new price is never served after the outage")
		}
	}
}

func TestChanges_Drop_that_redis_missed_begins_a_new_epoch(t *testing.T) {
	t.Parallel()
	server, c, s := dbtest.RedisServer(t), newClock(), &source{}
	a := open(t, server.Client, c)
	a.price(t, s)
	server.Kill()
	a.changes.Drop(t.Context(), "sea")
	server.Restart() // with the earlier value, from its append-only file
	s.price.Store(2)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if got := a.price(t, s); got != 2 {
			t.Fatalf("price %d", got)
		}
		if n, err := server.Client.Get(t.Context(), "cache:epoch").Result(); err == nil && n != "" &&
			s.loads.Load() > 2 {
			return
		}
		a.changes.Disconnect() // makes the process read from Redis
		a.changes.Connect(t.Context())
		if time.Now().After(deadline) {
			t.Fatal("no new epoch began")
		}
	}
}

func TestCache_Get_emptied_redis_costs_one_load(t *testing.T) {
	t.Parallel()
	server, c, s := dbtest.RedisServer(t), newClock(), &source{}
	a, b := open(t, server.Client, c), open(t, server.Client, c)
	a.price(t, s)
	server.Flush()
	b.price(t, s)
	s.wants(t, 2)
	a.price(t, s)
	s.wants(t, 2)
}

// stuck is a Redis that accepts every command and answers none.
type stuck struct{ redis.Hook }

func (stuck) DialHook(next redis.DialHook) redis.DialHook { return next }
func (stuck) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, _ redis.Cmder) error { <-ctx.Done(); return ctx.Err() }
}

func (stuck) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, _ []redis.Cmder) error { <-ctx.Done(); return ctx.Err() }
}

func TestCache_Get_does_not_wait_for_a_hanging_redis(t *testing.T) {
	t.Parallel()
	rdb, s := dbtest.Redis(t), &source{}
	rdb.AddHook(stuck{})
	p := open(t, rdb, newClock())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for n := range 200 { // if each waited 250 ms, this would take 50 s
		if _, err := p.Get(ctx, fmt.Sprint(n), nil, s.load); err != nil {
			t.Fatal(err)
		}
	}
	s.wants(t, 200)
}

func TestFilter_Passes_refuses_names_that_do_not_exist(t *testing.T) {
	t.Parallel()
	const names = 20_000
	c := newClock()
	p := open(t, dbtest.Redis(t), c)
	f := cache.NewFilter(p.changes, nil)
	if !f.Passes("made up") {
		t.Error("a filter that is not filled refuses a name")
	}
	fill := func(add func(string)) {
		for n := range names {
			add(fmt.Sprint("film-", n))
		}
	}
	if err := f.Fill(t.Context(), names, func(_ context.Context, add func(string)) error {
		f.Add("published while it was filled")
		fill(add)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	f.Add("new")
	for n := range names {
		if !f.Passes(fmt.Sprint("film-", n)) {
			t.Fatalf("film-%d is refused", n)
		}
	}
	if !f.Passes("new") || !f.Passes("published while it was filled") {
		t.Error("a new name is refused")
	}
	wrong := 0
	for n := range names {
		if f.Passes(fmt.Sprint("made-up-", n)) {
			wrong++
		}
	}
	if wrong > names/100 { // the filter has room for half as many again, so fewer than one in a hundred pass
		t.Errorf("%d of %d invented names pass", wrong, names)
	}
	if err := f.Fill(t.Context(), names, func(context.Context, func(string)) error {
		return errors.New("the database is away")
	}); err == nil {
		t.Error("no error")
	}
	if !f.Passes("film-1") || f.Passes("made-up-0") && f.Passes("made-up-1") && f.Passes("made-up-2") {
		t.Error("a Fill that failed changed the filter")
	}
	p.changes.Disconnect()
	if !f.Passes("made-up-1") {
		t.Error("a process that does not hear of new names refuses one")
	}
	p.changes.Connect(t.Context())
	if !f.Passes("made-up-1") {
		t.Error("a name that may be new since the gap is refused")
	}
}
