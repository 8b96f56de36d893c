package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/ledger/internal/dbsqlc"
	"videomall/mall/money"
)

// Refund is money promised back to a buyer. Parts say which sold items it pays back; none is for a sum that was no
// sale.
type Refund struct {
	Reference string
	Amount    money.Money
	Parts     []RefundPart
}

// RefundPart is what one sold item gives back.
type RefundPart struct {
	Source string
	Amount money.Money
}

// RefundTx takes a promised refund from those who earned it, in the caller's transaction, once for its reference. A
// part takes from the fee and from the creator's share as they stand to each other, so that parts which together make
// the whole price give back exactly what was booked, in whatever order they come. The share comes from what is held, or
// from what is available when it has cleared, which may fall below zero: then later earnings fill it. What was sold
// before creators had accounts comes from Sales.
func (l *Ledger) RefundTx(ctx context.Context, tx pgx.Tx, r Refund) error {
	known, err := l.q.LinesOf(ctx, tx, dbsqlc.LinesOfParams{Kind: KindRefund, Reference: r.Reference})
	if err != nil {
		return fmt.Errorf("lines of refund %s: %w", r.Reference, err)
	}
	if len(known) > 0 || r.Amount.IsZero() {
		return nil
	}
	p := Posting{KindRefund, r.Reference, []Line{{Refunding, neg(r.Amount)}}}
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
		fee, err := feeBack(e, part.Amount)
		if err != nil {
			return fmt.Errorf("refund %s: %w", r.Reference, err)
		}
		p.Lines = append(p.Lines, split(e, fee, part.Amount)...)
		back.Sources = append(back.Sources, part.Source)
		back.Amounts = append(back.Amounts, part.Amount.Amount)
		back.Fees = append(back.Fees, fee)
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

// RefundSentTx books that a refund has reached the buyer: the channel holds that much less. One whose promise was never
// booked, because it was made before promises were, is taken from those who earned it now.
func (l *Ledger) RefundSentTx(ctx context.Context, tx pgx.Tx, channel string, r Refund) error {
	if err := l.RefundTx(ctx, tx, r); err != nil {
		return err
	}
	_, err := l.PostTx(ctx, tx, move(KindRefund, r.Reference+"/sent", Channel+channel, Refunding, r.Amount))
	return err
}

// RefundFailedTx gives back what a refund that did not come had taken, once: the fee to the mall, and the share to
// where the creator's earning stands by now. Of a refund whose promise was never booked there is nothing to give back.
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
		return fmt.Errorf("what refund %s took: %w", reference, err)
	}
	p := Posting{KindRefund, reference + "/failed", nil}
	for _, line := range lines {
		switch line.Account {
		case Refunding, Unapplied, Sales:
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
	for _, t := range taken {
		e := earnings[t.Source]
		p.Lines = append(p.Lines, split(e, -t.Fee, money.Of(-t.Amount, e.Currency))...)
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

// lockTx reads earnings and keeps clearing and other refunds away from them until the transaction ends.
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

// split are the lines that take a sum back from an earning, or with a sum below zero give it back.
func split(e dbsqlc.LedgerEarning, fee int64, sum money.Money) []Line {
	account := of(Held, e.CreatorID)
	if e.ClearedAt != nil {
		account = of(Available, e.CreatorID)
	}
	return []Line{{Fees, money.Of(fee, sum.Currency)}, {account, money.Of(sum.Amount-fee, sum.Currency)}}
}

// feeBack is how much of the fee goes back with a sum: what the fee's part in all that is back should be, less what is
// back of it. Refunds that failed in between may have left that a minor unit off, hence the bounds: neither side gives
// back more than it has left, and the last refund gives back the rest of both.
func feeBack(e dbsqlc.LedgerEarning, sum money.Money) (int64, error) {
	left := e.Amount - e.AmountBack
	if sum.Currency != e.Currency || sum.Amount < 0 || sum.Amount > left {
		return 0, fmt.Errorf("%s of %s, of which %d %s are left", sum, e.Source, left, e.Currency)
	}
	feeLeft := e.Fee - e.FeeBack
	fee := share(e.Fee, e.AmountBack+sum.Amount, e.Amount) - e.FeeBack
	return max(min(fee, feeLeft, sum.Amount), 0, sum.Amount-(left-feeLeft)), nil
}

func sources(parts []RefundPart) []string {
	names := make([]string, len(parts))
	for n, p := range parts {
		names[n] = p.Source
	}
	return names
}
