package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// Refund is a refund to a buyer. Parts says which sold items it pays back; it is empty for a sum that was no sale.
// Disputed says that the buyer's bank claims it.
type Refund struct {
	Reference string
	Amount    money.Money
	Parts     []RefundPart
	Disputed  bool
}

// promise returns the account that holds the sum until it has reached the buyer.
func (r Refund) promise() string {
	if r.Disputed {
		return Disputed
	}
	return Refunding
}

// RefundPart is the part of a refund that belongs to one sold item.
type RefundPart struct {
	Source string
	Amount money.Money
	Tax    money.Money // contained in Amount; the zero Money for none
}

// RefundTx books a refund when it is recorded, in the caller's transaction, once for each reference. The tax in a part
// is not owed to its country any more. RefundTx divides the rest between the mall's fee and the creator's share in
// proportion, so that parts that add up to the whole price reverse exactly what was booked, whatever their order. The
// share is taken from the creator's held money, or from the available money if it has cleared; this may fall below
// zero, until later earnings fill it. If the share was converted when it cleared, the same part of what it became is
// taken from the available money in that currency, and the mall bears the difference of rates. A refund of an item that
// was sold before creators had accounts is taken from Sales.
func (l *Ledger) RefundTx(ctx context.Context, tx pgx.Tx, r Refund) error {
	known, err := l.q.LinesOf(ctx, tx, dbsqlc.LinesOfParams{Kind: KindRefund, Reference: r.Reference})
	if err != nil {
		return fmt.Errorf("lines of refund %s: %w", r.Reference, err)
	}
	if len(known) > 0 || r.Amount.IsZero() {
		return nil
	}
	p := Posting{KindRefund, r.Reference, []Line{{r.promise(), neg(r.Amount)}}}
	if len(r.Parts) == 0 {
		p.Lines = append(p.Lines, Line{Unapplied, r.Amount})
		_, err := l.PostTx(ctx, tx, p)
		return err
	}
	earnings, err := l.lockTx(ctx, tx, sources(r.Parts))
	if err != nil {
		return err
	}
	back := dbsqlc.TakeBackParams{Reference: r.Reference, At: l.now()}
	for _, part := range r.Parts {
		e, earned := earnings[part.Source]
		if !earned {
			p.Lines = append(p.Lines, Line{Sales, part.Amount})
			continue
		}
		if part.Amount.IsZero() {
			continue
		}
		if tax, left := part.Tax.Amount, e.Tax-e.TaxBack; tax < 0 || tax > left || tax > part.Amount.Amount {
			return fmt.Errorf("refund %s: a tax of %d of %s, of which %d are left", r.Reference, tax, e.Source, left)
		}
		untaxed := money.Of(part.Amount.Amount-part.Tax.Amount, part.Amount.Currency)
		fee, err := feeBack(e, untaxed)
		if err != nil {
			return fmt.Errorf("refund %s: %w", r.Reference, err)
		}
		settled := settledBack(e, untaxed.Amount-fee)
		p.Lines = append(p.Lines, split(e, fee, untaxed, part.Tax.Amount, settled)...)
		back.Sources = append(back.Sources, part.Source)
		back.Amounts = append(back.Amounts, untaxed.Amount)
		back.Fees = append(back.Fees, fee)
		back.Taxes = append(back.Taxes, part.Tax.Amount)
		back.Converted, back.Settled = append(back.Converted, e.Settled != nil), append(back.Settled, settled)
	}
	if _, err := l.postTx(ctx, tx, p, back.At); err != nil {
		return err
	}
	if len(back.Sources) == 0 {
		return nil
	}
	if err := l.q.TakeBack(ctx, tx, back); err != nil {
		return fmt.Errorf("take refund %s back: %w", r.Reference, err)
	}
	return nil
}

// RefundSentTx books that the sum of a refund has left the channel: the refund has succeeded, or the channel took it for
// a dispute. If the refund was not booked by RefundTx before, because it is older than that, RefundSentTx does so first.
func (l *Ledger) RefundSentTx(ctx context.Context, tx pgx.Tx, channel string, r Refund) error {
	if err := l.RefundTx(ctx, tx, r); err != nil {
		return err
	}
	return l.stepTx(ctx, tx, r, "sent", Channel+channel, r.promise())
}

// ReinstatedTx books that a channel gave back what it had taken for a dispute.
func (l *Ledger) ReinstatedTx(ctx context.Context, tx pgx.Tx, channel string, r Refund) error {
	return l.stepTx(ctx, tx, r, "reinstated", r.promise(), Channel+channel)
}

// RefundReturnedTx books that a refund which had been sent came back to the channel: we owe it again.
func (l *Ledger) RefundReturnedTx(ctx context.Context, tx pgx.Tx, channel string, r Refund) error {
	return l.stepTx(ctx, tx, r, "returned", r.promise(), Channel+channel)
}

// RefundTransferredTx books that a refund which had been returned left by a transfer from our bank.
func (l *Ledger) RefundTransferredTx(ctx context.Context, tx pgx.Tx, r Refund) error {
	return l.stepTx(ctx, tx, r, "transferred", Channel+BankTransfer, r.promise())
}

