package invoice

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/invoice/internal/dbsqlc"
	"videomall/mall/order"
	"videomall/mall/textnorm"
)

// Types of a fapiao.
const (
	Personal = "personal"
	Company  = "company"
)

// States of a request. One that is Reversing was issued, and a refund has made it wrong since.
const (
	FapiaoRequested = "requested"
	FapiaoIssued    = "issued"
	FapiaoDeclined  = "declined"
	FapiaoReversing = "reversing"
	FapiaoReversed  = "reversed"
)

// FapiaoStates lists the states.
var FapiaoStates = []string{FapiaoRequested, FapiaoIssued, FapiaoDeclined, FapiaoReversing, FapiaoReversed}

// Bounds of what people enter, in characters.
const (
	MaxTitle    = 100
	MaxEmail    = 254
	MaxFapiaoNo = 40
	MaxAnswer   = 300
)

// The faults that callers tell apart. ErrFapiao has the fields type, title, taxpayer_no and email; ErrFapiaoNo has
// fapiao_no and reversal_no; ErrFapiaoSay has answer.
var (
	ErrFapiao      = fault.New(fault.Invalid, "fapiao_invalid", "Some fields need another look.")
	ErrFapiaoTaken = fault.New(fault.Conflict, "fapiao_requested", "A fapiao was requested for this order already.")
	ErrNoFapiao    = fault.New(fault.Conflict, "fapiao_impossible", "No fapiao can be requested for this order.")
	ErrFapiaoGone  = fault.New(fault.Conflict, "fapiao_moved", "The request has moved on since you looked.")
	ErrFapiaoFound = fault.New(fault.NotFound, "fapiao_not_found", "There is no such request.")
	ErrFapiaoNo    = fault.New(fault.Invalid, "fapiao_number", "Enter the number of the fapiao.")
	ErrFapiaoSay   = fault.New(fault.Invalid, "fapiao_answer", "Say in a few words why.")
)

// FapiaoAsk is what a buyer enters. TaxpayerNo is the company's unified social credit code.
type FapiaoAsk struct {
	Type       string
	Title      string // 抬头: the name of the person or the company
	TaxpayerNo string
	Email      string
}

// Fapiao is a request for one.
type Fapiao struct {
	FapiaoAsk
	ID          int64
	OrderNo     string
	UserID      int64
	Status      string
	FapiaoNo    string
	ReversalNo  string // of the latest red-letter fapiao
	Answer      string // why it was declined
	RequestedAt time.Time
	DecidedAt   *time.Time
	DecidedBy   int64
}

// FapiaoCurrency is the only one in which fapiaos are issued.
const FapiaoCurrency = "CNY"

// CanAsk reports whether a fapiao can be requested for an order: something was paid in CNY and not all went back.
func CanAsk(o order.Order) bool {
	return Billable(o) && o.Total.Currency == FapiaoCurrency && Left(o).Amount > 0
}

// AskFapiao records a person's request for their own order, once. One that was declined can be made again. Errors:
// order.ErrNotFound, ErrNoFapiao, ErrFapiaoTaken, ErrFapiao with its fields.
func (s *Invoices) AskFapiao(ctx context.Context, userID int64, orderNo string, a FapiaoAsk) error {
	o, err := s.deps.Orders.Get(ctx, userID, orderNo)
	if err != nil {
		return err
	}
	if !CanAsk(o) {
		return ErrNoFapiao.Because("order %s", orderNo)
	}
	if a, err = checked(a); err != nil {
		return err
	}
	kept, err := s.q.RequestFapiao(ctx, s.deps.Pool, dbsqlc.RequestFapiaoParams{
		OrderNo:    orderNo,
		UserID:     userID,
		Type:       a.Type,
		Title:      a.Title,
		TaxpayerNo: a.TaxpayerNo,
		Email:      a.Email,
		At:         s.deps.Now(),
	})
	if err != nil {
		return fmt.Errorf("request a fapiao for %s: %w", orderNo, err)
	}
	if kept == 0 {
		return ErrFapiaoTaken.Because("order %s", orderNo)
	}
	return nil
}

// checked returns a request as it is kept.
func checked(a FapiaoAsk) (FapiaoAsk, error) {
	a.Title, a.Email = textnorm.Name(a.Title), strings.TrimSpace(a.Email)
	if a.TaxpayerNo = NormalTaxpayerNo(a.TaxpayerNo); a.Type == Personal {
		a.TaxpayerNo = "" // an individual has none on a fapiao
	}
	wrong, bad := ErrFapiao, false
	refuse := func(field, slug string) { wrong, bad = wrong.With(field, slug), true }
	if a.Type != Personal && a.Type != Company {
		refuse("type", "fapiao_type")
	}
	if n := utf8.RuneCountInString(a.Title); n == 0 || n > MaxTitle || !db.Storable(a.Title) {
		refuse("title", "fapiao_title")
	}
	if a.Type == Company && !ValidTaxpayerNo(a.TaxpayerNo) {
		refuse("taxpayer_no", "fapiao_taxpayer_no")
	}
	if at, err := mail.ParseAddress(a.Email); err != nil || at.Address != a.Email || len(a.Email) > MaxEmail {
		refuse("email", "fapiao_email")
	}
	if bad {
		return a, wrong
	}
	return a, nil
}

// FapiaoOf reads the request of an order; ok is false if there is none.
func (s *Invoices) FapiaoOf(ctx context.Context, orderNo string) (f Fapiao, ok bool, err error) {
	row, err := s.q.FapiaoOf(ctx, s.deps.Pool, orderNo)
	if errors.Is(err, pgx.ErrNoRows) {
		return Fapiao{}, false, nil
	}
	if err != nil {
		return Fapiao{}, false, fmt.Errorf("fapiao of %s: %w", orderNo, err)
	}
	return fapiaoOf(row), true, nil
}

// Fapiaos lists at most most requests in a state, or with "" those that wait for an operator, the oldest first and
// after the one with the id after.
func (s *Invoices) Fapiaos(ctx context.Context, status string, after int64, most int) ([]Fapiao, error) {
	rows, err := s.q.Fapiaos(ctx, s.deps.Pool, dbsqlc.FapiaosParams{
		Status:  status,
		AfterID: after,
		MaxRows: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("requests for fapiaos: %w", err)
	}
	list := make([]Fapiao, len(rows))
	for n, r := range rows {
		list[n] = fapiaoOf(r)
	}
	return list, nil
}

// CountFapiaos counts the requests that wait for an operator.
func (s *Invoices) CountFapiaos(ctx context.Context) (int64, error) {
	n, err := s.q.CountFapiaos(ctx, s.deps.Pool)
	if err != nil {
		return 0, fmt.Errorf("count requests for fapiaos: %w", err)
	}
	return n, nil
}

func fapiaoOf(r dbsqlc.FapiaoRequest) Fapiao {
	f := Fapiao{
		FapiaoAsk: FapiaoAsk{
			Type:       r.Type,
			Title:      r.Title,
			TaxpayerNo: r.TaxpayerNo,
			Email:      r.Email,
		},
		ID:          r.ID,
		OrderNo:     r.OrderNo,
		UserID:      r.UserID,
		Status:      r.Status,
		FapiaoNo:    r.FapiaoNo,
		ReversalNo:  r.ReversalNo,
		Answer:      r.Answer,
		RequestedAt: r.RequestedAt,
		DecidedAt:   r.DecidedAt,
	}
	if r.DecidedBy != nil {
		f.DecidedBy = *r.DecidedBy
	}
	return f
}
