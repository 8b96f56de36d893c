package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paymenttest"
	"videomall/mall/payment/sandbox"
)

func TestSandbox_contract(t *testing.T) {
	t.Parallel()
	paymenttest.Suite{
		Open: func(t *testing.T) paymenttest.Bank {
			return &bank{bench: newBench(t)}
		},
		Method:   "page",
		Currency: "CNY",
		Without: []paymenttest.Feature{
			paymenttest.NoBalance, paymenttest.NoForeign, paymenttest.NoBadAnswer, paymenttest.StatementAnytime,
		},
	}.Run(t)
}

// bank is the sandbox as the suite plays it. Its faults stand for the network that the sandbox, being in the same
// process, does not have.
type bank struct {
	*bench
	fault paymenttest.Fault
	taken int
}

func (b *bank) Provider() payment.Provider { return faulty{b.Sandbox, b} }

func (b *bank) Now() time.Time { return b.now() }

func (b *bank) Advance(d time.Duration) { b.pass(d) }

func (b *bank) Pay(attemptNo string, how paymenttest.Payment) error {
	var token, status string
	if err := b.pool.QueryRow(b.ctx, "select page_token, status from sandbox_charge where out_trade_no = $1", attemptNo).
		Scan(&token, &status); err != nil {
		return fmt.Errorf("%w: %w", paymenttest.ErrNotPayable, err)
	}
	var err error
	switch {
	case how.Fails:
		_, err = b.Sandbox.Fail(b.ctx, token)
	case how.Pending:
		_, err = b.Sandbox.Pay(b.ctx, token, sandbox.PayOptions{Processing: true, Delay: time.Minute})
		return err
	case status == sandbox.StatusProcessing:
		b.Advance(time.Minute)
	default:
		_, err = b.Sandbox.Pay(b.ctx, token, sandbox.PayOptions{Amount: how.Amount})
	}
	if errors.Is(err, sandbox.ErrNotPayable) {
		return fmt.Errorf("%w: %w", paymenttest.ErrNotPayable, err)
	}
	if err == nil {
		b.deliverAll()
	}
	return err
}

func (b *bank) FinishRefund(refundNo string, succeeded bool) error {
	if succeeded {
		b.deliverAll()
		return nil
	}
	err := b.ReturnRefund(b.ctx, refundNo)
	if errors.Is(err, payment.ErrAbsent) { // it has not succeeded: its notice will tell that it failed
		_, err = b.pool.Exec(b.ctx, `update sandbox_notice set type = 'refund.failed',
			body = convert_to(replace(convert_from(body, 'utf8'), 'refund.succeeded', 'refund.failed'), 'utf8')
			where refund_no = $1`, refundNo)
	}
	if err == nil {
		b.deliverAll()
	}
	return err
}

func (b *bank) RefundAtBank(attemptNo string, amount money.Money) error {
	_, err := b.Sandbox.Refund(b.ctx, refundOf("AT-THE-BANK", attemptNo, "", amount))
	b.deliverAll()
	return err
}

func (b *bank) SetBalance(int64) {}

func (b *bank) Dispute(attemptNo, to string) error {
	err := b.Sandbox.Dispute(b.ctx, attemptNo, to)
	b.deliverAll()
	return err
}

func (b *bank) Notices() []paymenttest.Delivery {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.raw[b.taken:]
	b.taken = len(b.raw)
	return list
}

func (b *bank) Foreign() error { return paymenttest.ErrUnsupported }

func (b *bank) Fault(f paymenttest.Fault) { b.fault = f }

func (b *bank) Charges(attemptNo string) int {
	return b.count("select count(*) from sandbox_charge where out_trade_no = $1", attemptNo)
}

func (b *bank) Refunded(attemptNo string) int64 {
	return int64(b.count(
		"select coalesce(sum(refunded), 0)::bigint from sandbox_transaction where out_trade_no = $1", attemptNo))
}

func (b *bank) count(sql string, args ...any) (n int) {
	b.t.Helper()
	if err := b.pool.QueryRow(b.ctx, sql, args...).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

// faulty loses requests and answers between the mall and the sandbox.
type faulty struct {
	*sandbox.Sandbox
	bank *bank
}

var (
	errUnavailable = errors.New("503")
	errLost        = errors.New("connection reset")
)

// before returns the error of a request that does not arrive, and takes the fault back.
func (f faulty) before(ctx context.Context) (lost bool, err error) {
	fault := f.bank.fault
	f.bank.fault = ""
	switch fault {
	case paymenttest.FaultUnavailable:
		return false, errUnavailable
	case paymenttest.FaultSlow:
		<-ctx.Done()
		return false, ctx.Err()
	case paymenttest.FaultLostAnswer:
		return true, nil
	}
	return false, nil
}

func (f faulty) Create(ctx context.Context, r payment.CreateRequest) (payment.Created, error) {
	lost, err := f.before(ctx)
	if err != nil {
		return payment.Created{}, err
	}
	created, err := f.Sandbox.Create(ctx, r)
	if lost {
		return payment.Created{}, errLost
	}
	return created, err
}

func (f faulty) Query(ctx context.Context, c payment.ChargeRef) (payment.Charge, error) {
	lost, err := f.before(ctx)
	if err != nil {
		return payment.Charge{}, err
	}
	charge, err := f.Sandbox.Query(ctx, c)
	if lost {
		return payment.Charge{}, errLost
	}
	return charge, err
}

func (f faulty) Close(ctx context.Context, c payment.ChargeRef) error {
	lost, err := f.before(ctx)
	if err != nil {
		return err
	}
	err = f.Sandbox.Close(ctx, c)
	if lost {
		return errLost
	}
	return err
}

func (f faulty) Refund(ctx context.Context, r payment.RefundRequest) (payment.RefundResult, error) {
	lost, err := f.before(ctx)
	if err != nil {
		return payment.RefundResult{}, err
	}
	result, err := f.Sandbox.Refund(ctx, r)
	if lost {
		return payment.RefundResult{}, errLost
	}
	return result, err
}
