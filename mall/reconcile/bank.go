package reconcile

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/reconcile/internal/dbsqlc"
)

// MaxBankLines is how many lines a file of the bank may have.
const MaxBankLines = 20_000

// ErrBankFile says, with the field "line", which line of the bank's file can't be read.
var ErrBankFile = fault.New(fault.Invalid, "bank_file", "This is not a table of the bank's lines.")

// BankLine is a movement of the account that payouts leave from. Amount is above zero for what left the account, and
// below zero for what came back.
type BankLine struct {
	ID        int64
	Day       time.Time // the date
	Reference string
	Amount    money.Money
}

// ReadBank reads a table in CSV with the columns date, reference, amount and currency in that order, with or without a
// heading: dates as 2026-03-20, sums as the bank writes them, below zero for what left the account. Errors:
// ErrBankFile.
func ReadBank(file io.Reader) ([]BankLine, error) {
	rows := csv.NewReader(file)
	rows.FieldsPerRecord = 4
	rows.TrimLeadingSpace = true
	var list []BankLine
	for n := 1; ; n++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		line, ok := BankLine{}, false
		if err == nil {
			line, ok = bankLine(row)
		}
		switch {
		case ok && len(list) < MaxBankLines:
			list = append(list, line)
		case err == nil && n == 1: // the heading
		default:
			return nil, ErrBankFile.With("line", strconv.Itoa(n))
		}
	}
}

func bankLine(row []string) (l BankLine, ok bool) {
	day, err := time.Parse(time.DateOnly, strings.TrimSpace(strings.TrimPrefix(row[0], "\ufeff")))
	reference, currency := strings.TrimSpace(row[1]), strings.ToUpper(strings.TrimSpace(row[3]))
	if err != nil || !sound(reference) || len(reference) > 200 || !money.IsCurrency(currency) {
		return BankLine{}, false
	}
	digits, left := strings.CutPrefix(strings.ReplaceAll(strings.TrimSpace(row[2]), "−", "-"), "-")
	sum := money.ParseDecimal(strings.TrimPrefix(digits, "+"), currency, 12)
	if sum <= 0 {
		return BankLine{}, false
	}
	if !left {
		sum = -sum
	}
	return BankLine{Day: day, Reference: reference, Amount: money.Of(sum, currency)}, true
}

// KeepBank keeps the lines of the bank; those that were read before are not added again. It returns how many are new.
func (r *Reconciler) KeepBank(ctx context.Context, actorID int64, lines []BankLine) (added int, err error) {
	arg := dbsqlc.KeepBankLinesParams{At: r.deps.Now(), By: actorID}
	for _, l := range lines {
		arg.Days = append(arg.Days, l.Day)
		arg.Numbers = append(arg.Numbers, l.Reference)
		arg.Amounts = append(arg.Amounts, l.Amount.Amount)
		arg.Currencies = append(arg.Currencies, l.Amount.Currency)
	}
	err = db.InTx(ctx, r.deps.Pool, func(tx pgx.Tx) error {
		n, err := r.q.KeepBankLines(ctx, tx, arg)
		if err != nil {
			return fmt.Errorf("keep %d lines of the bank: %w", len(lines), err)
		}
		added = int(n)
		return r.auditTx(ctx, tx, actorID, "bank.read", "bank:lines", map[string]any{"lines": len(lines), "added": added})
	})
	return added, err
}

// CloseBankLine sets aside a line of the bank that is no payout. Errors: ErrNotFound, ErrNote.
func (r *Reconciler) CloseBankLine(ctx context.Context, actorID, id int64, note string) error {
	note = strings.TrimSpace(note)
	if !sound(note) {
		return ErrNote
	}
	return db.InTx(ctx, r.deps.Pool, func(tx pgx.Tx) error {
		n, err := r.q.CloseBankLine(ctx, tx, dbsqlc.CloseBankLineParams{By: actorID, Note: note, ID: id})
		if err != nil {
			return fmt.Errorf("close line %d of the bank: %w", id, err)
		}
		if n == 0 {
			return ErrNotFound.Because("line %d of the bank", id)
		}
		return r.auditTx(ctx, tx, actorID, "bank.close", "bank:"+strconv.FormatInt(id, 10), map[string]any{"note": note})
	})
}

// UnmatchedPayout is a payout that was paid, or came back, of which the bank's lines have nothing.
type UnmatchedPayout struct {
	ID        int64
	CreatorID int64
	Amount    money.Money
	Reference string
	Returned  bool // it came back
	At        time.Time
}

// BankReport compares payouts with the bank's lines by reference and sum.
type BankReport struct {
	Lines       int64
	First, Last time.Time // the dates that the lines cover; payouts of other days are not compared
	Unknown     []BankLine
	Missing     []UnmatchedPayout
}

// Bank compares, and lists at most most of each side that the other has nothing of, the newest first.
func (r *Reconciler) Bank(ctx context.Context, most int) (BankReport, error) {
	span, err := r.q.BankSpan(ctx, r.deps.Pool)
	if errors.Is(err, pgx.ErrNoRows) {
		return BankReport{}, nil
	}
	if err != nil {
		return BankReport{}, fmt.Errorf("days of the bank's lines: %w", err)
	}
	report := BankReport{Lines: span.Lines, First: span.First, Last: span.Last}
	lines, err := r.q.BankWithoutPayout(ctx, r.deps.Pool, int32(most))
	if err != nil {
		return BankReport{}, fmt.Errorf("lines of the bank without a payout: %w", err)
	}
	for _, l := range lines {
		report.Unknown = append(report.Unknown, BankLine{l.ID, l.Day, l.Reference, money.Of(l.Amount, l.Currency)})
	}
	payouts, err := r.q.PayoutsWithoutBank(ctx, r.deps.Pool, dbsqlc.PayoutsWithoutBankParams{
		Since: span.First,
		Until: span.Last.AddDate(0, 0, 1),
		Most:  int32(most),
	})
	if err != nil {
		return BankReport{}, fmt.Errorf("payouts without a line of the bank: %w", err)
	}
	for _, p := range payouts {
		report.Missing = append(report.Missing, UnmatchedPayout{
			ID:        p.ID,
			CreatorID: p.CreatorID,
			Amount:    money.Of(p.Amount, p.Currency),
			Reference: p.BankReference,
			Returned:  p.Returned,
			At:        p.At,
		})
	}
	return report, nil
}
