package wechatpay

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
)

// The columns of the bill, by their names. There have been others, and there will be.
const (
	columnTime         = "交易时间"
	columnMerchant     = "商户号"
	columnTransaction  = "微信订单号"
	columnAttempt      = "商户订单号"
	columnState        = "交易状态"
	columnCurrency     = "货币种类"
	columnOrderAmount  = "订单金额"
	columnRefund       = "商户退款单号"
	columnRefundAmount = "申请退款金额"
	columnRefundState  = "退款状态"
	columnAttach       = "商户数据包"
	columnFee          = "手续费"
	// columnTotalCount begins the header of the summary.
	columnTotalCount = "总交易单数"
)

var columns = []string{
	columnTime, columnMerchant, columnTransaction, columnAttempt, columnState, columnCurrency, columnOrderAmount,
	columnRefund, columnRefundAmount, columnRefundState, columnAttach, columnFee,
}

// refundFailedInBill is the state of a refund that had failed when the bill was made.
const refundFailedInBill = "FAIL"

// maxBillLine is the size in bytes of the longest line. A line has about 500.
const maxBillLine = 64 << 10

// lines reads a bill: a header, a line for each trade, and a summary of two lines. Each cell but those of the headers
// begins with a backtick and nothing is quoted, so a cell ends where a comma and a backtick follow: the title in it may
// have commas. The last pair has the error, which a bill without its summary is too, and one in which that says another
// number of trades.
func (w *WeChatPay) lines(file io.Reader) iter.Seq2[payment.StatementLine, error] {
	return func(yield func(payment.StatementLine, error) bool) {
		scanner := bufio.NewScanner(file)
		scanner.Buffer(make([]byte, 0, 4<<10), maxBillLine)
		next := func() (string, bool) {
			more := scanner.Scan()
			return strings.TrimRight(scanner.Text(), "\r"), more
		}
		fail := func(n int, err error) { yield(payment.StatementLine{}, fmt.Errorf("line %d: %w", n, err)) }

		header, _ := next()
		at, width, err := positions(header)
		if err != nil {
			fail(1, errors.Join(err, scanner.Err()))
			return
		}
		for n := 2; ; n++ {
			text, more := next()
			if !more {
				fail(n, errors.Join(errors.New("the bill ends without its summary"), scanner.Err()))
				return
			}
			if strings.HasPrefix(text, columnTotalCount) {
				summary, _ := next()
				if err := counted(summary, n-2); err != nil {
					fail(n+1, err)
				}
				return
			}
			cells, err := split(text, width)
			if err != nil {
				fail(n, err)
				return
			}
			line, moved, err := w.line(func(column string) string { return cells[at[column]] })
			if err != nil {
				fail(n, err)
				return
			}
			if moved && !yield(line, nil) {
				return
			}
		}
	}
}

// positions finds the columns in a header, which may begin with a byte order mark, and returns how many cells it has.
func positions(header string) (map[string]int, int, error) {
	names := strings.Split(strings.TrimPrefix(header, "\ufeff"), ",")
	at := map[string]int{}
	for i, name := range names {
		at[strings.TrimSpace(name)] = i
	}
	for _, name := range columns {
		if _, ok := at[name]; !ok {
			return nil, 0, fmt.Errorf("no column %s in %.200q", name, header)
		}
	}
	return at, len(names), nil
}

// split returns the cells of a line without their backticks.
func split(text string, width int) ([]string, error) {
	rest, ok := strings.CutPrefix(text, "`")
	if !ok {
		return nil, errors.New("it does not begin with a backtick")
	}
	cells := strings.Split(rest, ",`")
	if len(cells) != width {
		return nil, fmt.Errorf("%d cells, the header has %d", len(cells), width)
	}
	return cells, nil
}

// counted compares the number of trades in the summary with that of the lines.
func counted(summary string, lines int) error {
	first, _, _ := strings.Cut(strings.TrimPrefix(summary, "`"), ",")
	if n, err := strconv.Atoi(first); err != nil || n != lines {
		return fmt.Errorf("the summary says %.20q trades, there are %d", first, lines)
	}
	return nil
}

// line reads one trade. moved is false if no money did.
func (w *WeChatPay) line(cell func(column string) string) (l payment.StatementLine, moved bool, err error) {
	at, err := time.ParseInLocation(time.DateTime, cell(columnTime), zone)
	if err != nil {
		return l, false, err
	}
	switch {
	case cell(columnMerchant) != w.opt.MerchantID:
		return l, false, fmt.Errorf("merchant %.40q", cell(columnMerchant))
	case cell(columnCurrency) != currency:
		return l, false, fmt.Errorf("currency %.10q", cell(columnCurrency))
	case !payment.IsPlain(cell(columnTransaction), 32):
		return l, false, fmt.Errorf("transaction %.60q", cell(columnTransaction))
	}
	l = payment.StatementLine{
		AttemptNo:    cell(columnAttempt),
		ChannelTxnNo: cell(columnTransaction),
		At:           at,
		Foreign:      cell(columnAttach) != w.opt.Mark,
	}
	var amount string
	switch state := cell(columnState); state {
	case stateSuccess:
		l.Kind, amount = payment.StatementPayment, cell(columnOrderAmount)
	case stateRefund, stateRevoked:
		if cell(columnRefundState) == refundFailedInBill {
			return l, false, nil
		}
		l.Kind, amount = payment.StatementRefund, cell(columnRefundAmount)
		l.RefundNo = cell(columnRefund)
	default:
		return l, false, fmt.Errorf("state %.60q", state)
	}
	if l.Amount, err = yuan(amount); err != nil {
		return l, false, err
	}
	if l.Amount.Amount < 0 || l.Amount.Amount > money.MaxSum {
		return l, false, fmt.Errorf("amount %.40q", amount)
	}
	l.Fee, err = yuan(cell(columnFee))
	return l, err == nil, err
}

// yuan reads a sum of the bill. Fees have five decimals, of which those below a fen are rounded, half a fen away from
// zero; they are below zero where WeChat Pay gives a fee back.
func yuan(s string) (money.Money, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, part, _ := strings.Cut(digits, ".")
	const exact = 2
	below := ""
	if len(part) > exact {
		part, below = part[:exact], part[exact:]
	}
	fen := money.ParseDecimal(whole+"."+part, currency, 10)
	if fen < 0 || strings.Trim(below, "0123456789") != "" || len(below) > 8 {
		return money.Money{}, fmt.Errorf("sum %.40q", s)
	}
	if below >= "5" {
		fen++
	}
	if negative {
		fen = -fen
	}
	return money.Of(fen, currency), nil
}
