package order_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"videomall/mall/order"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
)

// told is one event that a provider reports of an order, as the test names it.
type told string

const (
	paid          told = "the right sum, by another transaction"
	paidAgain     told = "the transaction that paid it, in another notice"
	wrongSum      told = "another sum"
	wrongCurrency told = "another currency"
	approved      told = "that the payer has agreed"
	declined      told = "a payment that failed"
	refundAll     told = "a refund of all, made at the bank"
	refundPart    told = "a refund of a part, made at the bank"
	refundFailed  told = "a refund that failed, made at the bank"
	warned        told = "a bank's suspicion"
	disputed      told = "a dispute"
	withdrawn     told = "the sum of a dispute withdrawn"
	won           told = "a dispute won"
	lost          told = "a dispute lost"
)

// state is how an order stands when it is told.
type state string

const (
	waits        state = "PENDING_PAY"
	isPaid       state = "PAID"
	isDelivered  state = "DELIVERED"
	closed       state = "CLOSED"
	closedGone   state = "CLOSED, and sold out"
	isRefunded   state = "REFUNDED"
	refundedLate state = "REFUNDED, since it was paid after the close"
)

// cell is what becomes of an event: its outcome, and the order's state after it.
type cell struct {
	outcome string
	after   order.Status
}

// outcomes is the whole table. An order that was never paid has no payment that could be repeated, refunded or disputed.
var outcomes = map[state]map[told]cell{
	waits: {
		paid:          {order.OutcomePaid, order.Paid},
		wrongSum:      {order.OutcomeAmountMismatch, order.PendingPay},
		wrongCurrency: {order.OutcomeCurrencyMismatch, order.PendingPay},
		approved:      {order.OutcomeApproved, order.PendingPay},
		declined:      {order.OutcomePaymentFailed, order.PendingPay},
		refundFailed:  {order.OutcomeIgnored, order.PendingPay},
	},
	closed: {
		paid:          {order.OutcomeRevived, order.Paid},
		wrongSum:      {order.OutcomeAmountMismatch, order.Closed},
		wrongCurrency: {order.OutcomeCurrencyMismatch, order.Closed},
		approved:      {order.OutcomeIgnored, order.Closed},
		declined:      {order.OutcomePaymentFailed, order.Closed},
		refundFailed:  {order.OutcomeIgnored, order.Closed},
	},
	closedGone: {
		paid:          {order.OutcomePaidAfterClose, order.Closed}, // REFUNDED as soon as its refund has succeeded
		wrongSum:      {order.OutcomeAmountMismatch, order.Closed},
		wrongCurrency: {order.OutcomeCurrencyMismatch, order.Closed},
		approved:      {order.OutcomeIgnored, order.Closed},
		declined:      {order.OutcomePaymentFailed, order.Closed},
		refundFailed:  {order.OutcomeIgnored, order.Closed},
	},
	isPaid: {
		paid:          {order.OutcomePaidTwice, order.Paid},
		paidAgain:     {order.OutcomeDuplicate, order.Paid},
		wrongSum:      {order.OutcomeAmountMismatch, order.Paid},
		wrongCurrency: {order.OutcomeCurrencyMismatch, order.Paid},
		approved:      {order.OutcomeIgnored, order.Paid},
		declined:      {order.OutcomePaymentFailed, order.Paid},
		refundAll:     {order.OutcomeRefundSettled, order.Refunded},
		refundPart:    {order.OutcomeRefundUnmatched, order.Paid},
		refundFailed:  {order.OutcomeIgnored, order.Paid},
		warned:        {order.OutcomeDispute, order.Paid},
		disputed:      {order.OutcomeDispute, order.Paid},
		withdrawn:     {order.OutcomeDispute, order.Paid},
		won:           {order.OutcomeDisputeWon, order.Paid},
		lost:          {order.OutcomeDisputeLost, order.Refunded},
	},
	isDelivered: {
		paid:          {order.OutcomePaidTwice, order.Delivered},
		paidAgain:     {order.OutcomeDuplicate, order.Delivered},
		wrongSum:      {order.OutcomeAmountMismatch, order.Delivered},
		wrongCurrency: {order.OutcomeCurrencyMismatch, order.Delivered},
		approved:      {order.OutcomeIgnored, order.Delivered},
		declined:      {order.OutcomePaymentFailed, order.Delivered},
		refundAll:     {order.OutcomeRefundSettled, order.Refunded},
		refundPart:    {order.OutcomeRefundUnmatched, order.Delivered},
		refundFailed:  {order.OutcomeIgnored, order.Delivered},
		warned:        {order.OutcomeDispute, order.Delivered},
		disputed:      {order.OutcomeDispute, order.Delivered},
		withdrawn:     {order.OutcomeDispute, order.Delivered},
		won:           {order.OutcomeDisputeWon, order.Delivered},
		lost:          {order.OutcomeDisputeLost, order.Refunded},
	},
	isRefunded: {
		paid:          {order.OutcomePaidTwice, order.Refunded},
		paidAgain:     {order.OutcomeDuplicate, order.Refunded},
		wrongSum:      {order.OutcomeAmountMismatch, order.Refunded},
		wrongCurrency: {order.OutcomeCurrencyMismatch, order.Refunded},
		approved:      {order.OutcomeIgnored, order.Refunded},
		declined:      {order.OutcomePaymentFailed, order.Refunded},
		refundAll:     {order.OutcomeRefundUnmatched, order.Refunded},
		refundPart:    {order.OutcomeRefundUnmatched, order.Refunded},
		refundFailed:  {order.OutcomeIgnored, order.Refunded},
		warned:        {order.OutcomeDispute, order.Refunded},
		disputed:      {order.OutcomeDispute, order.Refunded},
		withdrawn:     {order.OutcomeDispute, order.Refunded},
		won:           {order.OutcomeDisputeWon, order.Refunded},
		lost:          {order.OutcomeDisputeLost, order.Refunded},
	},
	refundedLate: {
		paid:          {order.OutcomePaidTwice, order.Refunded},
		paidAgain:     {order.OutcomeDuplicate, order.Refunded},
		wrongSum:      {order.OutcomeAmountMismatch, order.Refunded},
		wrongCurrency: {order.OutcomeCurrencyMismatch, order.Refunded},
		approved:      {order.OutcomeIgnored, order.Refunded},
		declined:      {order.OutcomePaymentFailed, order.Refunded},
		refundAll:     {order.OutcomeRefundUnmatched, order.Refunded},
		refundPart:    {order.OutcomeRefundUnmatched, order.Refunded},
		refundFailed:  {order.OutcomeIgnored, order.Refunded},
		warned:        {order.OutcomeDispute, order.Refunded},
		disputed:      {order.OutcomeDispute, order.Refunded},
		withdrawn:     {order.OutcomeDispute, order.Refunded},
		won:           {order.OutcomeDisputeWon, order.Refunded},
		lost:          {order.OutcomeDisputeLost, order.Refunded},
	},
}

