package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/config"
	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/media"
	"videomall/test/invariant"
	"videomall/test/serving"
	"videomall/web/webtest/playtest"
)

var secret = config.Config{SecretKey: config.Secret(strings.Repeat("k", 40))}

// mall is two processes of the real program behind nginx, with a database, a Redis and a storage that they share.
type mall struct {
	*nginx
	pool      *pgxpool.Pool
	shop      *serving.Shop
	storage   string
	processes [2]*exec.Cmd
}

func open(t *testing.T) *mall {
	t.Helper()
	url, m := dbtest.URL(t), &mall{storage: t.TempDir()}
	addresses := []string{serving.FreeAddress(t), serving.FreeAddress(t)}
	m.nginx = start(t, addresses...)
	var err error
	m.pool, err = db.Open(t.Context(), url, db.Options{ApplicationName: "gateway", MaxConns: 4})
	m.must(err)
	t.Cleanup(m.pool.Close)
	m.shop = serving.Stock(t, m.pool)
	redis := dbtest.RedisServer(t)
	for i, address := range addresses {
		p, log := serving.Start(t, append(os.Environ(), "ADDR="+address, "ADMIN_ADDR=127.0.0.1:0", "DATA_DIR="+t.TempDir(),
			"PUBLIC_URL="+m.url, "TRUSTED_PROXIES=127.0.0.0/8", "STORAGE_URL=file://"+m.storage,
			"DATABASE_URL="+url, "REDIS_URL="+redis.URL, "DEMO=off", "SECRET_KEY="+string(secret.SecretKey),
			"SANDBOX_SECRET="+strings.Repeat("s", 20), "SANDBOX_IN_PRODUCTION=on", "LOG_FORMAT=text", "LOG_LEVEL=warn"))
		m.processes[i] = p
		t.Cleanup(func() {
			_ = p.Process.Kill()
			_ = p.Wait()
			if t.Failed() {
				t.Logf("process %d said:\n%s", i, log)
			}
		})
		m.until("a process answers", func() bool { return serving.Answers(address) })
	}
	return m
}

// call sends JSON to the API and decodes the answer.
func (m *mall) call(c *http.Client, method, path, token, key string, body, answer any) (int, error) {
	b, err := json.Marshal(body)
	m.must(err)
	headers := []string{"Content-Type: application/json"}
	if token != "" {
		headers = append(headers, "Authorization: Bearer "+token)
	}
	if key != "" {
		headers = append(headers, "Idempotency-Key: "+key)
	}
	a, err := m.try(c, method, "/api/v1/mall"+path, bytes.NewReader(b), headers...)
	if err != nil {
		return 0, err
	}
	if answer != nil {
		err = json.Unmarshal([]byte(a.text), answer)
	}
	return a.StatusCode, err
}

func (m *mall) signIn(c *http.Client) string {
	m.t.Helper()
	var got struct{ Token string }
	status, err := m.call(c, "POST", "/auth/token", "", "",
		map[string]string{"email": serving.Email, "password": serving.Password}, &got)
	m.must(err)
	if got.Token == "" {
		m.t.Fatalf("no token: %d", status)
	}
	return got.Token
}

// give packages a video for the SKU of the shop and gives it to the buyer.
func (m *mall) give() (spuID int64) {
	m.t.Helper()
	ctx := m.t.Context()
	storage, err := media.OpenStorage("file://"+m.storage, "")
	m.must(err)
	defer storage.Close()
	videos, err := media.New(media.Deps{
		Pool:    m.pool,
		Storage: storage,
		Key:     secret.Key(config.KeyMedia),
		Now:     time.Now,
	})
	m.must(err)
	asset, err := videos.Assets.Pack(ctx, playtest.ClearVideo(), "sea", 2)
	m.must(err)
	spuID = m.shop.SetAsset(asset.ID, asset.DurationSeconds)
	var buyer int64
	m.must(m.pool.QueryRow(ctx, `select id from account_user where email = $1`, serving.Email).Scan(&buyer))
	m.must(db.InTx(ctx, m.pool, func(tx pgx.Tx) error {
		_, err := entitlement.New(entitlement.Deps{
			Pools: db.Pools{Primary: m.pool, Replica: m.pool},
			Now:   time.Now,
		}).GrantTx(ctx, tx, entitlement.Grant{
			UserID:    buyer,
			SPUID:     spuID,
			SKUID:     m.shop.SKU,
			Reference: "given",
			Source:    "given/1",
			Kind:      catalog.KindOwn,
			Quality:   catalog.QualityHD,
		})
		return err
	}))
	return spuID
}

