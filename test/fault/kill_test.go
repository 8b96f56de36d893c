package fault_test

import (
	"syscall"
	"testing"
	"time"
)

// The named points. A transaction is recognized by a query that only it runs.
const (
	placement = "InsertOrders"
	paying    = "InsertCapture"
	granting  = "Grant"
)

// hits waits until the program stops at the armed point, and kills it there.
func (w *world) hits(caught <-chan struct{}) {
	w.t.Helper()
	select {
	case <-caught:
		w.kill()
	case <-time.After(90 * time.Second):
		w.t.Fatal("the program never came to the point where it was to be killed")
	}
}

func TestServe_killed_while_placing_an_order(t *testing.T) {
	for name, after := range map[string]bool{"before the commit": false, "after it, before the answer": true} {
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
				t.Fatal("the killed program answered")
			}
			want := "0"
			if after {
				want = "1"
			}
			w.until("the transaction ended as it should", func() bool {
				return w.text(`select count(*)::text from video_order`) == want
			})
			w.start()
			orderNo, err := w.place(token) // the buyer's browser tries again
			w.ok(err)
			w.ok(w.pay(w.payPage(token, orderNo)))
			w.delivered(orderNo)
		})
	}
}

func TestServe_killed_while_recording_a_payment(t *testing.T) {
	for name, after := range map[string]bool{"before the commit": false, "after it, before the acknowledgement": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			token := w.signIn()
			orderNo, err := w.place(token)
			w.ok(err)
			page := w.payPage(token, orderNo)
			caught := w.proxy.arm(paying, after)
			w.ok(w.pay(page))
			w.hits(caught)
			w.start() // the bank repeats what was not acknowledged
			w.delivered(orderNo)
		})
	}
}

func TestServe_killed_while_granting(t *testing.T) {
	for name, after := range map[string]bool{"before the commit": false, "after it": true} {
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
				t.Errorf("the order was granted only %s after the restart", took)
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
