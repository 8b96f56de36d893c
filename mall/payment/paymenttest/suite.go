package paymenttest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
)

// Suite runs the tests that every provider passes against one bank for each of them.
type Suite struct {
	// Open returns a new bank with nothing in its books. It ends with the test.
	Open func(t *testing.T) Bank
	// Method is the name of the way to pay that the tests use.
	Method string
	// Currency is that of all sums; at least two digits after the point.
	Currency string
	// Without lists what the provider does not have.
	Without []Feature
}

// Run runs all tests of the suite.
func (s Suite) Run(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(*desk)
	}{
		{"Create", create},
		{"Create again", createAgain},
		{"Create after a lost answer", createLost},
		{"Create refused", createRefused},
		{"Query", query},
		{"Query what is unknown", queryUnknown},
		{"Query another sum", queryOtherSum},
		{"Query without the provider's number", queryWithoutRef},
		{"Capture", captureApproved},
		{"Processing", processing},
		{"Failed", failed},
		{"Close", closeOpen},
		{"Close paid", closePaid},
		{"Close unknown", closeUnknown},
		{"Expired", expired},
		{"Refund", refund},
		{"Refund in parts", refundParts},
		{"Refund again", refundAgain},
		{"Refund too much", refundTooMuch},
		{"Refund after a lost answer", refundLost},
		{"Refund fails", refundFails},
		{"Refund fails late", refundFailsLate},
		{"Refund without balance", refundNoBalance},
		{"Refund at the bank", refundAtBank},
		{"Notice", notice},
		{"Notice changed", noticeChanged},
		{"Notice too old", noticeTooOld},
		{"Notice repeated", noticeRepeated},
		{"Notice of another", noticeForeign},
		{"Acknowledge", acknowledge},
		{"Disputes", disputes},
		{"Faults", faults},
		{"Answers are verified", badAnswer},
		{"Cancelled", cancelled},
		{"Statement", statement},
		{"Statement at midnight", statementMidnight},
		{"Statement too early", statementEarly},
		{"Methods", methods},
	} {
		t.Run(c.name, func(t *testing.T) {
			bank := s.Open(t)
			c.run(&desk{t, s, bank, bank.Provider(), 0})
		})
	}
}

// desk is one test at one bank.
type desk struct {
	*testing.T
	Suite
	bank Bank
	payment.Provider
	made int
}

func (d *desk) needs(f Feature) {
	d.Helper()
	if slices.Contains(d.Without, f) {
		d.Skipf("the provider has: %s", f)
	}
}

func (d *desk) has(f Feature) bool { return !slices.Contains(d.Without, f) }

func (d *desk) sum(minor int64) money.Money { return money.Of(minor, d.Currency) }

// request is a request for a new attempt over 12.90.
func (d *desk) request() payment.CreateRequest {
	d.made++
	now := d.bank.Now().UTC().Truncate(time.Second)
	return payment.CreateRequest{
		AttemptNo: fmt.Sprintf("01HATTEMPT%016d", d.made),
		Method:    d.Method,
		Subject:   "Northern Lights & 1 more: 北境之光",
		ReturnURL: "https://mall.example/orders/1",
		Language:  "en",
		Amount:    d.sum(1290),
		CreatedAt: now,
		ExpiresAt: now.Add(15 * time.Minute),
		PayerID:   "payer-1",
		PayerIP:   "203.0.113.7",
	}
}

// open opens a charge and returns its name.
func (d *desk) open() payment.ChargeRef {
	d.Helper()
	r := d.request()
	created, err := d.Create(d.Context(), r)
	if err != nil {
		d.Fatalf("create %s: %v", r.AttemptNo, err)
	}
	return payment.ChargeRef{CreateRequest: r, ProviderRef: created.ProviderRef}
}

// paid opens a charge, pays it and returns it.
func (d *desk) paid() (payment.ChargeRef, payment.Charge) {
	d.Helper()
	ref := d.open()
	d.pay(ref, Payment{})
	return ref, d.charge(ref, payment.ChargePaid)
}

// pay lets the payer pay. Where the payer only approves, it takes the money afterwards, as the mall does.
func (d *desk) pay(ref payment.ChargeRef, how Payment) {
	d.Helper()
	if err := d.bank.Pay(ref.AttemptNo, how); err != nil {
		d.Fatalf("pay %s: %v", ref.AttemptNo, err)
	}
	capturer, is := d.Provider.(payment.Capturer)
	if !is {
		return
	}
	if c, err := d.Query(d.Context(), ref); err != nil {
		d.Fatal(err)
	} else if c.Status != payment.ChargeApproved {
		return
	}
	if _, err := capturer.Capture(d.Context(), ref); err != nil {
		d.Fatalf("capture %s: %v", ref.AttemptNo, err)
	}
}

// charge asks for a charge and compares its status.
func (d *desk) charge(ref payment.ChargeRef, want ...payment.ChargeStatus) payment.Charge {
	d.Helper()
	c, err := d.Query(d.Context(), ref)
	if err != nil || !slices.Contains(want, c.Status) {
		d.Fatalf("charge %s is %+v, %v; want %v", ref.AttemptNo, c, err, want)
	}
	return c
}

