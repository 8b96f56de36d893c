package fault_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"videomall/test/invariant"
	"videomall/test/serving"
)

// points are the two sides of a commit.
var points = map[string]bool{"before": false, "after": true}

// The steps of opening a payment: the attempt is committed, the provider is called, its answer is stored.
func TestServe_killed_while_opening_a_payment(t *testing.T) {
	for _, step := range []string{"InsertAttempt", "FillAttempt"} {
		for side, after := range points {
			t.Run(step+" "+side, func(t *testing.T) {
				w := newWorld(t)
				token := w.signIn()
				orderNo, err := w.place(token)
				w.ok(err)
				caught := w.proxy.arm(step, after)
				answered := make(chan error, 1)
				go func() {
					_, err := w.call("POST", "/api/v1/mall/payments/"+orderNo+"/prepay", token, "",
						map[string]string{"provider": "sandbox"}, nil)
					answered <- err
				}()
				w.hits(caught)
				if err := <-answered; err == nil {
					t.Fatal("opening a payment: got an answer from the killed program")
				}
				w.start()
				w.ok(w.pay(w.payPage(token, orderNo)))
				w.delivered(orderNo)
				if n := w.text(`select count(*)::text from sandbox_charge`); n != "1" {
					t.Errorf("%s charges were opened", n)
				}
			})
		}
	}
}

// The steps of a refund: the buyer asks and the policy grants it, the provider is asked, its answer is stored, and the
// refund is settled.
func TestServe_killed_while_refunding(t *testing.T) {
	for _, step := range []string{"InsertRequest", "CountRefundTry", "SubmitRefund", "AddOrderRefund"} {
		for side, after := range points {
			t.Run(step+" "+side, func(t *testing.T) {
				w := newWorld(t)
				_, orderNo := w.bought()
				buyer := w.browser()
				caught := w.proxy.arm(step, after)
				asked := make(chan error, 1)
				go func() { asked <- w.asksRefund(buyer, orderNo) }()
				w.hits(caught)
				err := <-asked
				w.start()
				if err != nil { // the browser sends the form again
					w.ok(w.asksRefund(buyer, orderNo))
				}
				w.refunded(orderNo)
			})
		}
	}
}

// The steps of a dispute: the provider tells that it is open, and how it ends. Each is the transaction of a notice.
func TestServe_killed_while_disputed(t *testing.T) {
	for _, end := range []string{"won", "lost"} {
		for _, step := range []string{"open", end} {
			for side, after := range points {
				t.Run(end+", "+side+" "+step, func(t *testing.T) {
					w := newWorld(t)
					page, orderNo := w.bought()
					for _, to := range []string{"open", end} {
						if to != step {
							w.ok(w.disputes(page, to))
							continue
						}
						caught := w.proxy.arm("SetNoticeOutcome", after)
						w.ok(w.disputes(page, to))
						w.hits(caught)
						w.start() // the provider repeats its notice
						w.until("the notice is acknowledged", func() bool {
							return w.text(`select count(*)::text from sandbox_notice where acked_at is null`) == "0"
						})
					}
					if end == "lost" {
						w.refunded(orderNo)
						return
					}
					w.until("the dispute has ended", func() bool {
						return w.text(`select coalesce(max(status), '') from order_refund`) == "failed"
					})
					w.delivered(orderNo)
				})
			}
		}
	}
}

// bought places, pays and delivers the order. page is the bank's.
func (w *world) bought() (page, orderNo string) {
	w.t.Helper()
	token := w.signIn()
	orderNo, err := w.place(token)
	w.ok(err)
	page = w.payPage(token, orderNo)
	w.ok(w.pay(page))
	w.delivered(orderNo)
	return page, orderNo
}

// browser signs the buyer in.
func (w *world) browser() *http.Client {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	w.ok(err)
	client := unredirected()
	client.Jar = jar
	w.ok(post(client, "http://"+w.address+"/sign-in", url.Values{"email": {serving.Email}, "password": {serving.Password}}))
	return client
}

// asksRefund sends the form of the order's page; its key makes a second one the same request.
func (w *world) asksRefund(buyer *http.Client, orderNo string) error {
	return post(buyer, "http://"+w.address+"/orders/"+orderNo+"/refund", url.Values{
		"key":    {"the-one-request"},
		"reason": {"not what I thought"},
		"item":   {w.text(`select id::text from video_order_item where order_no = $1`, orderNo)},
	})
}

// disputes plays the payer's bank on the sandbox's page.
func (w *world) disputes(page, to string) error {
	return post(unredirected(), page+"/dispute", url.Values{"to": {to}})
}

func post(client *http.Client, address string, form url.Values) error {
	res, err := client.PostForm(address, form)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("%s: %d", address, res.StatusCode)
	}
	return nil
}

// refunded waits until the whole order is refunded, once, and checks every invariant of the database.
func (w *world) refunded(orderNo string) {
	w.t.Helper()
	w.until("the order is refunded", func() bool {
		return w.text(`select status from video_order where order_no = $1`, orderNo) == "REFUNDED"
	})
	w.until("the bank has told everything", func() bool {
		return w.text(`select count(*)::text from sandbox_notice where acked_at is null`) == "0"
	})
	invariant.Check(w.t, w.pool, true)
	for sql, want := range map[string]string{
		`select count(*)::text from payment_refund`:                                                "1",
		`select status from payment_refund`:                                                        "succeeded",
		`select refunded::text from payment_capture`:                                               "990",
		`select count(*)::text from video_entitlement where state = 'active'`:                      "0",
		`select coalesce(sum(amount), 0)::text from ledger_line where account = 'channel:sandbox'`: "0",
		`select format('%s/%s/%s', available, frozen, sold) from video_inventory`:                  "3/0/0",
		`select count(*)::text from order_case where closed_at is null and kind <> 'dispute'`:      "0",
	} {
		if got := w.text(sql); got != want {
			w.t.Errorf("%s is %s, want %s", sql, got, want)
		}
	}
}
