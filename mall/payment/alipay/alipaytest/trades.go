package alipaytest

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// trade is a charge. Until a payer has opened it, it has no number of Alipay's, and queries don't find it.
type trade struct {
	outTradeNo, tradeNo             string
	subject, passback, product      string
	notifyURL, returnURL, returning string // returning is the method that the return names
	token                           string // of the page where it is paid
	status                          string
	total                           int64 // in fen
	created, expires, paid, closed  time.Time
	busy                            bool // the payment is under way
	refunds                         []*refund
}

const (
	waiting  = "WAIT_BUYER_PAY"
	closed   = "TRADE_CLOSED"
	success  = "TRADE_SUCCESS"
	finished = "TRADE_FINISHED"
)

var (
	numberForm = regexp.MustCompile(`^[0-9A-Za-z_]{1,64}$`)
	amountForm = regexp.MustCompile(`^([0-9]{1,9})(?:\.([0-9]{1,2}))?$`)
)

// fen parses a sum in yuan, and returns 0 if it is none.
func fen(s string) int64 {
	parts := amountForm.FindStringSubmatch(s)
	if parts == nil {
		return 0
	}
	n, _ := strconv.ParseInt(parts[1]+(parts[2] + "00")[:2], 10, 64)
	if n > 100_000_000_00 {
		return 0
	}
	return n
}

// yuan writes a sum in fen.
func yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	s := "00" + strconv.FormatInt(fen, 10)
	whole := strings.TrimLeft(s[:len(s)-2], "0")
	if whole == "" {
		whole = "0"
	}
	return sign + whole + "." + s[len(s)-2:]
}

// products are what the methods take as product_code.
var products = map[string]string{
	"alipay.trade.page.pay":  "FAST_INSTANT_TRADE_PAY",
	"alipay.trade.wap.pay":   "QUICK_WAP_WAY",
	"alipay.trade.precreate": "FACE_TO_FACE_PAYMENT",
}

// newTrade checks the arguments of a charge. It returns a refusal, or the charge, which is not in the books yet. The
// caller holds the lock.
func (s *Server) newTrade(form url.Values, f map[string]string) (*trade, object) {
	subject := f["subject"]
	switch {
	case !numberForm.MatchString(f["out_trade_no"]), fen(f["total_amount"]) == 0,
		subject == "" || utf8.RuneCountInString(subject) > 256 || strings.ContainsAny(subject, "/=&"),
		f["product_code"] != products[form.Get("method")],
		form.Get("method") == "alipay.trade.wap.pay" && f["quit_url"] == "",
		f["passback_params"] != url.QueryEscape(f["passback_params"]),
		strings.Contains(form.Get("notify_url"), "?"):
		return nil, fails("ACQ.INVALID_PARAMETER")
	}
	expires := s.now().Add(15 * 24 * time.Hour)
	if f["time_expire"] != "" {
		var err error
		if expires, err = time.ParseInLocation(timeLayout, f["time_expire"], beijing); err != nil {
			return nil, fails("ACQ.INVALID_PARAMETER")
		}
	}
	if !expires.After(s.now()) {
		return nil, fails("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR")
	}
	return &trade{
		outTradeNo: f["out_trade_no"],
		subject:    subject,
		passback:   f["passback_params"],
		product:    f["product_code"],
		notifyURL:  form.Get("notify_url"),
		returnURL:  form.Get("return_url"),
		returning:  form.Get("method") + ".return",
		total:      fen(f["total_amount"]),
		expires:    expires,
	}, nil
}

// prepare finds the charge with the number of a new one, or enters the new one. The caller holds the lock.
func (s *Server) prepare(n *trade) (*trade, object) {
	t, known := s.trades[n.outTradeNo]
	if !known {
		n.token = token()
		s.trades[n.outTradeNo], s.tokens[n.token] = n, n
		return n, nil
	}
	switch {
	case t.status == success || t.status == finished:
		return nil, fails("ACQ.TRADE_HAS_SUCCESS")
	case t.status == closed:
		return nil, fails("ACQ.TRADE_HAS_CLOSE")
	case t.total != n.total || t.subject != n.subject:
		return nil, fails("ACQ.CONTEXT_INCONSISTENT")
	}
	t.returnURL, t.returning = n.returnURL, n.returning
	return t, nil
}

// open is what happens when a payer comes to a charge: only now it is a trade of Alipay's. The caller holds the lock.
func (s *Server) open(t *trade) {
	if t.status != "" || !t.expires.After(s.now()) {
		return
	}
	t.status, t.created, t.tradeNo = waiting, s.now(), s.next()
	s.opened = append(s.opened, t)
}

func (s *Server) precreate(form url.Values, f map[string]string) object {
	n, refusal := s.newTrade(form, f)
	if refusal != nil {
		return refusal
	}
	t, refusal := s.prepare(n)
	if refusal != nil {
		return refusal
	}
	return object{
		"code": "10000", "msg": "Success",
		"out_trade_no": t.outTradeNo,
		"qr_code":      s.http.URL + "/cashier/" + t.token,
	}
}

// expire closes the open charges whose time is over. The caller holds the lock.
func (s *Server) expire() {
	for _, t := range s.opened {
		if t.status == waiting && !t.busy && !t.expires.After(s.now()) {
			s.end(t, t.expires)
		}
	}
}

// end closes a charge that was not paid. The caller holds the lock.
func (s *Server) end(t *trade, at time.Time) {
	t.status, t.closed = closed, at
	s.announce(t, nil)
}

// find returns the trade that a request names, by Alipay's number before the merchant's. The caller holds the lock.
func (s *Server) find(f map[string]string) *trade {
	for _, t := range s.opened {
		if f["trade_no"] != "" && t.tradeNo == f["trade_no"] || f["trade_no"] == "" && t.outTradeNo == f["out_trade_no"] {
			return t
		}
	}
	return nil
}

func (s *Server) query(f map[string]string) object {
	t := s.find(f)
	if t == nil {
		return fails("ACQ.TRADE_NOT_EXIST")
	}
	o := object{
		"code": "10000", "msg": "Success",
		"out_trade_no": t.outTradeNo, "trade_no": t.tradeNo, "trade_status": t.status,
		"total_amount": yuan(t.total), "buyer_logon_id": "159****5620", "buyer_user_id": "2088100000000009",
		"invoice_amount": "0.00", "point_amount": "0.00",
	}
	if !t.paid.IsZero() {
		o["send_pay_date"] = t.paid.In(beijing).Format(timeLayout)
	}
	return o
}

func (s *Server) close(f map[string]string) object {
	t := s.find(f)
	switch {
	case t == nil:
		return fails("ACQ.TRADE_NOT_EXIST")
	case t.status != waiting || t.busy:
		return fails("ACQ.TRADE_STATUS_ERROR")
	}
	s.end(t, s.now())
	return object{"code": "10000", "msg": "Success", "out_trade_no": t.outTradeNo, "trade_no": t.tradeNo}
}