// stepTx moves the sum of a refund from one account to another, once for each step.
func (l *Ledger) stepTx(ctx context.Context, tx pgx.Tx, r Refund, step, from, to string) error {
	_, err := l.PostTx(ctx, tx, move(KindRefund, r.Reference+"/"+step, from, to, r.Amount))
	return err
}

// RefundFailedTx reverses a refund that failed, once: the fee goes back to the mall, and the share to the creator's
// held or, if the earning has cleared since, available money. If the earning was converted meanwhile, the share is
// converted at the rate of then. A refund that RefundTx never booked needs no reversal.
func (l *Ledger) RefundFailedTx(ctx context.Context, tx pgx.Tx, reference string) error {
	lines, err := l.q.LinesOf(ctx, tx, dbsqlc.LinesOfParams{Kind: KindRefund, Reference: reference})
	if err != nil {
		return fmt.Errorf("lines of refund %s: %w", reference, err)
	}
	if len(lines) == 0 {
		return nil
	}
	done, err := l.q.LinesOf(ctx, tx, dbsqlc.LinesOfParams{Kind: KindRefund, Reference: reference + "/failed"})
	if err != nil {
		return fmt.Errorf("lines of failed refund %s: %w", reference, err)
	}
	if len(done) > 0 {
		return nil
	}
	taken, err := l.q.Reversals(ctx, tx, reference)
	if err != nil {
		return fmt.Errorf("reversals of refund %s: %w", reference, err)
	}
	p := Posting{KindRefund, reference + "/failed", nil}
	for _, line := range lines {
		switch line.Account {
		case Refunding, Disputed, Unapplied, Sales:
			p.Lines = append(p.Lines, Line{line.Account, money.Of(-line.Amount, line.Currency)})
		}
	}
	names := make([]string, len(taken))
	for n, t := range taken {
		names[n] = t.Source
	}
	earnings, err := l.lockTx(ctx, tx, names)
	if err != nil {
		return err
	}
	// A clearing that came before the locks has set what the parts are in the currency that it converted to.
	if taken, err = l.q.Reversals(ctx, tx, reference); err != nil {
		return fmt.Errorf("locked reversals of refund %s: %w", reference, err)
	}
	for _, t := range taken {
		e, settled := earnings[t.Source], int64(0)
		if t.Settled != nil {
			settled = *t.Settled
		}
		p.Lines = append(p.Lines, split(e, -t.Fee, money.Of(-t.Amount, e.Currency), -t.Tax, -settled)...)
	}
	at := l.now()
	if id, err := l.postTx(ctx, tx, p, at); err != nil || id == 0 {
		return err
	}
	if err := l.q.GiveBack(ctx, tx, dbsqlc.GiveBackParams{Reference: reference, At: at}); err != nil {
		return fmt.Errorf("give refund %s back: %w", reference, err)
	}
	return nil
}

// lockTx reads earnings and locks them against clearing and other refunds until the transaction ends.
func (l *Ledger) lockTx(ctx context.Context, tx pgx.Tx, names []string) (map[string]dbsqlc.LedgerEarning, error) {
	found := map[string]dbsqlc.LedgerEarning{}
	if len(names) == 0 {
		return found, nil
	}
	rows, err := l.q.LockEarnings(ctx, tx, names)
	if err != nil {
		return nil, fmt.Errorf("lock earnings %v: %w", names, err)
	}
	for _, e := range rows {
		found[e.Source] = e
	}
	return found, nil
}

// split returns the lines that take a sum from an earning and a tax from its country, or return them if they are below
// zero. settled is the part of what a converted earning became; other earnings ignore it.
func split(e dbsqlc.LedgerEarning, fee int64, sum money.Money, tax, settled int64) []Line {
	share := money.Of(sum.Amount-fee, sum.Currency)
	lines := []Line{{Fees, money.Of(fee, sum.Currency)}}
	switch {
	case e.Settled != nil:
		lines = append(lines, conversion(e.CreatorID, money.Of(settled, *e.SettledCurrency), share)...)
	case e.ClearedAt != nil:
		lines = append(lines, Line{of(Available, e.CreatorID), share})
	default:
		lines = append(lines, Line{of(Held, e.CreatorID), share})
	}
	if tax != 0 {
		lines = append(lines, Line{Taxes + e.TaxCountry, money.Of(tax, sum.Currency)})
	}
	return lines
}

// feeBack returns how much of the fee is refunded with a sum: the fee's part of everything refunded so far including
// this sum, less the part of the fee that was refunded before. Because of failed refunds in between, this may be off by
// a minor unit. It is therefore bounded: neither the fee nor the share gives back more than is left of it, and the last
// refund gives back all that is left of both.
func feeBack(e dbsqlc.LedgerEarning, sum money.Money) (int64, error) {
	left := e.Amount - e.AmountBack
	if sum.Currency != e.Currency || sum.Amount < 0 || sum.Amount > left {
		return 0, fmt.Errorf("%s of %s, of which %d %s are left", sum, e.Source, left, e.Currency)
	}
	feeLeft := e.Fee - e.FeeBack
	fee := money.Share(e.Fee, e.AmountBack+sum.Amount, e.Amount) - e.FeeBack
	return max(min(fee, feeLeft, sum.Amount), 0, sum.Amount-(left-feeLeft)), nil
}

func sources(parts []RefundPart) []string {
	names := make([]string, len(parts))
	for n, p := range parts {
		names[n] = p.Source
	}
	return names
}
