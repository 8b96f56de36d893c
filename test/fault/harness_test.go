// Package fault_test kills the real program at named points and starts it again. Nothing may be lost, and nothing may
// happen twice.
package fault_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/test/invariant"
	"videomall/test/serving"
)

func TestMain(m *testing.M) {
	code := m.Run()
	serving.RemoveBinary()
	os.Exit(code)
}

// world is a database with one video and one person, and the program that serves them, which can be killed and started
// again.
type world struct {
	t       *testing.T
	ctx     context.Context
	pool    *pgxpool.Pool // connects to the database without the proxy
	proxy   *proxy
	redis   *dbtest.RedisHandle
	slowly  *slowly // the proxy through which the program uses Redis
	shop    *serving.Shop
	sku     int64
	address string
	env     []string
	process *exec.Cmd
	log     *bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	redis := dbtest.RedisServer(t)
	slow := newSlowly(t, redis)
	w := newWorldOn(t, slow.url())
	w.redis, w.slowly = redis, slow
	return w
}

// newWorldOn makes a world with the given Redis.
func newWorldOn(t *testing.T, redisURL string) *world {
	t.Helper()
	url := dbtest.URL(t)
	w := &world{
		t:       t,
		ctx:     context.Background(),
		proxy:   newProxy(t, url),
		address: serving.FreeAddress(t),
	}
	var err error
	w.pool, err = db.Open(w.ctx, url, db.Options{ApplicationName: "fault", MaxConns: 4})
	w.ok(err)
	t.Cleanup(w.pool.Close)
	w.shop = serving.Stock(t, w.pool)
	w.sku = w.shop.SKU
	w.env = append(os.Environ(), "ADDR="+w.address, "ADMIN_ADDR=127.0.0.1:0", "DATA_DIR="+t.TempDir(),
		"DATABASE_URL="+w.proxy.url(),
		"REDIS_URL="+redisURL, "DEMO=off", "SECRET_KEY="+strings.Repeat("k", 40),
		"SANDBOX_SECRET="+strings.Repeat("s", 20), "SANDBOX_IN_PRODUCTION=on",
		"LOG_FORMAT=text", "LOG_LEVEL=warn")
	t.Cleanup(func() {
		w.kill()
		if t.Failed() && w.log != nil {
			t.Logf("the log of the program:\n%s", w.log)
		}
	})
	w.start()
	return w
}

// start runs the program and waits until it answers.
func (w *world) start() {
	w.t.Helper()
	w.process, w.log = serving.Start(w.t, w.env)
	w.until("the program answers", func() bool { return serving.Answers(w.address) })
}

// kill ends the program like a power cut.
func (w *world) kill() {
	if w.process == nil {
		return
	}
	_ = w.process.Process.Kill()
	_ = w.process.Wait()
	w.process = nil
}

// call sends JSON and decodes the response. An error means that none came.
func (w *world) call(method, path, token, key string, body any, answer any) (int, error) {
	b, err := json.Marshal(body)
	w.ok(err)
	r, err := http.NewRequestWithContext(w.ctx, method, "http://"+w.address+path, bytes.NewReader(b))
	w.ok(err)
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	client := http.Client{Timeout: time.Minute}
	res, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && answer != nil {
		err = json.Unmarshal(text, answer)
	}
	if err != nil {
		return res.StatusCode, fmt.Errorf("%s %s: %d %s: %w", method, path, res.StatusCode, text, err)
	}
	return res.StatusCode, nil
}

func (w *world) signIn() string {
	w.t.Helper()
	var token struct{ Token string }
	status, err := w.call("POST", "/api/v1/mall/auth/token", "", "",
		map[string]string{"email": serving.Email, "password": serving.Password}, &token)
	w.ok(err)
	if token.Token == "" {
		w.t.Fatalf("no token: %d", status)
	}
	return token.Token
}

// place orders the video under the one idempotency key of the world. It may be called again.
func (w *world) place(token string) (orderNo string, err error) {
	orderNo, status, code, err := w.order(token, "the-one-key", w.sku)
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("place: %d %s", status, code)
	}
	return orderNo, err
}

// order orders one unit, without a retry. An error means that no response came.
func (w *world) order(token, key string, sku int64) (orderNo string, status int, code string, err error) {
	var placed struct{ OrderNo, Code string }
	status, err = w.call("POST", "/api/v1/mall/orders", token, key,
		map[string]any{"items": []map[string]any{{"skuId": sku, "quantity": 1}}}, &placed)
	return placed.OrderNo, status, placed.Code, err
}

// payPage starts the payment and returns the address of the bank's page.
func (w *world) payPage(token, orderNo string) string {
	w.t.Helper()
	var prepaid struct {
		Action struct{ URL string }
		Code   string
	}
	status, err := w.call("POST", "/api/v1/mall/payments/"+orderNo+"/prepay", token, "",
		map[string]string{"provider": "sandbox"}, &prepaid)
	w.ok(err)
	if prepaid.Action.URL == "" {
		w.t.Fatalf("prepay: %d %s", status, prepaid.Code)
	}
	return prepaid.Action.URL
}

// unredirected returns a client that follows no redirects.
func unredirected() *http.Client {
	return &http.Client{
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// pay presses the button of the bank's page.
func (w *world) pay(page string) error {
	res, err := unredirected().Post(page+"/pay", "application/x-www-form-urlencoded", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 400 {
		text, _ := io.ReadAll(res.Body)
		return fmt.Errorf("pay: %d %s", res.StatusCode, text)
	}
	return nil
}

// delivered waits until the order is delivered, and checks every invariant of the database.
func (w *world) delivered(orderNo string) {
	w.t.Helper()
	w.until("the order is delivered", func() bool {
		return w.text(`select status from video_order where order_no = $1`, orderNo) == "DELIVERED"
	})
	invariant.Check(w.t, w.pool, true)
	for sql, want := range map[string]string{
		`select count(*)::text from video_order`:                                  "1",
		`select count(*)::text from payment_capture`:                              "1",
		`select count(*)::text from video_entitlement where state = 'active'`:     "1",
		`select format('%s/%s/%s', available, frozen, sold) from video_inventory`: "2/0/1",
	} {
		if got := w.text(sql); got != want {
			w.t.Errorf("%s is %s, want %s", sql, got, want)
		}
	}
}

func (w *world) text(sql string, args ...any) string {
	w.t.Helper()
	var s string
	w.ok(w.pool.QueryRow(w.ctx, sql, args...).Scan(&s))
	return s
}

func (w *world) until(what string, ready func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); !ready(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("this never happened: %s", what)
		}
	}
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}