// isOpen asks for a charge that nobody has begun to pay.
func (d *desk) isOpen(ref payment.ChargeRef) {
	d.Helper()
	if d.has(AbsentAtFirst) {
		d.charge(ref, payment.ChargeOpen)
	} else {
		d.charge(ref, payment.ChargeOpen, payment.ChargeAbsent)
	}
}

// wants compares the kind of an error.
func (d *desk) wants(err, want error, doing string) {
	d.Helper()
	if !errors.Is(err, want) {
		d.Fatalf("%s: got %v, want %v", doing, err, want)
	}
}

// unknown says that an error tells nothing definite.
func (d *desk) unknown(err error, doing string) {
	d.Helper()
	if err == nil {
		d.Fatalf("%s: no error", doing)
	}
	for _, definite := range []error{
		payment.ErrRejected, payment.ErrRetryLater, payment.ErrAbsent, payment.ErrProcessing, payment.ErrAlreadyPaid,
	} {
		if errors.Is(err, definite) {
			d.Fatalf("%s: %v is definite", doing, err)
		}
	}
}

// notices parses what the bank has sent since the last call.
func (d *desk) notices() []payment.Notice {
	d.Helper()
	var list []payment.Notice
	for _, sent := range d.bank.Notices() {
		n, err := d.ParseNotice(sent.Header, sent.Body)
		if err != nil {
			d.Fatalf("parse a notice: %v\n%s", err, sent.Body)
		}
		if n.Provider != d.Name() || n.EventID == "" || string(n.Raw) != string(sent.Body) {
			d.Fatalf("notice is of %q with event %q; its raw body is kept: %v", n.Provider, n.EventID,
				string(n.Raw) == string(sent.Body))
		}
		if again, err := d.ReadNotice(sent.Body); err != nil || !reflect.DeepEqual(again, n) {
			d.Fatalf("a notice that is read again: got %+v, %v, want %+v", again, err, n)
		}
		list = append(list, n)
	}
	return list
}

// theNotice returns the one notice of a type.
func (d *desk) theNotice(kind string) payment.Notice {
	d.Helper()
	all := d.notices()
	found := slices.DeleteFunc(slices.Clone(all), func(n payment.Notice) bool { return n.Type != kind })
	if len(found) != 1 {
		d.Fatalf("%d notices of %s among %+v", len(found), kind, all)
	}
	return found[0]
}

// ofPayment returns a request for a refund of a charge.
func (d *desk) ofPayment(ref payment.ChargeRef, c payment.Charge, minor int64) payment.RefundRequest {
	d.made++
	return payment.RefundRequest{
		RefundRef: payment.RefundRef{
			RefundNo:     fmt.Sprintf("01HREFUND%017d", d.made),
			Charge:       ref,
			ChannelTxnNo: c.ChannelTxnNo,
			Captured:     c.Amount,
			Amount:       d.sum(minor),
		},
		Reason: "the shopper changed their mind",
	}
}

// refunded requests a refund and sees it through.
func (d *desk) refunded(r payment.RefundRequest) payment.RefundResult {
	d.Helper()
	result, err := d.Refund(d.Context(), r)
	if err != nil {
		d.Fatalf("refund %s: %v", r.RefundNo, err)
	}
	if result.Status == payment.ResultProcessing {
		d.finish(r.RefundNo, true)
	}
	return d.refund(r, payment.ResultSucceeded)
}

func (d *desk) finish(refundNo string, succeeded bool) {
	d.Helper()
	if err := d.bank.FinishRefund(refundNo, succeeded); err != nil {
		d.Fatalf("finish refund %s: %v", refundNo, err)
	}
}

// refund asks for a refund and compares its status.
func (d *desk) refund(r payment.RefundRequest, want ...payment.ResultStatus) payment.RefundResult {
	d.Helper()
	result, err := d.QueryRefund(d.Context(), r.RefundRef)
	if err != nil || !slices.Contains(want, result.Status) {
		d.Fatalf("refund %s is %+v, %v; want %v", r.RefundNo, result, err, want)
	}
	return result
}

// lines reads the statement of the day that contains at.
func (d *desk) lines(at time.Time) []payment.StatementLine {
	d.Helper()
	var list []payment.StatementLine
	for line, err := range d.Statement(d.Context(), at) {
		if err != nil {
			d.Fatalf("statement of %s: %v", at, err)
		}
		if line.Amount.Amount < 0 || line.Kind == "" || line.At.IsZero() {
			d.Fatalf("line %+v", line)
		}
		list = append(list, line)
	}
	return list
}

// nextDay moves the clock to noon of the provider's next day, when it has the statement of the day before.
func (d *desk) nextDay() {
	now := d.bank.Now().In(d.Zone())
	y, m, day := now.Date()
	d.bank.Advance(time.Date(y, m, day+1, 12, 0, 0, 0, d.Zone()).Sub(now))
}

// hides says that a text tells no secret of a request.
func (d *desk) hides(text string, secrets ...string) {
	d.Helper()
	for _, secret := range secrets {
		if secret != "" && strings.Contains(text, secret) {
			d.Errorf("%.80q tells a secret", text)
		}
	}
}
