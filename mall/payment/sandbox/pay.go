package sandbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox/internal/dbsqlc"
)

// PayOptions are set by a tester. The zero value pays the sum asked for and sends one correct notice at once.
type PayOptions struct {
	Copies      int           // of each notice, posted in parallel; 0 means 1, at most 100
	Delay       time.Duration // before the first try of a notice, at most MaxDelay
	Processing  bool          // the charge stays "processing" until its notice is sent; visible only with a Delay
	HoldNotice  bool          // keep the payment's notice back until a refund's notice was acknowledged
	Amount      int64         // taken instead of the amount asked for, in minor units; 0 for that amount
	Currency    string        // taken instead of the currency asked for; empty for that currency
	FirstNotice string        // SignWell (the default), SignBadly or SignStale
	Twice       bool          // a second transaction pays the same charge again
	RefundsFail bool          // later refunds are accepted, and then fail
	// RefundsReturn makes later refunds succeed and fail after that, as if the payer's bank had sent the money back.
	RefundsReturn bool
}

// MaxDelay is the longest Delay of a notice.
const MaxDelay = 10 * time.Minute

// The ways to sign the first try of a notice. Every later try is signed well.
const (
	SignWell  = "good"
	SignBadly = "bad"
	SignStale = "stale"
)

func (o *PayOptions) check() error {
	if o.Copies == 0 {
		o.Copies = 1
	}
	if o.FirstNotice == "" {
		o.FirstNotice = SignWell
	}
	switch {
	case o.Copies < 1 || o.Copies > 100:
		return ErrBadOptions.With("copies", "out_of_range")
	case o.Delay < 0 || o.Delay > MaxDelay:
		return ErrBadOptions.With("delay", "out_of_range")
	case o.Amount < 0:
		return ErrBadOptions.With("amount", "out_of_range")
	case o.Currency != "" && !money.IsCurrency(o.Currency):
		return ErrBadOptions.With("currency", "invalid")
	case o.FirstNotice != SignWell && o.FirstNotice != SignBadly && o.FirstNotice != SignStale:
		return ErrBadOptions.With("first_notice", "invalid")
	case o.Processing && o.HoldNotice: // the charge would be processing forever
		return ErrBadOptions.With("hold_notice", "with_processing")
	}
	return nil
}

// HostedCharge is what the hosted page shows.
type HostedCharge struct {
	Token      string
	OutTradeNo string
	Subject    string
	ReturnURL  string
	Status     string // StatusOpen and so on
	Amount     money.Money
	ExpiresAt  time.Time
	PaidAt     *time.Time
	Dispute    string // open, won or lost; empty if the payment was never disputed
}

func (s *Sandbox) hosted(c dbsqlc.SandboxCharge) HostedCharge {
	return HostedCharge{
		Token:      c.PageToken,
		OutTradeNo: c.OutTradeNo,
		Subject:    c.Subject,
		ReturnURL:  c.ReturnUrl,
		Status:     s.statusOf(c),
		Amount:     money.Of(c.Amount, c.Currency),
		ExpiresAt:  c.ExpiresAt,
		PaidAt:     c.PaidAt,
	}
}

// HostedPage finds the charge of a page. Errors: ErrUnknownPage.
func (s *Sandbox) HostedPage(ctx context.Context, token string) (HostedCharge, error) {
	c, err := s.q.ChargeByToken(ctx, s.pool, token)
	if notFound(err) {
		return HostedCharge{}, ErrUnknownPage
	}
	if err != nil {
		return HostedCharge{}, fmt.Errorf("sandbox: page: %w", err)
	}
	h := s.hosted(c)
	if h.Dispute, err = s.q.DisputeStatus(ctx, s.pool, c.OutTradeNo); err != nil && !notFound(err) {
		return HostedCharge{}, fmt.Errorf("sandbox: page: %w", err)
	}
	return h, nil
}

