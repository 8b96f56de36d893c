package fault_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"videomall/db/dbtest"
	"videomall/mall/account"
	"videomall/test/invariant"
)

// In a sale of the fault suite buyers arrive one after another. Each repeats one order until it is answered, and those
// who got a unit pay.
const (
	saleBuyers = 60
	saleUnits  = 25
	saleApart  = 15 * time.Millisecond
	faultAt    = 10 // the buyer at whose arrival the fault occurs
)

// sale is one video that a crowd wants.
type sale struct {
	*world
	sku    int64
	tokens []string
	users  []int64
	fault  func()

	mu      sync.Mutex
	orders  map[string]int // the buyer of each order
	refused int            // how many were told that the video is sold out
	failed  []int          // buyers whose order failed, and who come again when the fault is gone
}

// sells prepares a sale of its own.
func (w *world) sells(name string) *sale {
	w.t.Helper()
	s := &sale{
		world:  w,
		sku:    w.shop.Video(name, saleUnits),
		orders: map[string]int{},
	}
	crowd, err := account.New(account.Deps{
		Pool:  w.pool,
		Redis: nil,
		Log:   slog.New(slog.DiscardHandler),
		Now:   time.Now,
	}).Crowd(w.ctx, name, saleBuyers)
	w.ok(err)
	for _, token := range crowd {
		s.tokens, s.users = append(s.tokens, token.Value), append(s.users, token.User.ID)
	}
	return s
}

// opens runs the sale with the fault in the middle, and checks that every buyer was answered, that every unit was sold
// once, and that everybody who got an order has it and has paid for it once.
func (s *sale) opens(t *testing.T) {
	s.t = t
	var crowd sync.WaitGroup
	for n := range s.tokens {
		if n == faultAt {
			crowd.Go(s.fault)
		}
		crowd.Go(func() { s.buys(n) })
		time.Sleep(saleApart)
	}
	crowd.Wait()
	// Others may have been refused while a failed order held its unit. The unit is free again for the next buyer.
	if len(s.failed) > 0 {
		_, err := s.pool.Exec(s.ctx, `drop function refuse_one cascade`)
		s.ok(err)
		for _, n := range s.failed {
			s.buys(n)
		}
	}
	for orderNo, n := range s.orders {
		crowd.Go(func() { s.pays(n, orderNo) })
	}
	crowd.Wait()
	if t.Failed() {
		return
	}
	if len(s.orders)+s.refused != saleBuyers || len(s.orders) != saleUnits {
		t.Errorf("%d of %d units sold; %d of %d buyers were refused, %d failed at first", len(s.orders), saleUnits,
			s.refused, saleBuyers, len(s.failed))
	}
	if got, want := s.text(`select format('%s/%s', available, frozen + sold) from video_inventory where sku_id = $1`,
		s.sku), fmt.Sprintf("0/%d", saleUnits); got != want {
		t.Errorf("stock %s, want %s", got, want)
	}
	for sql, want := range map[string]int{
		`select count(*)::text from video_order_item where sku_id = $1`: len(s.orders),
		`select count(*)::text from payment_capture c join video_order_item i on i.order_no = c.reference
			where i.sku_id = $1`: len(s.orders),
		`select count(distinct e.user_id)::text from video_entitlement e join video_product_sku k on k.spu_id = e.spu_id
			where k.id = $1 and e.state = 'active'`: len(s.orders),
	} {
		s.until(fmt.Sprintf("%s is %d", sql, want), func() bool { return s.text(sql, s.sku) == fmt.Sprint(want) })
	}
	s.until("no order and no notice is pending", func() bool {
		return s.text(`select count(*)::text from video_order where status = 'PAID'`) == "0" &&
			s.text(`select count(*)::text from sandbox_notice where acked_at is null`) == "0"
	})
	invariant.Check(t, s.pool, true)
}

// buys is what one buyer's browser does.
func (s *sale) buys(n int) {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		orderNo, status, code, err := s.order(s.tokens[n], "the-one-key", s.sku)
		switch {
		case err == nil && status == http.StatusCreated:
			s.note(func() { s.orders[orderNo] = n })
			return
		case err == nil && status == http.StatusConflict && code == "sold_out":
			s.note(func() { s.refused++ })
			return
		case err == nil && status == http.StatusInternalServerError &&
			s.text(`select (to_regproc('refuse_one') is not null)::text`) == "true":
			s.note(func() { s.failed = append(s.failed, n) })
			return
		case time.Now().After(deadline):
			s.t.Errorf("buyer %d never got an answer: %d %s %v", n, status, code, err)
			return
		}
	}
}

