package fault_test

import (
	"syscall"
	"testing"
	"time"
)

// The points at which the program is killed. A transaction is recognized by a query that only it runs.
const (
	placement = "InsertOrders"
	paying    = "InsertCapture"
	granting  = "Grant"
)

// hits waits until the program reaches the armed point, and kills it there.
func (w *world) hits(caught <-chan struct{}) {
	w.t.Helper()
	select {
	case <-caught:
		w.kill()
	case <-time.After(90 * time.Second):
		w.t.Fatal("timed out waiting for the program to reach the point at which to kill it")
	}
}

func TestServe_killed_while_placing_an_order(t *testing.T) {
	for name, after := range map[string]bool{"before the commit": false, "after the commit, before the answer": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			token := w.signIn()
			caught := w.proxy.arm(placement, after)
			answered := make(chan error, 1)
			go func() {
				_, err := w.place(token)
				answered <- err
			}()
			w.hits(caught)
			if err := <-answered; err == nil {
				t.Fatal("placing an order: got an answer from the killed program")
			}
			want := "0"
			if after {
				want = "1"
			}
			w.until("the transaction has ended as expected", func() bool {
				return w.text(`select count(*)::text from video_order`) == want
			})
			w.start()
			orderNo, err := w.place(token) // the buyer's browser retries
			w.ok(err)
			w.ok(w.pay(w.payPage(token, orderNo)))
			w.delivered(orderNo)
		})
	}
}

func TestServe_killed_while_recording_a_payment(t *testing.T) {
	for name, after := range map[string]bool{
		"before the commit":                            false,
		"after the commit, before the acknowledgement": true,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			token := w.signIn()
			orderNo, err := w.place(token)
			w.ok(err)
			page := w.payPage(token, orderNo)
			caught := w.proxy.arm(paying, after)
			w.ok(w.pay(page))
			w.hits(caught)
			w.start() // the provider repeats a notice that was not acknowledged
			w.delivered(orderNo)
		})
	}
}

func TestServe_killed_while_granting(t *testing.T) {
	for name, after := range map[string]bool{"before the commit": false, "after the commit": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			token := w.signIn()
			orderNo, err := w.place(token)
			w.ok(err)
			page := w.payPage(token, orderNo)
			caught := w.proxy.arm(granting, after)
			w.ok(w.pay(page))
			w.hits(caught)
			began := time.Now()
			w.start() // the job is still marked as running, but the sweeper does not wait for it
			w.delivered(orderNo)
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("grant after the restart: took %s, want at most 30s", took)
			}
		})
	}
}

func TestServe_terminated_by_a_signal_loses_nothing(t *testing.T) {
	w := newWorld(t)
	token := w.signIn()
	orderNo, err := w.place(token)
	w.ok(err)
	w.ok(w.pay(w.payPage(token, orderNo)))
	w.ok(w.process.Process.Signal(syscall.SIGTERM)) // while a notice and a grant are pending
	w.ok(w.process.Wait())
	w.process = nil
	w.start()
	w.delivered(orderNo)
}
