package alipay

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"

	"videomall/mall/money"
	"videomall/mall/payment"
)

// The columns that are read, without their units. The amount is that of the charge, not what the merchant received of
// it (商家实收), which is less if the merchant pays for a voucher.
const (
	columnTrade  = "支付宝交易号"
	columnNumber = "商户订单号"
	columnKind   = "业务类型"
	columnDone   = "完成时间"
	columnAmount = "订单金额"
	columnRefund = "退款批次号/请求号"
	columnFee    = "服务费"
)

// required are the columns that a list must have.
var required = []string{columnTrade, columnNumber, columnKind, columnDone, columnAmount, columnRefund, columnFee}

// The kinds of lines, and the end of the list.
const (
	kindPayment = "交易"
	kindRefund  = "退款"
	endOfList   = "业务明细列表结束"
)

// bill reads one file of a statement: CSV in GBK, with comments that begin with #. It reports false, having read
// nothing else, if the file doesn't list single movements, but sums of them.
func (a *Alipay) bill(ctx context.Context, file io.Reader, yield func(payment.StatementLine) bool) (bool, error) {
	// A line has at most bufio.MaxScanTokenSize bytes, 64 KB.
	lines := bufio.NewScanner(simplifiedchinese.GB18030.NewDecoder().Reader(file))
	var columns []string
	ended := false
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		switch {
		case ctx.Err() != nil:
			return false, ctx.Err()
		case strings.HasPrefix(line, "#"):
			ended = ended || strings.Contains(line, endOfList)
			continue
		case line == "" || ended:
			continue
		}
		cells, err := split(line)
		if err != nil {
			return false, fmt.Errorf("line %d: %w", n, err)
		}
		if columns == nil {
			columns = titles(cells)
			if !slices.Contains(columns, columnTrade) {
				return false, nil
			}
			continue
		}
		l, err := a.line(columns, cells)
		if err != nil {
			return false, fmt.Errorf("line %d: %w", n, err)
		}
		if !yield(l) {
			return false, errEnough
		}
	}
	switch err := lines.Err(); {
	case err != nil:
		return false, fmt.Errorf("read a file: %w", err)
	case columns != nil && !ended:
		return false, errors.New("the list breaks off")
	}
	return columns != nil, nil
}

// split splits a line into its cells, which end in tabs to keep spreadsheets from rounding numbers.
func split(line string) ([]string, error) {
	r := csv.NewReader(strings.NewReader(line))
	r.LazyQuotes = true
	cells, err := r.Read()
	if err != nil {
		return nil, err
	}
	for i := range cells {
		cells[i] = strings.Trim(cells[i], " \t`")
	}
	return cells, nil
}

// titles drops the units from the titles of columns.
func titles(cells []string) []string {
	drop := strings.NewReplacer("（元）", "", "(元)", "")
	for i := range cells {
		cells[i] = drop.Replace(cells[i])
	}
	return cells
}

// line reads one movement.
func (a *Alipay) line(columns, cells []string) (payment.StatementLine, error) {
	if len(cells) != len(columns) {
		return payment.StatementLine{}, fmt.Errorf("%d cells under %d titles", len(cells), len(columns))
	}
	row := make(map[string]string, len(columns))
	for i, title := range columns {
		row[title] = cells[i]
	}
	for _, title := range required {
		if _, given := row[title]; !given {
			return payment.StatementLine{}, fmt.Errorf("no column %s", title)
		}
	}
	amount, negative, ok := signed(row[columnAmount])
	if !ok {
		return payment.StatementLine{}, fmt.Errorf("%s %.40q", columnAmount, row[columnAmount])
	}
	// Alipay writes its fee with a minus when it keeps it and without one when it gives it back, but it keeps fees of
	// payments alone and gives them back with refunds alone, so the kind of the line is what counts.
	fee, _, ok := signed(row[columnFee])
	if !ok {
		return payment.StatementLine{}, fmt.Errorf("%s %.40q", columnFee, row[columnFee])
	}
	at, err := inBeijing(row[columnDone])
	if err != nil {
		return payment.StatementLine{}, fmt.Errorf("%s: %w", columnDone, err)
	}
	l := payment.StatementLine{ChannelTxnNo: row[columnTrade], Amount: amount, Fee: fee, At: at}
	switch kind := row[columnKind]; {
	case kind == kindPayment && !negative:
		l.Kind = payment.StatementPayment
	case kind == kindRefund:
		l.Kind, l.RefundNo = payment.StatementRefund, row[columnRefund]
		l.Fee.Amount = -fee.Amount
	case kind == kindPayment:
		return payment.StatementLine{}, fmt.Errorf("a payment of %.40q", row[columnAmount])
	case negative:
		l.Kind = payment.StatementDebit
	default:
		l.Kind = payment.StatementCredit
	}
	no, ours := a.attemptNo(row[columnNumber])
	l.AttemptNo, l.Foreign = no, !ours
	return l, nil
}

// signed parses a sum that may have a minus, and returns it without.
func signed(s string) (m money.Money, negative, ok bool) {
	s, negative = strings.CutPrefix(s, "-")
	if s == "" {
		return money.Money{}, false, false
	}
	m, ok = yuan(s)
	return m, negative, ok
}
