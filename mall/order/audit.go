package order

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// auditTx writes an operator's action on an order to the audit log. actor is named as in the order's history, such as
// "operator:2"; actions of the mall, a provider or a shopper are recorded in the history only. subject is an order
// number, or names its own kind, such as "order_case:7".
func (s *store) auditTx(ctx context.Context, tx pgx.Tx, actor, verb, subject string, detail any) error {
	number, staff := strings.CutPrefix(actor, "operator:")
	if !staff || s.deps.Audit == nil {
		return nil
	}
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil // an operator without an account has no entry
	}
	if !strings.Contains(subject, ":") {
		subject = aggregate(subject)
	}
	return s.deps.Audit(ctx, tx, id, verb, subject, detail)
}