// brought brings a new order into a state, and returns it with its attempt and its transaction, which is empty if
// nothing was paid.
func (s *shop) brought(to state, buyer int64) (o order.Order, attempt, txn string) {
	s.t.Helper()
	stock := int64(1)
	if to == closedGone || to == refundedLate {
		stock = 2
	}
	video := s.sells(1000, stock)
	o = s.place(buyer, one(video))
	page := s.page(o)
	attempt = query[string](s, "select attempt_no from video_payment where reference = $1", o.OrderNo)[0]
	switch to {
	case closedGone, refundedLate, closed:
		s.closeAtOnce(o)
		if to != closed { // another buyer takes what is left
			_, err := s.inventory.SetStock(s.ctx, video, 0)
			s.ok(err)
		}
		if to == refundedLate {
			outcome := s.tell(o, attempt, "T-late-"+attempt, paid)
			if outcome != order.OutcomePaidAfterClose {
				s.t.Fatalf("paid after the close: %s", outcome)
			}
			s.settleAll(o)
			txn = "T-late-" + attempt
		}
	case isPaid, isDelivered, isRefunded:
		s.payAt(page, sandbox.PayOptions{})
		s.deliverNotices()
		txn = query[string](s, "select channel_txn_no from payment_capture where reference = $1", o.OrderNo)[0]
		if to != isPaid {
			s.ok(s.orders.Deliver(s.ctx, o.OrderNo))
		}
		if to == isRefunded {
			_, err := s.orders.Refunds().Request(s.ctx, order.RefundRequest{OrderNo: o.OrderNo, Actor: "operator:2", Key: "k"})
			s.ok(err)
			s.settleAll(o)
		}
	}
	return o, attempt, txn
}

// closeAtOnce closes an order without waiting for its time to end.
func (s *shop) closeAtOnce(o order.Order) {
	s.t.Helper()
	_, err := s.orders.Cancel(s.ctx, o.UserID, o.OrderNo)
	s.ok(err)
}

// settleAll has the bank's notice of the order's refund told: the bank itself need not know the payment.
func (s *shop) settleAll(o order.Order) {
	s.t.Helper()
	rows := query[string](s, "select refund_no from order_refund where order_no = $1 and status = 'pending'", o.OrderNo)
	for _, no := range rows {
		var attempt, txn string
		s.ok(s.pool.QueryRow(s.ctx, `select attempt_no, channel_txn_no from payment_refund r
			join payment_capture c on c.id = r.capture_id where refund_no = $1`, no).Scan(&attempt, &txn))
		s.applies(map[string]any{
			"type": payment.RefundSucceeded, "outTradeNo": attempt, "channelTxnNo": txn, "refundNo": no, "amount": 1000,
		})
	}
}

