package paypal

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
)

// settling is how long after a day's end its statement is asked for: PayPal lists a transaction within three hours.
const settling = 3 * time.Hour

// transaction is a row of PayPal's report.
type transaction struct {
	Info struct {
		ID          string `json:"transaction_id"`
		ReferenceID string `json:"paypal_reference_id"`
		EventCode   string `json:"transaction_event_code"`
		At          string `json:"transaction_initiation_date"`
		Amount      amount `json:"transaction_amount"`
		Fee         amount `json:"fee_amount"`
		Status      string `json:"transaction_status"`
		Custom      string `json:"custom_field"`
	} `json:"transaction_info"`
}

// reportPage is a page of the report.
type reportPage struct {
	Transactions  []transaction `json:"transaction_details"`
	LastRefreshed string        `json:"last_refreshed_datetime"`
	Page          int           `json:"page"`
	TotalPages    int           `json:"total_pages"`
}

// Statement yields the transactions of a UTC day, page by page. The report has the sums and the fees in the currency of
// the sale; a conversion is a movement of its own. Errors: payment.ErrNoStatement as long as PayPal's report does not
// reach the day's end.
func (p *PayPal) Statement(ctx context.Context, at time.Time) iter.Seq2[payment.StatementLine, error] {
	return func(yield func(payment.StatementLine, error) bool) {
		from := at.UTC().Truncate(24 * time.Hour)
		to := from.Add(24 * time.Hour)
		if p.opt.Now().Before(to.Add(settling)) {
			yield(payment.StatementLine{}, payment.ErrNoStatement.Because("paypal: %s isn't over for long enough",
				from.Format(time.DateOnly)))
			return
		}
		o := owners{paypal: p, marks: map[string]string{}}
		p.report(ctx, from, to, func(t transaction, err error) bool {
			if err != nil {
				yield(payment.StatementLine{}, err)
				return false
			}
			line, moved, err := o.line(ctx, t)
			if err != nil {
				err = fmt.Errorf("paypal: transaction %.60q: %w", t.Info.ID, err)
			}
			if err == nil && !moved {
				return true
			}
			return yield(line, err) && err == nil
		})
	}
}

// report hands over the rows from one time to another, to which it does not reach, and reports whether to go on. PayPal
// lists ten thousand rows at most, so that a longer report is read in halves.
func (p *PayPal) report(ctx context.Context, from, to time.Time, each func(transaction, error) bool) bool {
	query := url.Values{
		"start_date":                     {from.Format(time.RFC3339)},
		"end_date":                       {to.Add(-time.Second).Format(time.RFC3339)}, // both are within
		"fields":                         {"transaction_info"},
		"balance_affecting_records_only": {"Y"},
		"page_size":                      {"100"},
	}
	for n := 1; ; n++ {
		query.Set("page", strconv.Itoa(n))
		var page reportPage
		err := p.get(ctx, "/v1/reporting/transactions", query, &page)
		if refused, is := errors.AsType[*refusal](err); is && n == 1 && to.Sub(from) > time.Minute &&
			(refused.Name == "RESULTSET_TOO_LARGE" || refused.Issue == "RESULTSET_TOO_LARGE") {
			middle := from.Add(to.Sub(from) / 2).Truncate(time.Second)
			return p.report(ctx, from, middle, each) && p.report(ctx, middle, to, each)
		}
		if err != nil {
			return each(transaction{}, definite(err))
		}
		if refreshed, err := timeOf(page.LastRefreshed); err != nil || refreshed.Before(to) {
			return each(transaction{}, payment.ErrNoStatement.Because("paypal: the report reaches to %.40q",
				page.LastRefreshed))
		}
		for _, t := range page.Transactions {
			if !each(t, nil) {
				return false
			}
		}
		if n >= page.TotalPages {
			return true
		}
		if len(page.Transactions) == 0 {
			return each(transaction{}, errors.New("paypal: a page of the report is empty, but not the last"))
		}
	}
}

// owners makes lines of transactions, and finds out whose payment a refund or a dispute is about.
type owners struct {
	paypal *PayPal
	marks  map[string]string // the custom_id of captures and refunds asked for
}

