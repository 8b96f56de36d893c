package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"videomall/db"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox/internal/dbsqlc"
)

// Queue is the queue of the notices, separate from the mall's own jobs.
const Queue = "sandbox"

// maxTries is enough for a little more than a day with the delays of RetryDelay.
const maxTries = 300

// NoticeArgs is the job that sends one notice; its worker calls Deliver and waits RetryDelay between tries.
type NoticeArgs struct {
	NoticeID int64 `json:"noticeId"`
}

// Kind names the job in the database.
func (NoticeArgs) Kind() string { return "sandbox_notice" }

// InsertOpts gives the notices a queue of their own.
func (NoticeArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: Queue, MaxAttempts: maxTries}
}

// RetryDelay is the pause after the given number of tries: 1, 2, 4 … s, at most 5 minutes.
func RetryDelay(tries int) time.Duration {
	doublings := min(max(tries, 1)-1, 9)
	return min(time.Second<<doublings, 5*time.Minute)
}

// announcement is a notice to be sent.
type announcement struct {
	notice       wireNotice // without its number, merchant and amount
	amount       int64
	copies       int
	delay        time.Duration
	held         bool
	firstSigning string
}

// announceTx writes a notice and its job in the transaction of the event that it announces.
func (s *Sandbox) announceTx(ctx context.Context, tx pgx.Tx, a announcement) error {
	eventID, err := s.newNo("evt")
	if err != nil {
		return err
	}
	w := a.notice
	w.EventID = eventID
	w.Merchant = Merchant
	w.Amount = &a.amount
	body, err := json.Marshal(w)
	if err != nil {
		return err
	}
	p := dbsqlc.InsertNoticeParams{
		EventID:      eventID,
		OutTradeNo:   w.OutTradeNo,
		Type:         w.Type,
		Body:         body,
		Copies:       int32(a.copies),
		FirstSigning: a.firstSigning,
		Held:         a.held,
		At:           s.opt.Now(),
	}
	if w.RefundNo != "" {
		p.RefundNo = &w.RefundNo
	}
	id, err := s.q.InsertNotice(ctx, tx, p)
	if err != nil || a.held {
		return err
	}
	return s.enqueueTx(ctx, tx, id, a.delay)
}

func (s *Sandbox) enqueueTx(ctx context.Context, tx pgx.Tx, id int64, delay time.Duration) error {
	var opts *river.InsertOpts
	if delay > 0 {
		opts = &river.InsertOpts{ScheduledAt: s.opt.Now().Add(delay)}
	}
	if _, err := s.river.InsertTx(ctx, tx, NoticeArgs{NoticeID: id}, opts); err != nil {
		return fmt.Errorf("enqueue notice %d: %w", id, err)
	}
	return nil
}

// Deliver settles the payment or refund that a notice announces, then posts all copies of the notice at once. It
// returns nil if the notice was acknowledged, now or before, or is still held back. After any error it should be called
// again.
func (s *Sandbox) Deliver(ctx context.Context, noticeID int64) error {
	n, err := s.q.TryNotice(ctx, s.pool, noticeID)
	if notFound(err) {
		known, err := s.q.NoticeExists(ctx, s.pool, noticeID)
		if err == nil && !known {
			err = errors.New("there is no such notice")
		}
		if err != nil {
			return fmt.Errorf("sandbox: notice %d: %w", noticeID, err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("sandbox: notice %d: %w", noticeID, err)
	}
	if err := s.settle(ctx, n); err != nil {
		return fmt.Errorf("sandbox: notice %s: %w", n.EventID, err)
	}
	if err := s.send(ctx, n); err != nil {
		if e := s.q.NoteNotice(ctx, s.pool, dbsqlc.NoteNoticeParams{LastError: err.Error(), ID: n.ID}); e != nil {
			return fmt.Errorf("sandbox: notice %s: %w", n.EventID, e)
		}
		return fmt.Errorf("sandbox: notice %s: %w", n.EventID, err)
	}
	return db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		now := s.opt.Now()
		if err := s.q.AckNotice(ctx, tx, dbsqlc.AckNoticeParams{At: &now, ID: n.ID}); err != nil {
			return fmt.Errorf("sandbox: notice %s: %w", n.EventID, err)
		}
		if n.RefundNo == nil {
			return nil
		}
		if n.Type == payment.RefundSucceeded {
			if err := s.returnTx(ctx, tx, n.OutTradeNo, *n.RefundNo); err != nil {
				return err
			}
		}
		released, err := s.q.ReleaseNotices(ctx, tx, n.OutTradeNo)
		if err != nil {
			return fmt.Errorf("sandbox: release the notices of %s: %w", n.OutTradeNo, err)
		}
		for _, id := range released {
			if err := s.enqueueTx(ctx, tx, id, 0); err != nil {
				return err
			}
		}
		return nil
	})
}

// settle settles the payment or refund that a notice is about to announce. Every step is guarded, so that it may be
// repeated.
func (s *Sandbox) settle(ctx context.Context, n dbsqlc.SandboxNotice) error {
	now := s.opt.Now()
	if n.Type == payment.PaymentSucceeded {
		return s.q.SettleCharge(ctx, s.pool, dbsqlc.SettleChargeParams{At: now, OutTradeNo: n.OutTradeNo})
	}
	if n.RefundNo == nil {
		return nil
	}
	status := "succeeded"
	if n.Type == payment.RefundFailed {
		status = "failed"
	}
	return db.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		r, err := s.q.SettleRefund(ctx, tx, dbsqlc.SettleRefundParams{
			Status:      status,
			At:          &now,
			OutRefundNo: *n.RefundNo,
		})
		if notFound(err) || err == nil && status == "succeeded" {
			return nil
		}
		if err != nil {
			return err
		}
		return s.q.AddRefunded(ctx, tx, dbsqlc.AddRefundedParams{Amount: -r.Amount, TxnNo: r.TxnNo})
	})
}

// send posts all copies in parallel. It fails unless every one is acknowledged.
func (s *Sandbox) send(ctx context.Context, n dbsqlc.SandboxNotice) error {
	secret, at, broken := s.opt.Secret, s.opt.Now(), false
	if n.Attempts == 1 {
		switch n.FirstSigning {
		case SignBadly:
			secret, broken = secret+" of somebody else", true
		case SignStale:
			at, broken = at.Add(-2*Tolerance), true
		}
	}
	signature := Sign(secret, at, n.Body)
	errs := make([]error, n.Copies)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = s.post(ctx, signature, n.Body) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if broken {
		return fmt.Errorf("the first try was signed to be refused (%s), and was acknowledged", n.FirstSigning)
	}
	return nil
}

func (s *Sandbox) post(ctx context.Context, signature string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.opt.NotifyURL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "sandbox-pay/1")
	req.Header.Set(SignatureHeader, signature)
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if err != nil {
		return err
	}
	var ack struct {
		Received bool `json:"received"`
	}
	if res.StatusCode != http.StatusOK || json.Unmarshal(answer, &ack) != nil || !ack.Received {
		return fmt.Errorf("not acknowledged: %d %.200q", res.StatusCode, answer)
	}
	return nil
}

// loopbackClient returns a client that connects to this machine only, whatever a name resolves to, and follows no
// redirects.
func loopbackClient() *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		peer, err := netip.ParseAddrPort(address)
		if err != nil || !peer.Addr().Unmap().IsLoopback() {
			return fmt.Errorf("sandbox: notices go to loopback only, not to %s", address)
		}
		return nil
	}}
	return &http.Client{
		Timeout:       15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:         dialer.DialContext,
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     30 * time.Second,
		},
	}
}
