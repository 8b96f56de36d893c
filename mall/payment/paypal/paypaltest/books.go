package paypaltest

import (
	"fmt"
	"strconv"
	"time"

	"videomall/mall/money"
)

// row is a transaction of the report.
type row struct {
	id, reference, code, custom, currency, status string
	amount, fee                                   int64
	at                                            time.Time
}

// book writes a transaction.
func (s *Server) book(id, reference, code, custom string, amount, fee int64, currency string) {
	s.rows = append(s.rows, row{id, reference, code, custom, currency, "S", amount, fee, s.now()})
}

// feeOf is 2.9 % and 30 of the smallest unit.
func feeOf(m money.Money) money.Money {
	return money.Of(min(m.Amount, m.Amount*29/1000+30), m.Currency)
}

// take books a payment.
func (s *Server) take(x *capture) {
	fee := feeOf(x.amount)
	s.balance += x.amount.Amount - fee.Amount
	s.book(x.id, x.of.id, "T0006", x.of.custom, x.amount.Amount, -fee.Amount, x.amount.Currency)
}

// Book writes a transaction of the account that is no sale of an order here, such as T0400 for a transfer to the bank.
func (s *Server) Book(reference, code, custom, status string, amount int64, currency string) {
	s.set(func() {
		s.book(s.id(), reference, code, custom, amount, 0, currency)
		s.rows[len(s.rows)-1].status = status
	})
}

// mostRows is what a report lists at most.
const mostRows = 10_000

func (s *Server) report(c call, _ string) (func() object, *refusal) {
	from, err1 := time.Parse(time.RFC3339, c.query.Get("start_date"))
	to, err2 := time.Parse(time.RFC3339, c.query.Get("end_date"))
	size, err3 := strconv.Atoi(c.query.Get("page_size"))
	page, err4 := strconv.Atoi(c.query.Get("page"))
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil || size < 1 || size > 500 || page < 1 ||
		to.Sub(from) > 31*24*time.Hour || c.query.Get("fields") != "transaction_info" {
		return nil, bad("start_date, end_date, page_size, page or fields")
	}
	var list []row
	for _, r := range s.rows {
		if !r.at.Before(from) && !r.at.Truncate(time.Second).After(to) {
			list = append(list, r)
		}
	}
	if len(list) > mostRows {
		return nil, &refusal{400, "RESULTSET_TOO_LARGE", "", "Result set size is greater than the maximum limit."}
	}
	pages := (len(list) + size - 1) / size
	shown := []object{}
	for n := (page - 1) * size; n < min(page*size, len(list)); n++ {
		shown = append(shown, rowJSON(list[n]))
	}
	refreshed := s.now().Add(-s.lag)
	return func() object {
		return object{
			"transaction_details": shown, "account_number": "7M00000000001", "start_date": reportTime(from),
			"end_date": reportTime(to), "last_refreshed_datetime": reportTime(refreshed), "page": page,
			"total_items": len(list), "total_pages": pages,
		}
	}, nil
}

// reportTime writes a time as the report does, with a zone without a colon.
func reportTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05-0700") }

func rowJSON(r row) object {
	info := object{
		"transaction_id": r.id, "transaction_event_code": r.code, "transaction_initiation_date": reportTime(r.at),
		"transaction_updated_date": reportTime(r.at), "transaction_status": r.status,
		"transaction_amount": amountJSON(money.Of(r.amount, r.currency)),
	}
	if r.fee != 0 {
		info["fee_amount"] = amountJSON(money.Of(r.fee, r.currency))
	}
	if r.reference != "" {
		info["paypal_reference_id"], info["paypal_reference_id_type"] = r.reference, "TXN"
	}
	if r.custom != "" {
		info["custom_field"] = r.custom
	}
	return object{"transaction_info": info}
}

func (s *Server) listDisputes(c call, _ string) (func() object, *refusal) {
	of := c.query.Get("disputed_transaction_id")
	list := []object{}
	for _, d := range s.disputes {
		if of == "" || d.of.id == of {
			list = append(list, object{"dispute_id": d.id, "status": d.status})
		}
	}
	return func() object { return object{"items": list} }, nil
}

// Fill fills the books with payments of another shop, for long reports.
func (s *Server) Fill(n int, every time.Duration) {
	s.set(func() {
		for i := range n {
			s.book(s.id(), "", "T0006", fmt.Sprintf("another:%d", i), 100, 0, "USD")
			s.rows[len(s.rows)-1].at = s.now().Add(time.Duration(i) * every)
		}
	})
}
