package invoice

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/invoice/internal/dbsqlc"
	"videomall/mall/money"
)

// OfOrder reads the documents of an order, the oldest first.
func (s *Invoices) OfOrder(ctx context.Context, orderNo string) ([]Document, error) {
	rows, err := s.q.InvoicesOf(ctx, s.deps.Pool, orderNo)
	if err != nil {
		return nil, fmt.Errorf("documents of %s: %w", orderNo, err)
	}
	return documentsOf(rows)
}

// Own reads a document of a person's own order by its number. For another person's it returns ErrNotFound, as for one
// that does not exist.
func (s *Invoices) Own(ctx context.Context, userID int64, orderNo, no string) (Document, error) {
	d, err := s.ByNo(ctx, no)
	if err != nil {
		return Document{}, err
	}
	if d.UserID != userID || d.OrderNo != orderNo {
		return Document{}, ErrNotFound.Because("document %s is not of user %d and order %.40q", no, userID, orderNo)
	}
	return d, nil
}

var numbered = regexp.MustCompile(`^(INV|CN)-([2-9][0-9]{3})-([0-9]{1,9})$`)

// parseNo reads a number such as INV-2026-000001 or cn-2026-1.
func parseNo(no string) (k Kind, year, number int, ok bool) {
	m := numbered.FindStringSubmatch(strings.ToUpper(strings.TrimSpace(no)))
	if m == nil {
		return "", 0, 0, false
	}
	k = Invoice
	if m[1] == "CN" {
		k = CreditNote
	}
	year, _ = strconv.Atoi(m[2])
	number, _ = strconv.Atoi(m[3])
	return k, year, number, true
}

// ByNo reads a document by its number, for an operator. Errors: ErrNotFound.
func (s *Invoices) ByNo(ctx context.Context, no string) (Document, error) {
	k, year, number, ok := parseNo(no)
	if !ok {
		return Document{}, ErrNotFound.Because("%.40q is no number", no)
	}
	row, err := s.q.InvoiceByNumber(ctx, s.deps.Pool, dbsqlc.InvoiceByNumberParams{
		Kind:   string(k),
		Year:   int32(year),
		Number: int32(number),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Document{}, ErrNotFound.Because("document %s", no)
	}
	if err != nil {
		return Document{}, fmt.Errorf("document %s: %w", no, err)
	}
	return documentOf(row)
}

// Filter chooses documents that were issued from Since to Until.
type Filter struct {
	Since, Until time.Time
	Kind         Kind     // empty for all
	Before       Document // issued before this one, if it is not the zero Document
	Limit        int
}

// List reads the documents that a filter chooses, the newest first.
func (s *Invoices) List(ctx context.Context, f Filter) ([]Document, error) {
	rows, err := s.q.Invoices(ctx, s.deps.Pool, dbsqlc.InvoicesParams{
		Since:    f.Since,
		Until:    f.Until,
		Kind:     string(f.Kind),
		BeforeID: f.Before.ID,
		BeforeAt: f.Before.IssuedAt,
		MaxRows:  int32(f.Limit),
	})
	if err != nil {
		return nil, fmt.Errorf("documents from %s to %s: %w", f.Since, f.Until, err)
	}
	return documentsOf(rows)
}

// Sum is the sum of all documents of a kind and a currency.
type Sum struct {
	Kind            Kind
	Count           int64
	Net, Tax, Gross money.Money
}

// Sums sums up the documents that were issued from one moment to another.
func (s *Invoices) Sums(ctx context.Context, since, until time.Time) ([]Sum, error) {
	rows, err := s.q.InvoiceSums(ctx, s.deps.Pool, dbsqlc.InvoiceSumsParams{Since: since, Until: until})
	if err != nil {
		return nil, fmt.Errorf("sums from %s to %s: %w", since, until, err)
	}
	list := make([]Sum, len(rows))
	for n, r := range rows {
		list[n] = Sum{
			Kind:  Kind(r.Kind),
			Count: r.Count,
			Net:   money.Of(r.Net, r.Currency),
			Tax:   money.Of(r.Tax, r.Currency),
			Gross: money.Of(r.Gross, r.Currency),
		}
	}
	return list, nil
}

// Series are the documents of a kind and year. Its numbers run from 1 to Counted if Count and Highest are the same.
type Series struct {
	Kind    Kind
	Year    int
	Counted int
	Count   int
	Highest int
}

// First and Last are the first and the last number.
func (s Series) First() string { return numberOf(s.Kind, s.Year, 1) }

// Last is the number that was given last.
func (s Series) Last() string { return numberOf(s.Kind, s.Year, s.Counted) }

// Whole reports whether no number is missing. Numbers are unique and positive, so that counting them is enough.
func (s Series) Whole() bool { return s.Count == s.Counted && s.Highest == s.Counted }

// Series compares the documents of each year with the numbers that were given, the latest year first.
func (s *Invoices) Series(ctx context.Context) ([]Series, error) {
	rows, err := s.q.InvoiceSeries(ctx, s.deps.Pool)
	if err != nil {
		return nil, fmt.Errorf("series of documents: %w", err)
	}
	list := make([]Series, len(rows))
	for n, r := range rows {
		list[n] = Series{
			Kind:    Kind(r.Kind),
			Year:    int(r.Year),
			Counted: int(r.Last),
			Count:   int(r.Count),
			Highest: int(r.Highest),
		}
	}
	return list, nil
}
