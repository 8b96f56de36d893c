// Package reconciletest makes a month of payments at three providers that are only made up, with their statements and a
// known number of discrepancies. Tests and measurements use it; it writes the tables of other modules, which no module
// may do.
package reconciletest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/mall/payment"
)

//go:embed seed.sql
var seed string

// Beijing is the zone of the first two providers.
var Beijing = time.FixedZone("UTC+8", 8*60*60)

// Rate is what the providers take, in basis points.
const Rate = 60

// Month is what Seed makes.
type Month struct {
	Start    time.Time // the beginning of a day in Beijing
	Days     int
	Payments int
	Planted  int
}

// End is when the statement of the last day can be read.
func (m Month) End() time.Time { return m.Start.AddDate(0, 0, m.Days+2).Add(12 * time.Hour) }

// Seed writes the month into an empty database.
func Seed(ctx context.Context, pool *pgxpool.Pool, m Month) error {
	script := strings.NewReplacer("{{start}}", m.Start.UTC().Format(time.RFC3339), "{{days}}", strconv.Itoa(m.Days),
		"{{payments}}", strconv.Itoa(m.Payments), "{{planted}}", strconv.Itoa(m.Planted)).Replace(seed)
	return db.InTx(ctx, pool, func(tx pgx.Tx) error {
		// Without triggers, since the books are planted with errors that they would refuse.
		if _, err := tx.Exec(ctx,
			`set local statement_timeout = 0; set local session_replication_role = replica`); err != nil {
			return fmt.Errorf("seed: %w", err)
		}
		if _, err := tx.Exec(ctx, script, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("seed: %w", err)
		}
		return nil
	})
}

// Expected returns the differences that were planted, as "provider kind number cause".
func Expected(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	rows, err := pool.Query(ctx, `
		select provider || ' ' || case
			when plant in ('refund_missing_there', 'refund_pending', 'refund_amount') then 'refund ' || refund_no
			when plant = 'refund_returned' then 'refund_returned ' || refund_no
			when plant = 'refund_unknown' and provider = 'gamma' then 'refund ' || txn_no || '@'
				|| to_char((at + interval '1 day') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
			when plant = 'refund_unknown' then 'refund BANK' || i
			when plant = 'dispute_unknown' then 'dispute D' || i
			else 'payment ' || txn_no end || ' ' || case
			when plant in ('unknown_payment', 'known_attempt', 'refund_unknown', 'dispute_unknown') then 'missing_here'
			when plant in ('payment_missing_there', 'refund_missing_there') then 'missing_there'
			when plant in ('amount', 'refund_amount') then 'amount'
			when plant in ('refund_pending', 'refund_returned') then 'state'
			when plant like 'fee%' then 'fee' when plant like 'ledger%' then 'ledger' else plant end
		from fake_plan join fake_payment using (i) order by 1`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Found returns every difference that a run has ever found, in the form of Expected.
func Found(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	rows, err := pool.Query(ctx, `
		select provider || ' ' || kind || ' ' || number || ' ' || cause from reconcile_difference order by 1`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Providers are the three providers of a seeded database.
func Providers(pool *pgxpool.Pool) []payment.Provider {
	return []payment.Provider{
		&Provider{pool: pool, name: "alpha", zone: Beijing},
		&Provider{pool: pool, name: "beta", zone: Beijing},
		&Provider{pool: pool, name: "gamma", zone: time.UTC},
	}
}

// Provider is one of the providers. It knows its statements, and that every refund has succeeded.
type Provider struct {
	pool *pgxpool.Pool
	name string
	zone *time.Location
}

var errNothing = errors.New("reconciletest: this provider has only statements")

// Name returns "alpha", "beta" or "gamma".
func (p *Provider) Name() string { return p.name }

// Methods returns none.
func (p *Provider) Methods() []payment.Method { return nil }

// Create refuses.
func (p *Provider) Create(context.Context, payment.CreateRequest) (payment.Created, error) {
	return payment.Created{}, errNothing
}

// Query knows nothing.
func (p *Provider) Query(context.Context, payment.ChargeRef) (payment.Charge, error) {
	return payment.Charge{Status: payment.ChargeAbsent}, nil
}

// Close does nothing.
func (p *Provider) Close(context.Context, payment.ChargeRef) error { return nil }

// Refund says that it has succeeded.
func (p *Provider) Refund(context.Context, payment.RefundRequest) (payment.RefundResult, error) {
	return payment.RefundResult{Status: payment.ResultSucceeded}, nil
}

// QueryRefund says that it has succeeded.
func (p *Provider) QueryRefund(context.Context, payment.RefundRef) (payment.RefundResult, error) {
	return payment.RefundResult{Status: payment.ResultSucceeded}, nil
}

// ParseNotice refuses.
func (p *Provider) ParseNotice(http.Header, []byte) (payment.Notice, error) {
	return payment.Notice{}, payment.ErrBadSignature
}

// ReadNotice refuses.
func (p *Provider) ReadNotice([]byte) (payment.Notice, error) {
	return payment.Notice{}, payment.ErrMalformedNotice
}

// Acknowledge answers nothing.
func (p *Provider) Acknowledge(error) payment.Ack { return payment.Ack{Status: http.StatusOK} }

// Zone returns the zone of its days.
func (p *Provider) Zone() *time.Location { return p.zone }

// Statement yields the day's lines as they come from the database.
func (p *Provider) Statement(ctx context.Context, at time.Time) iter.Seq2[payment.StatementLine, error] {
	return func(yield func(payment.StatementLine, error) bool) {
		year, month, day := at.In(p.zone).Date()
		from := time.Date(year, month, day, 0, 0, 0, 0, p.zone)
		rows, err := p.pool.Query(ctx, `select kind, attempt_no, channel_txn_no, refund_no, dispute_no, amount, currency, fee,
			fee_currency, at, is_foreign from fake_line where provider = $1 and at >= $2 and at < $3 order by at, id`,
			p.name, from, from.AddDate(0, 0, 1))
		if err != nil {
			yield(payment.StatementLine{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var l payment.StatementLine
			err := rows.Scan(&l.Kind, &l.AttemptNo, &l.ChannelTxnNo, &l.RefundNo, &l.DisputeNo, &l.Amount.Amount,
				&l.Amount.Currency, &l.Fee.Amount, &l.Fee.Currency, &l.At, &l.Foreign)
			if !yield(l, err) || err != nil {
				return
			}
		}
		if rows.Err() != nil {
			yield(payment.StatementLine{}, rows.Err())
		}
	}
}
