package browser_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path"
	"slices"
	"sync"
	"testing"
	"time"

	"videomall/config"
	"videomall/demo"
	"videomall/mall"
	"videomall/mall/account"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/program"
)

// house is the whole mall with its demo content, in this process, so that the race detector sees all of it.
type house struct {
	*mall.Mall
	program *program.Program
	url     string
	close   func() error
}

// theMall is opened by the first test that has a browser, and closed by TestMain.
var theMall = sync.OnceValues(func() (*house, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return openMall(address)
})

// openMall opens a mall of its own at an address of this machine, with these variables besides the usual ones.
func openMall(address string, env ...string) (h *house, err error) {
	dir, err := os.MkdirTemp("", "videomall-browser")
	if err != nil {
		return nil, err
	}
	// As root, the private PostgreSQL runs as another account, which must reach its folder.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	h = &house{close: func() error { return os.RemoveAll(dir) }}
	cfg, err := config.Load(append([]string{
		"DATA_DIR=" + dir, "ADDR=" + address, "ADMIN_ADDR=127.0.0.1:0", "DEMO=on", "LOG_LEVEL=error",
		"LOG_FORMAT=text",
		"PATH=" + os.Getenv("PATH"),
	}, env...))
	if err != nil {
		return h, err
	}
	ctx, stop := context.WithCancel(context.Background())
	p, err := program.Open(ctx, cfg, "browser-test")
	if err != nil {
		stop()
		return h, err
	}
	ended := make(chan error, 1)
	h.Mall = p.Mall
	h.program = p
	h.url = "http://" + address
	h.close = func() error {
		stop()
		return errors.Join(<-ended, p.Close(), os.RemoveAll(dir))
	}
	err = errors.Join(p.Migrate(ctx))
	if err == nil {
		err = demo.Seed(ctx, p.Pools.Primary, p.Mall, demo.OpenVideos("../../demo/footage"), p.Log)
	}
	if err != nil {
		ended <- nil
		return h, err
	}
	go func() { ended <- p.Run(ctx, program.Roles{HTTP: true, Jobs: true}) }()
	return h, answers(h.url)
}

// answers waits until the mall serves its front page.
func answers(url string) error {
	deadline := time.Now().Add(time.Minute)
	for {
		res, err := http.Get(url)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("status %d", res.StatusCode)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the mall does not answer: %w", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// account creates an account that no other test uses.
func (h *house) account(t *testing.T, name, role string) account.User {
	t.Helper()
	u, err := h.Accounts.Provision(t.Context(), account.User{
		Email: "b" + rand.Text()[:10] + "@example.test",
		Name:  name,
		Roles: account.RolesOf(role),
	}, password)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// sku returns the SKU of a demo video: "aurora-nights", "own", "HD".
func (h *house) sku(t *testing.T, slug, kind, quality string) int64 {
	t.Helper()
	product, err := h.Catalog.ProductBySlug(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range product.SKUs {
		if k.Kind == kind && k.Quality == quality {
			return k.ID
		}
	}
	t.Fatalf("video %s has no SKU of kind %s in %s", slug, kind, quality)
	return 0
}

func (h *house) place(t *testing.T, userID int64, skus ...int64) order.Order {
	t.Helper()
	var lines []order.Line
	for _, id := range skus {
		lines = append(lines, order.Line{SKUID: id, Quantity: 1})
	}
	o, _, err := h.Orders.Place(t.Context(), order.PlaceRequest{
		UserID:         userID,
		IdempotencyKey: rand.Text(),
		Items:          lines,
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// pay pays at the sandbox, without its page, and leaves the rest to the mall's jobs.
func (h *house) pay(t *testing.T, o order.Order, with sandbox.PayOptions) {
	t.Helper()
	attempt, err := h.Orders.Prepay(t.Context(), order.PrepayRequest{
		UserID:    o.UserID,
		OrderNo:   o.OrderNo,
		Provider:  sandbox.Name,
		ReturnURL: h.url + "/orders/" + o.OrderNo,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Sandbox.Pay(t.Context(), path.Base(attempt.Action.URL), with); err != nil {
		t.Fatal(err)
	}
}

// bought returns an order that was paid and delivered.
func (h *house) bought(t *testing.T, userID int64, skus ...int64) order.Order {
	t.Helper()
	o := h.place(t, userID, skus...)
	if !o.Total.IsZero() {
		h.pay(t, o, sandbox.PayOptions{})
	}
	h.reaches(t, o.OrderNo, order.Delivered)
	return o
}

func (h *house) refund(t *testing.T, orderNo string) {
	t.Helper()
	o, err := h.Orders.GetAny(t.Context(), orderNo)
	if err != nil {
		t.Fatal(err)
	}
	var items []int64
	for _, i := range o.Items {
		items = append(items, i.ID)
	}
	if _, err := h.Orders.Refunds().Request(t.Context(), order.RefundRequest{
		OrderNo: orderNo,
		ItemIDs: items,
		Reason:  "test",
		Actor:   "operator:1",
		Key:     rand.Text(),
	}); err != nil {
		t.Fatal(err)
	}
	h.reaches(t, orderNo, order.Refunded)
}

func (h *house) reaches(t *testing.T, orderNo string, states ...order.Status) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s is %v", orderNo, states), func() bool {
		o, err := h.Orders.GetAny(t.Context(), orderNo)
		return err == nil && slices.Contains(states, o.Status)
	})
}

func (h *house) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := h.program.Pools.Primary.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func (h *house) count(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	if err := h.program.Pools.Primary.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (h *house) text(t *testing.T, sql string, args ...any) (s string) {
	t.Helper()
	if err := h.program.Pools.Primary.QueryRow(t.Context(), sql, args...).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// patience is how long anything may take on a busy machine.
const patience = 3 * time.Minute

func eventually(t *testing.T, what string, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ready(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}
