package sandbox_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"videomall/mall/payment/sandbox"
)

func TestSandbox_Deliver_until_acknowledged(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.refuse = 2
	b.pay(b.create("attempt-1"), sandbox.PayOptions{})
	id := b.jobs()[0].noticeID
	for range 2 {
		if err := b.Deliver(b.ctx, id); err == nil || !strings.Contains(err.Error(), "500") {
			t.Fatalf("delivered although it was refused: %v", err)
		}
	}
	for range 3 { // the third try succeeds, the others find it done
		if err := b.Deliver(b.ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	if b.posts != 3 || len(b.notices) != 1 {
		t.Fatalf("%d posts, %d read", b.posts, len(b.notices))
	}
	if err := b.Deliver(b.ctx, 1<<40); err == nil {
		t.Fatal("a notice that does not exist was delivered")
	}
}

func TestSandbox_Deliver_invalid_acknowledgement(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"an empty 200": func(http.ResponseWriter, *http.Request) {},
		"a false 200":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"received": false}`)) },
		"a true 500": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"received": true}`, http.StatusInternalServerError)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"a hung up call": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			srv := httptest.NewServer(answer)
			t.Cleanup(srv.Close)
			s := withNotifyURL(t, b, srv.URL)
			b.pay(b.create("attempt-1"), sandbox.PayOptions{})
			if err := s.Deliver(b.ctx, b.jobs()[0].noticeID); err == nil {
				t.Fatal("accepted as an acknowledgement")
			}
		})
	}
}

func TestSandbox_Deliver_to_loopback_only(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.pay(b.create("attempt-1"), sandbox.PayOptions{})
	s := withNotifyURL(t, b, "http://192.0.2.1:80/") // an address of TEST-NET-1
	if err := s.Deliver(b.ctx, b.jobs()[0].noticeID); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Fatalf("%v", err)
	}
}

func withNotifyURL(t *testing.T, b *bench, url string) *sandbox.Sandbox {
	t.Helper()
	jobs, err := river.NewClient(riverpgxv5.New(b.pool), &river.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return sandbox.New(sandbox.Deps{
		Pool:  b.pool,
		River: jobs,
		Options: sandbox.Options{
			Secret:    secret,
			NotifyURL: url,
			Now:       b.now,
		},
	})
}

// worker is like the worker in package jobs, without logging.
type worker struct {
	river.WorkerDefaults[sandbox.NoticeArgs]
	sandbox *sandbox.Sandbox
}

func (w worker) Work(ctx context.Context, j *river.Job[sandbox.NoticeArgs]) error {
	return w.sandbox.Deliver(ctx, j.Args.NoticeID)
}

func (w worker) NextRetry(j *river.Job[sandbox.NoticeArgs]) time.Time {
	return time.Now().Add(sandbox.RetryDelay(j.Attempt) / 20)
}

func TestSandbox_Deliver_by_river_with_retries(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.refuse = 2
	workers := river.NewWorkers()
	river.AddWorker(workers, worker{sandbox: b.Sandbox})
	client, err := river.NewClient(riverpgxv5.New(b.pool), &river.Config{
		Queues:            map[string]river.QueueConfig{sandbox.Queue: {MaxWorkers: 2}},
		Workers:           workers,
		FetchPollInterval: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(b.ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, client) })
	done := func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.notices) == 1
	}
	b.pay(b.create("attempt-1"), sandbox.PayOptions{})
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not delivered in 30 s")
		}
	}
}

func stop(t *testing.T, client *river.Client[pgx.Tx]) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := client.StopAndCancel(ctx); err != nil {
		t.Error(err)
	}
}

func TestRetryDelay(t *testing.T) {
	t.Parallel()
	for tries, want := range map[int]time.Duration{
		0: time.Second, 1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 9: 256 * time.Second,
		10: 5 * time.Minute, 1000: 5 * time.Minute,
	} {
		if got := sandbox.RetryDelay(tries); got != want {
			t.Errorf("after %d tries %s, want %s", tries, got, want)
		}
	}
}