// Pay takes the money and sends the notice. If the charge is paid already, Pay does nothing and returns it.
// Errors: ErrUnknownPage, ErrNotPayable (failed, closed, expired), ErrBadOptions.
func (s *Sandbox) Pay(ctx context.Context, token string, o PayOptions) (HostedCharge, error) {
	if err := o.check(); err != nil {
		return HostedCharge{}, err
	}
	now := s.opt.Now()
	status, at := StatusPaid, now
	if o.Processing {
		status, at = StatusProcessing, now.Add(o.Delay)
	}
	var c dbsqlc.SandboxCharge
	err := db.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		c, err = s.q.PayCharge(ctx, tx, dbsqlc.PayChargeParams{
			Status:        status,
			RefundsFail:   o.RefundsFail,
			RefundsReturn: o.RefundsReturn,
			At:            now,
			PageToken:     token,
		})
		if err != nil {
			return err
		}
		taken := money.Of(c.Amount, c.Currency)
		if o.Amount != 0 {
			taken.Amount = o.Amount
		}
		if o.Currency != "" {
			taken.Currency = o.Currency
		}
		times := 1
		if o.Twice {
			times = 2
		}
		for range times {
			if err := s.takeTx(ctx, tx, c.OutTradeNo, taken, at, o); err != nil {
				return err
			}
		}
		return nil
	})
	if notFound(err) {
		return s.secondClick(ctx, token, StatusPaid, StatusProcessing)
	}
	if err != nil {
		return HostedCharge{}, fmt.Errorf("sandbox: pay: %w", err)
	}
	return s.hosted(c), nil
}

// takeTx books one transaction and its notice.
func (s *Sandbox) takeTx(ctx context.Context, tx pgx.Tx, outTradeNo string, taken money.Money, at time.Time,
	o PayOptions,
) error {
	txnNo, err := s.newNo("sbx")
	if err != nil {
		return err
	}
	if err := s.q.InsertTransaction(ctx, tx, dbsqlc.InsertTransactionParams{
		TxnNo:      txnNo,
		OutTradeNo: outTradeNo,
		Amount:     taken.Amount,
		Currency:   taken.Currency,
		PaidAt:     at,
	}); err != nil {
		return err
	}
	return s.announceTx(ctx, tx, announcement{
		notice: wireNotice{
			Type:         payment.PaymentSucceeded,
			OutTradeNo:   outTradeNo,
			ChannelTxnNo: txnNo,
			Currency:     taken.Currency,
			OccurredAt:   &at,
		},
		amount:       taken.Amount,
		copies:       o.Copies,
		delay:        o.Delay,
		held:         o.HoldNotice,
		firstSigning: o.FirstNotice,
	})
}

// Fail declines the payment for good and sends a notice. If it was declined before, Fail does nothing.
// Errors: ErrUnknownPage, ErrNotPayable.
func (s *Sandbox) Fail(ctx context.Context, token string) (HostedCharge, error) {
	now := s.opt.Now()
	var c dbsqlc.SandboxCharge
	err := db.InTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
		if c, err = s.q.FailCharge(ctx, tx, dbsqlc.FailChargeParams{PageToken: token, At: now}); err != nil {
			return err
		}
		return s.announceTx(ctx, tx, announcement{
			notice: wireNotice{
				Type:       payment.PaymentFailed,
				OutTradeNo: c.OutTradeNo,
				Currency:   c.Currency,
				OccurredAt: &now,
			},
			amount:       c.Amount,
			copies:       1,
			firstSigning: SignWell,
		})
	})
	if notFound(err) {
		return s.secondClick(ctx, token, StatusFailed)
	}
	if err != nil {
		return HostedCharge{}, fmt.Errorf("sandbox: fail: %w", err)
	}
	return s.hosted(c), nil
}

// secondClick returns the charge if its status is one of done, so that a repeated click succeeds. Otherwise the click
// came too late. Errors: ErrNotPayable.
func (s *Sandbox) secondClick(ctx context.Context, token string, done ...string) (HostedCharge, error) {
	c, err := s.HostedPage(ctx, token)
	if err != nil {
		return HostedCharge{}, err
	}
	for _, status := range done {
		if c.Status == status {
			return c, nil
		}
	}
	return c, ErrNotPayable.Because("charge %s is %s", c.OutTradeNo, c.Status)
}
