package sandbox

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox/internal/dbsqlc"
)

// The statuses of a charge in the sandbox's books. StatusExpired is an open one whose time is over.
const (
	StatusOpen       = "open"
	StatusProcessing = "processing"
	StatusPaid       = "paid"
	StatusFailed     = "failed"
	StatusClosed     = "closed"
	StatusExpired    = "expired"
)

// Create opens a charge with a page to pay it on. Repeating an attempt number returns the same page. Errors:
// payment.ErrRejected if the request is invalid, or its amount differs from that of the first request with its number.
func (s *Sandbox) Create(ctx context.Context, r payment.CreateRequest) (payment.Created, error) {
	if err := checkCreate(r); err != nil {
		return payment.Created{}, err
	}
	err := s.q.InsertCharge(ctx, s.pool, dbsqlc.InsertChargeParams{
		OutTradeNo: r.AttemptNo,
		PageToken:  rand.Text(),
		Amount:     r.Amount.Amount,
		Currency:   r.Amount.Currency,
		Subject:    r.Subject,
		ReturnUrl:  r.ReturnURL,
		ExpiresAt:  r.ExpiresAt,
		At:         s.opt.Now(),
	})
	if err != nil {
		return payment.Created{}, fmt.Errorf("sandbox: create %s: %w", r.AttemptNo, err)
	}
	charge, err := s.q.Charge(ctx, s.pool, r.AttemptNo)
	if err != nil {
		return payment.Created{}, fmt.Errorf("sandbox: create %s: %w", r.AttemptNo, err)
	}
	if money.Of(charge.Amount, charge.Currency) != r.Amount {
		return payment.Created{}, payment.ErrRejected.Because("charge %s is over %d %s, asked %s", r.AttemptNo,
			charge.Amount, charge.Currency, r.Amount)
	}
	return payment.Created{Action: payment.Action{
		Type: payment.ActionRedirect,
		URL:  s.opt.PublicURL + "/sandbox/pay/" + charge.PageToken,
	}}, nil
}

func checkCreate(r payment.CreateRequest) error {
	back, err := url.Parse(r.ReturnURL)
	// The page links to it, so it must be a path on the same host or a web address.
	ok := err == nil && (back.Scheme == "http" || back.Scheme == "https" ||
		back.Scheme == "" && back.Host == "" && strings.HasPrefix(r.ReturnURL, "/"))
	switch {
	case r.AttemptNo == "" || !plain(r.AttemptNo):
		return payment.ErrRejected.Because("attempt number %q", r.AttemptNo)
	case r.Amount.Amount <= 0 || !money.IsCurrency(r.Amount.Currency):
		return payment.ErrRejected.Because("amount %s", r.Amount)
	case r.Method != Method:
		return payment.ErrRejected.Because("method %q", r.Method)
	case !ok:
		return payment.ErrRejected.Because("return URL %q", r.ReturnURL)
	}
	return nil
}

// Query returns the state of a charge. For a charge that was paid twice it returns the first transaction.
func (s *Sandbox) Query(ctx context.Context, ref payment.ChargeRef) (payment.Charge, error) {
	attemptNo := ref.AttemptNo
	c, err := s.q.Charge(ctx, s.pool, attemptNo)
	if notFound(err) {
		return payment.Charge{Status: payment.ChargeAbsent}, nil
	}
	if err != nil {
		return payment.Charge{}, fmt.Errorf("sandbox: query %s: %w", attemptNo, err)
	}
	switch s.statusOf(c) {
	case StatusOpen:
		return payment.Charge{Status: payment.ChargeOpen}, nil
	case StatusProcessing:
		return payment.Charge{Status: payment.ChargeProcessing}, nil
	case StatusFailed:
		return payment.Charge{Status: payment.ChargeFailed}, nil
	case StatusClosed, StatusExpired:
		return payment.Charge{Status: payment.ChargeClosed}, nil
	}
	t, err := s.q.FirstTransaction(ctx, s.pool, attemptNo)
	if err != nil {
		return payment.Charge{}, fmt.Errorf("sandbox: query %s: %w", attemptNo, err)
	}
	return payment.Charge{
		Status:       payment.ChargePaid,
		ChannelTxnNo: t.TxnNo,
		Amount:       money.Of(t.Amount, t.Currency),
		PaidAt:       t.PaidAt,
	}, nil
}

// Close makes an open charge unpayable. Errors: payment.ErrAlreadyPaid, ErrProcessing, ErrAbsent.
func (s *Sandbox) Close(ctx context.Context, ref payment.ChargeRef) error {
	attemptNo := ref.AttemptNo
	rows, err := s.q.CloseCharge(ctx, s.pool, attemptNo)
	if err != nil {
		return fmt.Errorf("sandbox: close %s: %w", attemptNo, err)
	}
	if rows == 1 {
		return nil
	}
	c, err := s.q.Charge(ctx, s.pool, attemptNo)
	switch {
	case notFound(err):
		return fmt.Errorf("sandbox: close %s: %w", attemptNo, payment.ErrAbsent)
	case err != nil:
		return fmt.Errorf("sandbox: close %s: %w", attemptNo, err)
	case c.Status == StatusPaid:
		return payment.ErrAlreadyPaid.Because("charge %s", attemptNo)
	case c.Status == StatusProcessing:
		return payment.ErrProcessing.Because("charge %s", attemptNo)
	}
	return nil
}

// statusOf returns the status of a charge. An open charge whose time is over is expired, which the books don't record.
func (s *Sandbox) statusOf(c dbsqlc.SandboxCharge) string {
	if c.Status == StatusOpen && !s.opt.Now().Before(c.ExpiresAt) {
		return StatusExpired
	}
	return c.Status
}
