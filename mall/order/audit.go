package order

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// auditTx writes down what an operator did to an order, named as in its history: "operator:2". What the mall, a
// provider or a shopper does stands in the history only. The subject is an order number, or names its own kind.
func (s *store) auditTx(ctx context.Context, tx pgx.Tx, actor, verb, subject string, detail any) error {
	number, staff := strings.CutPrefix(actor, "operator:")
	if !staff || s.deps.Audit == nil {
		return nil
	}
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil // no account
	}
	if !strings.Contains(subject, ":") {
		subject = aggregate(subject)
	}
	return s.deps.Audit(ctx, tx, id, verb, subject, detail)
}
