package invoice

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/invoice/internal/dbsqlc"
	"videomall/mall/order"
	"videomall/mall/textnorm"
)

// decision is what becomes of a request.
type decision struct {
	from, to   string
	fapiaoNo   string
	reversalNo string
	answer     string
	refunded   int64 // of the order by then
	verb       string
}

// IssuedFapiao records that an operator issued the fapiao of a request under a number. The same number again changes
// nothing. Errors: ErrFapiaoFound, ErrFapiaoGone, ErrFapiaoNo.
func (s *Invoices) IssuedFapiao(ctx context.Context, actorID, id int64, no string) error {
	no, err := fapiaoNo(no, "fapiao_no", true)
	if err != nil {
		return err
	}
	return s.decide(ctx, actorID, id, decision{
		from:     FapiaoRequested,
		to:       FapiaoIssued,
		fapiaoNo: no,
		verb:     "fapiao.issue",
	})
}

// DeclineFapiao refuses a request with an answer that the buyer reads; the buyer can then make it again. Errors:
// ErrFapiaoFound, ErrFapiaoGone, ErrFapiaoSay.
func (s *Invoices) DeclineFapiao(ctx context.Context, actorID, id int64, answer string) error {
	answer = textnorm.Name(answer)
	if n := utf8.RuneCountInString(answer); n == 0 || n > MaxAnswer {
		return ErrFapiaoSay.With("answer", ErrFapiaoSay.Slug)
	}
	return s.decide(ctx, actorID, id, decision{
		from:   FapiaoRequested,
		to:     FapiaoDeclined,
		answer: answer,
		verb:   "fapiao.decline",
	})
}

// ReversedFapiao records the red-letter fapiao that reverses an issued one after a refund. If a new one was issued for
// what is left of the order, again is its number. Errors: ErrFapiaoFound, ErrFapiaoGone, ErrFapiaoNo.
func (s *Invoices) ReversedFapiao(ctx context.Context, actorID, id int64, reversal, again string) error {
	reversal, err := fapiaoNo(reversal, "reversal_no", true)
	if err != nil {
		return err
	}
	if again, err = fapiaoNo(again, "fapiao_no", false); err != nil {
		return err
	}
	d := decision{
		from:       FapiaoReversing,
		to:         FapiaoReversed,
		reversalNo: reversal,
		verb:       "fapiao.reverse",
	}
	if again != "" {
		d.to, d.fapiaoNo = FapiaoIssued, again
	}
	return s.decide(ctx, actorID, id, d)
}

func fapiaoNo(typed, field string, required bool) (string, error) {
	no := textnorm.Name(typed)
	if no == "" && required || utf8.RuneCountInString(no) > MaxFapiaoNo {
		return "", ErrFapiaoNo.With(field, ErrFapiaoNo.Slug)
	}
	return no, nil
}

// decide moves a request on, and marks it anew if a refund was settled in the same moment.
func (s *Invoices) decide(ctx context.Context, actorID, id int64, d decision) error {
	var orderNo string
	if err := db.InTx(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		row, err := s.q.LockFapiao(ctx, tx, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrFapiaoFound.Because("request %d", id)
		}
		if err != nil {
			return fmt.Errorf("fapiao request %d: %w", id, err)
		}
		orderNo = row.OrderNo
		if d.fapiaoNo == "" {
			d.fapiaoNo = row.FapiaoNo // the one that is reversed; empty for a request that is declined
		}
		if row.Status == d.to && row.FapiaoNo == d.fapiaoNo && row.ReversalNo == d.reversalNo {
			return nil // the second click
		}
		if row.Status != d.from {
			return ErrFapiaoGone.Because("request %d is %s", id, row.Status)
		}
		o, err := s.deps.Orders.GetAny(ctx, row.OrderNo)
		if err != nil {
			return err
		}
		if err := s.q.DecideFapiao(ctx, tx, dbsqlc.DecideFapiaoParams{
			ID:         id,
			Status:     d.to,
			FapiaoNo:   d.fapiaoNo,
			ReversalNo: d.reversalNo,
			Answer:     d.answer,
			Refunded:   o.Refunded.Amount,
			At:         s.deps.Now(),
			DecidedBy:  actorID,
		}); err != nil {
			return fmt.Errorf("decide fapiao request %d: %w", id, err)
		}
		return s.auditTx(ctx, tx, actorID, d.verb, "fapiao:"+strconv.FormatInt(id, 10), map[string]any{
			"order": row.OrderNo, "fapiao": d.fapiaoNo, "reversal": d.reversalNo, "answer": d.answer,
		})
	}); err != nil || d.to != FapiaoIssued {
		return err
	}
	o, err := s.deps.Orders.GetAny(ctx, orderNo)
	if err != nil {
		return err
	}
	return s.flagFapiao(ctx, o)
}

// flagFapiao marks the fapiao of an order of which more has gone back than when the fapiao was issued: the operator has
// to reverse it.
func (s *Invoices) flagFapiao(ctx context.Context, o order.Order) error {
	if err := s.q.FlagFapiao(ctx, s.deps.Pool, dbsqlc.FlagFapiaoParams{
		OrderNo:  o.OrderNo,
		Refunded: o.Refunded.Amount,
	}); err != nil {
		return fmt.Errorf("mark the fapiao of %s: %w", o.OrderNo, err)
	}
	return nil
}