func (s *sale) pays(n int, orderNo string) {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		var prepaid struct {
			Action struct{ URL string }
		}
		_, err := s.call("POST", "/api/v1/mall/payments/"+orderNo+"/prepay", s.tokens[n], "",
			map[string]string{"provider": "sandbox"}, &prepaid)
		if err == nil && prepaid.Action.URL != "" && s.pay(prepaid.Action.URL) == nil {
			return
		}
		if time.Now().After(deadline) {
			s.t.Errorf("buyer %d could not pay: %v", n, err)
			return
		}
	}
}

func (s *sale) note(what func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what()
}

func (s *sale) hears(caught <-chan struct{}) {
	select {
	case <-caught:
	case <-time.After(time.Minute):
		s.t.Error("the program never came to the point of the fault")
	}
}

// TestSale_survives_faults runs one sale after another in the same mall, each with another fault in the middle.
func TestSale_survives_faults(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name  string
		fault func(s *sale)
	}{
		{"redis-killed", func(s *sale) {
			s.redis.Kill()
			time.Sleep(500 * time.Millisecond)
			s.redis.Restart()
			s.slowly.follow()
		}},
		{"redis-emptied", func(s *sale) { s.redis.Flush() }},
		{"redis-slow", func(s *sale) {
			s.slowly.delay.Store(int64(400 * time.Millisecond))
			time.Sleep(2 * time.Second)
			s.slowly.delay.Store(0)
		}},
		{"redis-failed-over", func(s *sale) { // to a replica that knows only the beginning of the sale
			held, err := s.redis.Client.Keys(s.ctx, "gate:*").Result()
			s.ok(err)
			old := map[string]string{}
			for _, key := range held {
				old[key], err = s.redis.Client.Dump(s.ctx, key).Result()
				s.ok(err)
			}
			time.Sleep(10 * saleApart)
			s.redis.Flush()
			for key, value := range old {
				s.ok(s.redis.Client.RestoreReplace(s.ctx, key, 0, value).Err())
			}
		}},
		{"commit-unknown", func(s *sale) { s.hears(s.proxy.sever(placement)) }},
		{"killed-after-a-commit", func(s *sale) {
			s.hears(s.proxy.arm(placement, true))
			s.kill()
			s.start()
		}},
		{"killed-before-a-commit", func(s *sale) {
			s.hears(s.proxy.arm(placement, false))
			s.kill()
			s.start()
		}},
		{"an-insert-refused", func(s *sale) { // for one buyer who has not arrived yet
			for _, sql := range []string{
				fmt.Sprintf(`create function refuse_one() returns trigger language plpgsql as $$ begin
					if new.user_id = %d then raise exception 'the disk is sad'; end if; return new; end $$`,
					s.users[faultAt+5]),
				`create trigger refuse_one before insert on inventory_reservation for each row execute function refuse_one()`,
			} {
				_, err := s.pool.Exec(s.ctx, sql)
				s.ok(err)
			}
		}},
	} {
		if !t.Run(c.name, func(t *testing.T) {
			s := w.sells(c.name)
			s.fault = func() { c.fault(s) }
			s.opens(t)
		}) {
			break
		}
	}
}

// TestSale_runs_on_a_redis_cluster runs a sale on three nodes, each of which loses all its scripts during the sale.
func TestSale_runs_on_a_redis_cluster(t *testing.T) {
	t.Parallel()
	url, nodes := dbtest.RedisCluster(t)
	w := newWorldOn(t, url)
	s := w.sells("clustered")
	s.fault = func() {
		w.ok(nodes.ForEachMaster(w.ctx, func(ctx context.Context, node *redis.Client) error {
			return node.ScriptFlush(ctx).Err()
		}))
	}
	s.opens(t)
	for _, path := range []string{"/", "/videos", "/v/clustered", "/v/clustered", "/search?q=film"} {
		if status, err := w.call("GET", path, "", "", nil, nil); err != nil || status != http.StatusOK {
			t.Errorf("%s: %d %v", path, status, err)
		}
	}
	// Where Redis was too slow during the whole sale, PostgreSQL sold alone, and whoever comes next makes the gate count.
	late := 0
	w.until("the gate knows that nothing is left", func() bool {
		orderNo, status, _, err := s.order(s.tokens[late%saleBuyers], fmt.Sprintf("late-%d", late), s.sku)
		if err == nil && status == http.StatusCreated {
			t.Fatalf("order %s got one more than all", orderNo)
		}
		late++
		return nodes.HGet(w.ctx, fmt.Sprintf("gate:{sku:%d}:0:count", s.sku), "left").Val() == "0"
	})
	w.kill() // completes the log
	for _, complaint := range []string{"CROSSSLOT", "MOVED"} {
		if log := w.log.String(); strings.Contains(log, complaint) {
			t.Errorf("%s:\n%s", complaint, log)
		}
	}
}
