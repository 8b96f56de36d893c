// Package invoice owns what a buyer can show to a tax office: invoices of paid orders, credit notes of their refunds,
// and requests for a fapiao. Numbers of a kind have no gaps within a year, and what was issued is never changed. It
// knows what an order was sold for and refuses to know how a document looks; it moves no money and asks no tax
// platform.
package invoice

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"videomall/mall/calendar"
	"videomall/mall/fault"
	"videomall/mall/invoice/internal/dbsqlc"
	"videomall/mall/money"
	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/tax"
)

// Kind says what a document is.
type Kind string

// The kinds of documents.
const (
	Invoice    Kind = "invoice"
	CreditNote Kind = "credit_note"
)

// The faults that callers tell apart. ErrCountry has the field country.
var (
	ErrNotFound = fault.New(fault.NotFound, "invoice_not_found", "There is no such document.")
	ErrLocked   = fault.New(fault.Conflict, "invoice_not_correctable",
		"The details of this receipt can't be corrected any more.")
	ErrCountry = fault.New(fault.Invalid, "invoice_country",
		"The order was taxed in another country, which a correction can't change.")
)

// Seller is who issues documents. Name is empty if the shop's operator has not named a seller.
type Seller struct {
	Name    string
	Address []string // lines
}

// AuditFunc records an action of staff in the transaction of the action.
type AuditFunc = func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error

// Deps are the dependencies of Invoices.
type Deps struct {
	Pool     *pgxpool.Pool
	Now      func() time.Time
	Orders   *order.Orders
	Payments *payment.Payments
	River    *river.Client[pgx.Tx] // inserts only
	Seller   Seller
	Tax      tax.Shop // its VAT id, country and zone, whose days and years documents have
	// Buyer returns the name of an account, for documents of buyers who have entered no other.
	Buyer func(ctx context.Context, userID int64) (string, error)
	Audit AuditFunc // nil records nothing
}

// Invoices issues and reads documents. It is safe for concurrent use.
type Invoices struct {
	deps Deps
	q    *dbsqlc.Queries
}

// New returns the Invoices of a database.
func New(d Deps) *Invoices { return &Invoices{deps: d, q: dbsqlc.New()} }

// Zone is the zone whose days and years documents have.
func (s *Invoices) Zone() calendar.Zone { return s.deps.Tax.Zone }

func (s *Invoices) auditTx(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error {
	if s.deps.Audit == nil {
		return nil
	}
	return s.deps.Audit(ctx, tx, actorID, verb, subject, detail)
}

// Document is an invoice or a credit note as it was issued.
type Document struct {
	ID        int64
	Kind      Kind
	Year      int
	Number    int
	OrderNo   string
	UserID    int64
	RefundNo  string // of a credit note; empty if it takes back an invoice that is replaced
	InvoiceID int64  // of a credit note: the invoice that it takes from
	Replaces  int64  // of an invoice: the one with other details that it replaces; 0 for none
	Net       money.Money
	Tax       money.Money
	Gross     money.Money // Net and Tax
	Facts     Facts
	IssuedAt  time.Time
}

// No is the number that the document bears, such as INV-2026-000001.
func (d Document) No() string { return numberOf(d.Kind, d.Year, d.Number) }

// Corrects reports whether it is a credit note that takes back an invoice because another replaces it.
func (d Document) Corrects() bool { return d.Kind == CreditNote && d.RefundNo == "" }

func numberOf(k Kind, year, number int) string {
	prefix := "INV"
	if k == CreditNote {
		prefix = "CN"
	}
	return fmt.Sprintf("%s-%04d-%06d", prefix, year, number)
}

func documentOf(r dbsqlc.Invoice) (Document, error) {
	d := Document{
		ID:       r.ID,
		Kind:     Kind(r.Kind),
		Year:     int(r.Year),
		Number:   int(r.Number),
		OrderNo:  r.OrderNo,
		UserID:   r.UserID,
		RefundNo: r.RefundNo,
		Net:      money.Of(r.Net, r.Currency),
		Tax:      money.Of(r.Tax, r.Currency),
		Gross:    money.Of(r.Gross, r.Currency),
		IssuedAt: r.IssuedAt,
	}
	if r.InvoiceID != nil {
		d.InvoiceID = *r.InvoiceID
	}
	if r.ReplacesID != nil {
		d.Replaces = *r.ReplacesID
	}
	if err := json.Unmarshal(r.Facts, &d.Facts); err != nil {
		return Document{}, fmt.Errorf("facts of document %d: %w", r.ID, err)
	}
	return d, nil
}

func documentsOf(rows []dbsqlc.Invoice) ([]Document, error) {
	list := make([]Document, len(rows))
	for n, r := range rows {
		var err error
		if list[n], err = documentOf(r); err != nil {
			return nil, err
		}
	}
	return list, nil
}
