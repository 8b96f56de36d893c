package ledger_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/ledger"
)

// A tax is owed to its country from the sale on; fee and share are parts of the rest. Refunds take each from where it is,
// and a failed one gives it back.
func TestLedger_SaleTx_owes_the_tax_to_its_country(t *testing.T) {
	h := open(t)
	taxed := func(source string, amount, tax int64, country string) ledger.Part {
		p := part(source, amount)
		p.Tax, p.Country = cny(tax), country
		return p
	}
	sale := ledger.Sale{
		Reference: "bank/taxed",
		Channel:   "bank",
		Amount:    cny(1790),
		Parts:     []ledger.Part{taxed("A/1", 1000, 190, "DE"), taxed("A/2", 500, 100, "FR")},
	}
	h.tx(func(tx pgx.Tx) error { return h.books.SaleTx(h.ctx, tx, sale) })
	h.holds("channel:bank", 1790)
	h.holds("tax:DE", -190)
	h.holds("tax:FR", -100)
	h.holds("fees", -225)
	back := func(no string, amount, tax int64) ledger.Refund {
		return ledger.Refund{
			Reference: no,
			Amount:    cny(amount),
			Parts:     []ledger.RefundPart{{Source: "A/1", Amount: cny(amount), Tax: cny(tax)}},
		}
	}
	h.tx(func(tx pgx.Tx) error { return h.books.RefundTx(h.ctx, tx, back("R1", 595, 95)) })
	h.holds("tax:DE", -95)
	h.holds("fees", -150)
	h.fails("R1")
	h.holds("tax:DE", -190)
	h.holds("fees", -225)
	h.tx(func(tx pgx.Tx) error { return h.books.RefundSentTx(h.ctx, tx, "bank", back("R2", 1190, 190)) })
	h.holds("tax:DE", 0)
	h.holds("tax:FR", -100)
	h.holds("channel:bank", 600)
	h.zero()
	for name, r := range map[string]ledger.Refund{
		"more tax than is left": back("R3", 10, 1),
		"less than nothing":     back("R4", 10, -1),
	} {
		if err := db.InTx(h.ctx, h.pool, func(tx pgx.Tx) error { return h.books.RefundTx(h.ctx, tx, r) }); err == nil {
			t.Errorf("%s was refunded", name)
		}
	}
	for name, p := range map[string]ledger.Part{
		"a tax of no country": taxed("B/1", 1000, 190, ""),
		"a tax below zero":    taxed("B/1", 1000, -190, "DE"),
	} {
		s := ledger.Sale{
			Reference: "bank/" + name,
			Channel:   "bank",
			Amount:    cny(p.Amount.Amount + p.Tax.Amount),
			Parts:     []ledger.Part{p},
		}
		err := db.InTx(h.ctx, h.pool, func(tx pgx.Tx) error { return h.books.SaleTx(h.ctx, tx, s) })
		if !errors.Is(err, ledger.ErrUnbalanced) {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.zero()
}
