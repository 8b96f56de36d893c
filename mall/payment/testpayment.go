package payment

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment/internal/dbsqlc"
)

// testPrefix begins the reference of a test payment. No order number contains a hyphen.
const testPrefix = "TEST-"

// testFor is how long a test payment can be paid.
const testFor = 30 * time.Minute

var testKey = regexp.MustCompile(`^[0-9A-Z]{26}$`)

// TestReference returns the reference of the test payment with a key of 26 digits and capital letters. It is empty if the
// key is none.
func TestReference(key string) string {
	if !testKey.MatchString(key) {
		return ""
	}
	return testPrefix + key
}

// IsTest reports whether a reference is that of a test payment: real money, which buys nothing and is refunded as soon as
// it has arrived.
func IsTest(reference string) bool { return strings.HasPrefix(reference, testPrefix) }

// TestRequest asks for a test payment at a provider, which need not be offered to shoppers. The same key is the same
// payment.
type TestRequest struct {
	Key       string // 26 digits and capital letters
	Provider  string
	Device    Device
	Subject   string
	ReturnURL string
	Language  string
	PayerIP   string
	Amount    money.Money
}

// PrepayTest starts a test payment, or returns the one that the key has begun. Errors: those of Prepay.
func (p *Payments) PrepayTest(ctx context.Context, r TestRequest) (Attempt, error) {
	reference := TestReference(r.Key)
	if reference == "" {
		return Attempt{}, ErrInvalidPrepay.Because("test payment %q", r.Key)
	}
	if begun, err := p.Attempts(ctx, reference); err != nil || len(begun) > 0 && begun[0].Action != nil {
		return last(begun), err
	}
	return p.Prepay(ctx, PrepayRequest{
		Reference: reference,
		Provider:  r.Provider,
		Device:    r.Device,
		Subject:   r.Subject,
		ReturnURL: r.ReturnURL,
		Language:  r.Language,
		PayerIP:   r.PayerIP,
		Amount:    r.Amount,
		ExpiresAt: p.now().Add(testFor),
	})
}

func last(list []Attempt) Attempt {
	if len(list) == 0 {
		return Attempt{}
	}
	return list[len(list)-1]
}

// Test is a test payment: what was asked for, and how far it has come.
type Test struct {
	Attempt Attempt
	Paid    bool   // the money has arrived
	Noticed bool   // the provider has sent a notice of it, rather than being asked
	Refund  string // the status of its refund; empty before there is one
}

// Key returns the key of the test payment.
func (t Test) Key() string { return strings.TrimPrefix(t.Attempt.Reference, testPrefix) }

// Tests lists the newest test payments at a provider, at most limit.
func (p *Payments) Tests(ctx context.Context, provider string, limit int) ([]Test, error) {
	return p.tests(ctx, dbsqlc.TestAttemptsParams{Provider: provider, MaxRows: int32(limit)})
}

// Test reads the test payment with a key. Errors: ErrUnknownAttempt.
func (p *Payments) Test(ctx context.Context, key string) (Test, error) {
	reference := TestReference(key)
	if reference == "" {
		return Test{}, ErrUnknownAttempt.Because("test payment %q", key)
	}
	list, err := p.tests(ctx, dbsqlc.TestAttemptsParams{Reference: reference, MaxRows: 1})
	if err != nil {
		return Test{}, err
	}
	if len(list) == 0 {
		return Test{}, ErrUnknownAttempt.Because("test payment %q", key)
	}
	return list[0], nil
}

func (p *Payments) tests(ctx context.Context, which dbsqlc.TestAttemptsParams) ([]Test, error) {
	rows, err := p.q.TestAttempts(ctx, p.pool, which)
	if err != nil {
		return nil, fmt.Errorf("test payments %q of %q: %w", which.Reference, which.Provider, err)
	}
	list := make([]Test, len(rows))
	for n, row := range rows {
		list[n] = Test{
			Paid:    row.Paid,
			Noticed: row.Noticed,
			Refund:  row.Refund,
		}
		if list[n].Attempt, err = attemptOf(row.VideoPayment); err != nil {
			return nil, err
		}
	}
	return list, nil
}