// TestNginx_segments_come_from_the_cache_for_whoever_may_watch fetches a segment as two viewers, and as people who may
// not have it although the gateway has.
func TestNginx_segments_come_from_the_cache_for_whoever_may_watch(t *testing.T) {
	t.Parallel()
	m := open(t)
	spuID := m.give()
	// watch returns the address of the first segment for a new device.
	watch := func() string {
		c := client()
		token := m.signIn(c)
		var play struct{ PlaylistURL, Code string }
		status, err := m.call(c, "POST", fmt.Sprint("/play/auth/", spuID), token, "",
			map[string]bool{"takeover": true}, &play)
		m.must(err)
		if play.PlaylistURL == "" {
			t.Fatalf("%d %s", status, play.Code)
		}
		at := strings.TrimPrefix(play.PlaylistURL, m.url)
		master := m.send(c, "GET", at, nil)
		list := regexp.MustCompile(`(?m)^[^#\n].*index\.m3u8$`).FindString(master.text)
		if !strings.HasPrefix(list, "/") {
			list = at[:strings.LastIndexByte(at, '/')+1] + list
		}
		segment := regexp.MustCompile(`/s/\S+/s0\.m4s`).FindString(m.send(c, "GET", list, nil).text)
		if segment == "" {
			t.Fatalf("no segment: %s\n%s", master.text, list)
		}
		return segment
	}
	get := func(path string, headers ...string) answer { return m.send(client(), "GET", path, nil, headers...) }
	one := watch()
	first, second := get(one), get(one)
	if first.StatusCode != 200 || len(first.text) < 1000 || first.Header.Get("X-Cache") != "MISS" {
		t.Fatalf("%d, %d bytes, %s", first.StatusCode, len(first.text), first.Header.Get("X-Cache"))
	}
	if second.text != first.text || second.Header.Get("X-Cache") != "HIT" {
		t.Errorf("again: %d, %s", second.StatusCode, second.Header.Get("X-Cache"))
	}
	two := watch()
	if other := get(two); two == one || other.text != first.text || other.Header.Get("X-Cache") != "HIT" {
		t.Errorf("another viewer: %d, %s", other.StatusCode, other.Header.Get("X-Cache"))
	}
	part := get(two, "Range: bytes=10-19")
	if part.StatusCode != 206 || part.text != first.text[10:20] {
		t.Errorf("ten bytes: %d, %d bytes", part.StatusCode, len(part.text))
	}
	fields := strings.Split(one, "/") // "", s, exp, session, signature, video, folder, file
	changed := func(field int, to string) string {
		f := append([]string{}, fields...)
		f[field] = to
		return strings.Join(f, "/")
	}
	for path, code := range map[string]string{
		changed(2, "1"):                             "bad_signature",
		changed(3, "somebody"):                      "bad_signature",
		changed(4, strings.Repeat("A", 43)):         "bad_signature",
		changed(5, "another"):                       "bad_signature",
		changed(6, "720p"):                          "unknown_asset",
		changed(6, "360p/../360p"):                  "",
		changed(6, "360%70"):                        "",
		changed(7, "..%2f360p%2fs0.m4s"):            "",
		"/s/1/a/b/" + strings.Join(fields[5:], "/"): "",
	} {
		a := get(path)
		if a.StatusCode < 400 || a.StatusCode >= 500 || !strings.Contains(a.text, code) || strings.Contains(a.text, first.text[:100]) {
			t.Errorf("%s: %d %s, want %s", path, a.StatusCode, a.text, code)
		}
	}
}

// TestNginx_one_of_two_processes_killed kills one of two processes, like a power cut, while people browse and order.
func TestNginx_one_of_two_processes_killed(t *testing.T) {
	t.Parallel()
	m := open(t)
	token := m.signIn(client())
	sku := m.shop.Video("popular", 1000)
	ctx, stop := context.WithCancel(t.Context())
	var pages, orders atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for c := client(); ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
				if a, err := m.try(c, "GET", "/videos", nil); err != nil || a.StatusCode != 200 {
					t.Errorf("a page: %d %v", a.StatusCode, err)
					return
				}
				pages.Add(1)
			}
		})
	}
	for buyer := range 2 {
		all.Go(func() {
			c := client()
			for i := 0; ctx.Err() == nil; i++ {
				var placed struct{ OrderNo, Code string }
				status, err := m.call(c, "POST", "/orders", token, fmt.Sprintf("order-%d-%d", buyer, i),
					map[string]any{"items": []map[string]any{{"skuId": sku, "quantity": 1}}}, &placed)
				if err != nil || status != 201 {
					t.Errorf("an order: %d %s %v", status, placed.Code, err)
					return
				}
				orders.Add(1)
				time.Sleep(400 * time.Millisecond)
			}
		})
	}
	both := func(least int64) func() bool {
		p, o := pages.Load()+least, orders.Load()+least/4
		return func() bool { return t.Failed() || pages.Load() >= p && orders.Load() >= o }
	}
	m.until("people browse and order", both(40))
	m.must(m.processes[0].Process.Kill())
	_ = m.processes[0].Wait()
	m.until("they go on without one process", both(60))
	stop()
	all.Wait()
	var stored int64
	m.must(m.pool.QueryRow(t.Context(), `select count(*) from video_order`).Scan(&stored))
	if stored != orders.Load() {
		t.Errorf("%d orders are stored, %d were answered", stored, orders.Load())
	}
	invariant.Check(t, m.pool, false)
}