// tell sends a notice of an event, signed as the bank signs, and returns its outcome.
func (s *shop) tell(o order.Order, attempt, txn string, what told) string {
	s.t.Helper()
	n := map[string]any{"outTradeNo": attempt, "channelTxnNo": txn, "amount": 1000}
	other := fmt.Sprintf("T-other-%s", attempt)
	dispute := "D-" + attempt
	switch what {
	case paid:
		n["type"] = payment.PaymentSucceeded
		if txn == "" || s.knows(txn) {
			n["channelTxnNo"] = other
		}
	case paidAgain:
		n["type"] = payment.PaymentSucceeded
	case wrongSum:
		n["type"], n["amount"], n["channelTxnNo"] = payment.PaymentSucceeded, 999, other
	case wrongCurrency:
		n["type"], n["currency"], n["channelTxnNo"] = payment.PaymentSucceeded, "USD", other
	case approved:
		n["type"] = payment.PaymentApproved
	case declined:
		n["type"] = payment.PaymentFailed
	case refundAll:
		n["type"], n["refundNo"] = payment.RefundSucceeded, "BANK-"+attempt
	case refundPart:
		n["type"], n["refundNo"], n["amount"] = payment.RefundSucceeded, "BANK-"+attempt, 400
	case refundFailed:
		n["type"], n["refundNo"] = payment.RefundFailed, "BANK-"+attempt
		if txn == "" {
			n["channelTxnNo"] = other
		}
	case warned:
		n["type"] = payment.DisputeWarning
	default:
		n["type"] = map[told]string{
			disputed: payment.DisputeOpened, withdrawn: payment.DisputeFundsWithdrawn, won: payment.DisputeWon,
			lost: payment.DisputeLost,
		}[what]
		n["disputeNo"], n["reason"] = dispute, "fraudulent"
	}
	return s.applies(n)
}

func (s *shop) knows(txn string) bool {
	return query[bool](s, "select exists (select from payment_capture where channel_txn_no = $1)", txn)[0]
}

// applies applies a notice with these members, and returns its outcome.
func (s *shop) applies(n map[string]any) string {
	s.t.Helper()
	s.told++
	n["eventId"], n["merchant"], n["occurredAt"] = fmt.Sprintf("evt-told-%d", s.told), sandbox.Merchant, s.now()
	if n["currency"] == nil {
		n["currency"] = "CNY"
	}
	body, err := json.Marshal(n)
	s.ok(err)
	h := http.Header{}
	h.Set(sandbox.SignatureHeader, sandbox.Sign("sandbox-secret", s.now(), body))
	outcome, ack, err := s.orders.ApplyNotice(s.ctx, sandbox.Name, h, body)
	if err != nil || ack.Status != http.StatusOK {
		s.t.Fatalf("notice %s: %v, acknowledged with %d", body, err, ack.Status)
	}
	return outcome
}

// TestOrders_every_outcome tells an order in each state each event: the outcome and the state after it are those of the
// table, the same notice once more changes nothing, and the books are whole after all of them.
func TestOrders_every_outcome(t *testing.T) {
	s := open(t)
	buyer := int64(5000)
	for from, events := range outcomes {
		for what, want := range events {
			buyer++
			o, attempt, txn := s.brought(from, buyer)
			got := s.tell(o, attempt, txn, what)
			after, err := s.orders.GetAny(s.ctx, o.OrderNo)
			s.ok(err)
			if got != want.outcome || after.Status != want.after {
				t.Errorf("%s, told %s: got %s and %s, want %s and %s", from, what, got, after.Status, want.outcome,
					want.after)
			}
			if again := s.tell(o, attempt, txn, what); what == paidAgain && again != order.OutcomeDuplicate {
				t.Errorf("%s, told %s twice: %s", from, what, again)
			}
			if twice, err := s.orders.GetAny(s.ctx, o.OrderNo); err != nil || twice.Status != want.after ||
				twice.Refunded != after.Refunded {
				t.Errorf("%s, told %s twice: %s, refunded %s; once %s, %s; %v", from, what, twice.Status,
					twice.Refunded, after.Status, after.Refunded, err)
			}
		}
	}
	books(t, s)
}

// books compares the ledger with the captures. The bank of these tests does not know the notices that they invent.
func books(t *testing.T, s *shop) {
	t.Helper()
	if sums := query[int64](s, "select sum(amount)::bigint from ledger_line group by currency having sum(amount) <> 0"); len(sums) != 0 {
		t.Errorf("the books don't sum to zero: %v", sums)
	}
	for _, wrong := range query[string](s, `select format('%s: ledger %s, captures less refunds %s', currency, booked, taken) from (
		select c.currency, sum(c.amount - c.refunded) as taken, (select coalesce(sum(amount), 0) from ledger_line l
			where l.account = 'channel:sandbox' and l.currency = c.currency) as booked
		from payment_capture c group by c.currency) s where booked <> taken`) {
		t.Error(wrong)
	}
}