// kindOf tells what a transaction is, by its event code and its direction. Holds and their releases, fees, conversions and
// transfers to the bank are debits and credits.
func kindOf(code string, negative bool) string {
	switch {
	case strings.HasPrefix(code, "T00") && !negative:
		return payment.StatementPayment
	case code == "T1107" && negative:
		return payment.StatementRefund
	case code == "T1107":
		return payment.StatementRefundReturned
	case (code == "T1106" || code == "T1201") && negative: // a reversal, a chargeback
		return payment.StatementDispute
	case code == "T1106" || code == "T1202":
		return payment.StatementDisputeWon
	case negative:
		return payment.StatementDebit
	}
	return payment.StatementCredit
}

// line returns the line of a transaction. moved is false if it has moved no money, or not yet.
func (o owners) line(ctx context.Context, t transaction) (l payment.StatementLine, moved bool, err error) {
	i := t.Info
	if i.Status != "S" && i.Status != "V" { // done, or done and reversed later
		return l, false, nil
	}
	sum, err := signedFromPayPal(i.Amount.Value, i.Amount.CurrencyCode)
	if err != nil || sum.IsZero() {
		return l, false, err
	}
	if l.At, err = timeOf(i.At); err != nil {
		return l, false, err
	}
	if !plain(i.ID) || i.ReferenceID != "" && !plain(i.ReferenceID) {
		return l, false, fmt.Errorf("reference %.60q", i.ReferenceID)
	}
	l.Kind, l.Amount = kindOf(i.EventCode, sum.Amount < 0), sum
	l.Amount.Amount = max(sum.Amount, -sum.Amount)
	l.Fee = money.Of(0, sum.Currency)
	if i.Fee.Value != "" {
		if l.Fee, err = signedFromPayPal(i.Fee.Value, i.Fee.CurrencyCode); err != nil {
			return l, false, err
		}
		l.Fee.Amount = -l.Fee.Amount
	}
	return l, true, o.mark(ctx, &l, t)
}

// mark fills in whose a movement is.
func (o owners) mark(ctx context.Context, l *payment.StatementLine, t transaction) (err error) {
	p, custom := o.paypal, t.Info.Custom
	switch l.Kind {
	case payment.StatementPayment:
		l.ChannelTxnNo = t.Info.ID
	case payment.StatementRefund:
		l.ChannelTxnNo = t.Info.ReferenceID
		if _, no, ours := p.marked(custom); !ours || no == "" {
			// The report may repeat the mark of the payment: the refund itself has ours if we made it.
			if custom, err = o.customOf(ctx, refunds, t.Info.ID); err != nil {
				return err
			}
		}
	case payment.StatementRefundReturned:
		l.ChannelTxnNo = t.Info.ReferenceID
	case payment.StatementDispute, payment.StatementDisputeWon:
		l.ChannelTxnNo = t.Info.ReferenceID
		if l.DisputeNo, err = o.disputeOf(ctx, l.ChannelTxnNo); err != nil {
			return err
		}
	default:
		return nil
	}
	attempt, refundNo, ours := p.marked(custom)
	if !ours && l.ChannelTxnNo != "" && l.Kind != payment.StatementPayment {
		if custom, err = o.customOf(ctx, captures, l.ChannelTxnNo); err != nil {
			return err
		}
		attempt, refundNo, ours = p.marked(custom)
	}
	l.Foreign = !ours || l.ChannelTxnNo == ""
	if !l.Foreign {
		l.AttemptNo, l.RefundNo = attempt, refundNo
	}
	return nil
}

// customOf reads the custom_id of a capture or a refund, which is empty if PayPal knows none.
func (o owners) customOf(ctx context.Context, under, id string) (string, error) {
	if known, asked := o.marks[under+id]; asked {
		return known, nil
	}
	var got struct {
		CustomID string `json:"custom_id"`
	}
	err := definite(o.paypal.get(ctx, under+url.PathEscape(id), nil, &got))
	if err = ignoreAbsent(err); err != nil {
		return "", err
	}
	o.marks[under+id] = got.CustomID
	return got.CustomID, nil
}

// disputeOf finds the number of the dispute of a payment, which the report does not have. It is empty if PayPal knows
// none.
func (o owners) disputeOf(ctx context.Context, txnNo string) (string, error) {
	var got struct {
		Items []struct {
			ID string `json:"dispute_id"`
		} `json:"items"`
	}
	err := definite(o.paypal.get(ctx, "/v1/customer/disputes", url.Values{"disputed_transaction_id": {txnNo}}, &got))
	if err = ignoreAbsent(err); err != nil || len(got.Items) == 0 || !plain(got.Items[0].ID) {
		return "", err
	}
	return got.Items[0].ID, nil
}
