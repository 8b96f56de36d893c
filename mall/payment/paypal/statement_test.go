package paypal_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/paypal/paypaltest"
)

func lines(t *testing.T, bank *paypaltest.Server, at time.Time) (list []payment.StatementLine, err error) {
	t.Helper()
	for l, failed := range bank.Provider().Statement(t.Context(), at) {
		if failed != nil {
			return list, failed
		}
		list = append(list, l)
	}
	return list, nil
}

// Every kind of movement, whose it is, and its fee.
func TestPayPal_Statement_kinds(t *testing.T) {
	t.Parallel()
	bank := open(t)
	paid := pays(t, bank, request())
	if _, err := bank.Provider().Refund(t.Context(), refundOf(request(), paid, 290)); err != nil {
		t.Fatal(err)
	}
	if err := bank.FinishRefund("01HREFUND00000000000000001", true); err != nil {
		t.Fatal(err)
	}
	if err := bank.RefundAtBank(request().AttemptNo, money.Of(100, "USD")); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{payment.DisputeOpened, payment.DisputeLost} {
		if err := bank.Dispute(request().AttemptNo, to); err != nil {
			t.Fatal(err)
		}
	}
	bank.Book(paid.ChannelTxnNo, "T1202", "videomall:"+request().AttemptNo, "S", 1290, "USD")
	bank.Book(paid.ChannelTxnNo, "T1110", "", "S", -1290, "USD")
	bank.Book(paid.ChannelTxnNo, "T1111", "", "S", 1290, "USD")
	bank.Book("", "T0006", "videomall:A9", "P", 500, "USD") // pending
	bank.Book("", "T0006", "videomall:A9", "V", 500, "USD") // done, and reversed later
	bank.Book("", "T0700", "", "D", -500, "USD")
	if err := bank.Foreign(); err != nil {
		t.Fatal(err)
	}
	day := bank.Now()
	bank.Advance(24 * time.Hour)
	list, err := lines(t, bank, day)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range list {
		dispute := ""
		if l.DisputeNo != "" {
			dispute = "PP-D"
		}
		got = append(got, fmt.Sprintf("%s %s %t %d fee %d %s %s", l.Kind, l.AttemptNo, l.Foreign, l.Amount.Amount,
			l.Fee.Amount, l.RefundNo, dispute))
		if l.ChannelTxnNo != paid.ChannelTxnNo && l.AttemptNo == request().AttemptNo {
			t.Errorf("line %+v", l)
		}
	}
	a := request().AttemptNo
	want := []string{
		"payment " + a + " false 1290 fee 67  ",
		"refund " + a + " false 290 fee 0 01HREFUND00000000000000001 ",
		"refund " + a + " false 100 fee 0  ",
		"dispute " + a + " false 1290 fee 0  PP-D",
		"dispute_won " + a + " false 1290 fee 0  PP-D",
		"debit  false 1290 fee 0  ",
		"credit  false 1290 fee 0  ",
		"payment A9 false 500 fee 0  ",
		"payment  true 700 fee 50  ",
		"refund  true 300 fee 0  ",
		"debit  false 100 fee 0  ",
	}
	if len(got) != len(want) {
		t.Fatalf("%d lines: %q", len(got), got)
	}
	for n := range want {
		if got[n] != want[n] {
			t.Errorf("line %d: %q, want %q", n, got[n], want[n])
		}
	}
}

// A report of more rows than PayPal lists is read in parts, without a row too many or too few.
func TestPayPal_Statement_of_many_pages(t *testing.T) {
	t.Parallel()
	bank := open(t)
	bank.Advance(-12*time.Hour - 4*time.Minute) // midnight
	day := bank.Now()
	const rows = 10_100
	bank.Fill(rows, 8*time.Second)
	bank.Advance(30 * time.Hour)
	list, err := lines(t, bank, day)
	if err != nil || len(list) != rows {
		t.Errorf("%d lines, %v", len(list), err)
	}
}

// There is no statement until PayPal's report reaches the end of the day, which it may do late.
func TestPayPal_Statement_not_ready(t *testing.T) {
	t.Parallel()
	bank := open(t)
	day := bank.Now()
	pays(t, bank, request())
	for _, advance := range []time.Duration{0, 12 * time.Hour, 2 * time.Hour} {
		bank.Advance(advance)
		if list, err := lines(t, bank, day); !errors.Is(err, payment.ErrNoStatement) || len(list) != 0 {
			t.Errorf("at %s: %d lines, %v", bank.Now(), len(list), err)
		}
	}
	bank.Lag(48 * time.Hour)
	bank.Advance(24 * time.Hour)
	if list, err := lines(t, bank, day); !errors.Is(err, payment.ErrNoStatement) || len(list) != 0 {
		t.Errorf("a report that is late: %d lines, %v", len(list), err)
	}
	bank.Lag(time.Hour)
	if list, err := lines(t, bank, day); err != nil || len(list) != 1 {
		t.Errorf("at last: %d lines, %v", len(list), err)
	}
}
