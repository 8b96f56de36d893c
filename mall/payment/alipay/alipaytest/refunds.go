package alipaytest

import "time"

// refund is one that was made, or is held.
type refund struct {
	trade     *trade
	requestNo string
	amount    int64 // in fen
	total     int64 // refunded of the trade so far, this one included
	at        time.Time
}

// refunded is how much of a trade was refunded, in fen.
func (t *trade) refunded() (sum int64) {
	for _, r := range t.refunds {
		sum += r.amount
	}
	return sum
}

// refundGap is what Alipay wants between two refunds of one trade.
const refundGap = 3 * time.Second

func (s *Server) refund(f map[string]string) object {
	t := s.find(f)
	amount := fen(f["refund_amount"])
	switch {
	case t == nil:
		return fails("ACQ.TRADE_NOT_EXIST")
	case !numberForm.MatchString(f["out_request_no"]) || amount == 0:
		return fails("ACQ.INVALID_PARAMETER")
	}
	for _, old := range t.refunds {
		if old.requestNo != f["out_request_no"] {
			continue
		}
		if old.amount != amount {
			return fails("ACQ.DISCORDANT_REPEAT_REQUEST")
		}
		return s.refundAnswer(t, "N")
	}
	switch {
	case t.status == closed:
		return fails("ACQ.TRADE_HAS_CLOSE")
	case t.status == finished:
		return fails("ACQ.TRADE_HAS_FINISHED")
	case t.status != success:
		return fails("ACQ.TRADE_STATUS_ERROR")
	case amount > t.total-t.refunded():
		return fails("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
	case len(t.refunds) > 0 && s.now().Sub(t.refunds[len(t.refunds)-1].at) < refundGap:
		return fails("ACQ.SYSTEM_ERROR")
	case s.balance != nil && *s.balance < amount:
		return fails("ACQ.SELLER_BALANCE_NOT_ENOUGH")
	}
	r := &refund{trade: t, requestNo: f["out_request_no"], amount: amount}
	if s.holding {
		s.held = append(s.held, r)
		return s.refundAnswer(t, "N")
	}
	s.make(r)
	return s.refundAnswer(t, "Y")
}

func (s *Server) refundAnswer(t *trade, fundChange string) object {
	return object{
		"code": "10000", "msg": "Success",
		"out_trade_no": t.outTradeNo, "trade_no": t.tradeNo, "buyer_logon_id": "159****5620",
		"fund_change": fundChange, "refund_fee": yuan(t.refunded()), "send_back_fee": "0.00",
	}
}

// make moves the money of a refund. The caller holds the lock.
func (s *Server) make(r *refund) {
	if s.balance != nil {
		*s.balance -= r.amount
	}
	t := r.trade
	t.refunds = append(t.refunds, r)
	r.at, r.total = s.now(), t.refunded()
	if r.total == t.total {
		t.status, t.closed = closed, r.at
	}
	s.announce(t, r)
}

func (s *Server) refundQuery(f map[string]string) object {
	t := s.find(f)
	if t == nil {
		return fails("ACQ.TRADE_NOT_EXIST")
	}
	for _, r := range t.refunds {
		if r.requestNo == f["out_request_no"] {
			return object{
				"code": "10000", "msg": "Success",
				"out_trade_no": t.outTradeNo, "trade_no": t.tradeNo, "out_request_no": r.requestNo,
				"refund_amount": yuan(r.amount), "total_amount": yuan(t.total), "refund_status": "REFUND_SUCCESS",
			}
		}
	}
	return object{"code": "10000", "msg": "Success"}
}
