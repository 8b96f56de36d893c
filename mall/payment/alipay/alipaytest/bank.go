package alipaytest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"sync"
	"time"

	"videomall/mall/money"
	"videomall/mall/payment"
	"videomall/mall/payment/alipay"
	"videomall/mall/payment/paymenttest"
)

var _ paymenttest.Bank = (*Server)(nil)

// payerTrail is the client under test. It remembers where payers were sent, as their browsers do.
type payerTrail struct {
	*alipay.Alipay

	mu    sync.Mutex
	pages map[string]string // by attempt
}

// Create is Create of the client.
func (p *payerTrail) Create(ctx context.Context, r payment.CreateRequest) (payment.Created, error) {
	created, err := p.Alipay.Create(ctx, r)
	if page := created.Action.URL + created.Action.Code; err == nil && page != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.pages[r.AttemptNo] = page
	}
	return created, err
}

// Provider returns a client of the stand-in.
func (s *Server) Provider() payment.Provider { return s.provider }

// Now is the time of the stand-in's clock.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// Advance moves the clock of the stand-in and of its clients.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
	s.expire()
}

// Visit opens the page or code of an attempt in a payer's browser, as a payer does before paying.
func (s *Server) Visit(attemptNo string) error {
	s.mu.Lock()
	t := s.trades[Number(attemptNo)]
	if t != nil {
		s.open(t)
	}
	s.mu.Unlock()
	if t != nil {
		return nil
	}
	s.provider.mu.Lock()
	page := s.provider.pages[attemptNo]
	s.provider.mu.Unlock()
	if page == "" {
		return fmt.Errorf("%w: nobody was sent to a page of attempt %s", paymenttest.ErrNotPayable, attemptNo)
	}
	return browse(page)
}

// browse opens a page.
func browse(page string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Jar: jar, Transport: &http.Transport{}}).Get(page)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %d %.200s", paymenttest.ErrNotPayable, response.StatusCode, body)
	}
	return nil
}

// Pay pays an attempt whose page or code was made. A charge that fails is closed unpaid.
func (s *Server) Pay(attemptNo string, how paymenttest.Payment) error {
	if err := s.Visit(attemptNo); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	return s.take(s.trades[Number(attemptNo)], how)
}

// take takes the payer's money. The caller holds the lock.
func (s *Server) take(t *trade, how paymenttest.Payment) error {
	switch {
	case t == nil || t.status != waiting:
		return paymenttest.ErrNotPayable
	case how.Fails:
		t.busy = false
		s.end(t, s.now())
		return nil
	case how.Pending:
		t.busy = true
		return nil
	}
	if how.Amount != 0 {
		t.total = how.Amount
	}
	t.busy, t.status, t.paid = false, success, s.now()
	s.announce(t, nil)
	return nil
}

// Finish ends the time for refunds of a paid attempt, which Alipay announces.
func (s *Server) Finish(attemptNo string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.trades[Number(attemptNo)]
	if t == nil || t.status != success {
		return errors.New("alipaytest: not paid")
	}
	t.status = finished
	s.announce(t, nil)
	return nil
}

// FinishRefund makes a refund that was held, or drops it. Others were made when they were requested, and can't fail.
func (s *Server) FinishRefund(refundNo string, succeeded bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.held, func(r *refund) bool { return r.requestNo == refundNo })
	if i >= 0 {
		r := s.held[i]
		s.held = slices.Delete(s.held, i, i+1)
		if succeeded {
			s.make(r)
		}
		return nil
	}
	if !succeeded {
		return paymenttest.ErrUnsupported
	}
	for _, t := range s.opened {
		if slices.ContainsFunc(t.refunds, func(r *refund) bool { return r.requestNo == refundNo }) {
			return nil
		}
	}
	return fmt.Errorf("alipaytest: there is no refund %s", refundNo)
}

// RefundAtBank makes a refund from the merchant's console, which gives it a number of its own.
func (s *Server) RefundAtBank(attemptNo string, amount money.Money) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.trades[Number(attemptNo)]
	if t == nil || t.status != success || amount.Currency != alipay.Currency || amount.Amount <= 0 ||
		amount.Amount > t.total-t.refunded() {
		return errors.New("alipaytest: this can't be refunded")
	}
	s.make(&refund{trade: t, requestNo: s.next(), amount: amount.Amount})
	return nil
}

// SetBalance sets what the merchant has for refunds, in fen.
func (s *Server) SetBalance(fen int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.balance = &fen
}

// Dispute is not a thing of Alipay's.
func (s *Server) Dispute(string, string) error { return paymenttest.ErrUnsupported }

// Notices returns the notices that were sent since the last call.
func (s *Server) Notices() []paymenttest.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	notices := s.notices
	s.notices = nil
	return notices
}

// Foreign lets a payer pay in another shop of the same account.
func (s *Server) Foreign() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, refusal := s.prepare(&trade{
		outTradeNo: "till" + s.next(),
		subject:    "奶茶",
		notifyURL:  s.opt.NotifyURL,
		total:      18_00,
		expires:    s.now().Add(time.Hour),
	})
	if refusal != nil {
		return errors.New("alipaytest: the other shop can't sell")
	}
	s.open(t)
	return s.take(t, paymenttest.Payment{})
}

// Fault makes the next call of the merchant's fail in this way. An empty one takes that back.
func (s *Server) Fault(f paymenttest.Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f == "" {
		s.faults = nil
		return
	}
	s.faults = append(s.faults, f)
}

// Charges returns how many charges were opened for an attempt.
func (s *Server) Charges(attemptNo string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := 0
	for _, t := range s.opened {
		if t.outTradeNo == Number(attemptNo) {
			count++
		}
	}
	return count
}

// Refunded returns how much of an attempt was refunded, in fen.
func (s *Server) Refunded(attemptNo string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.trades[Number(attemptNo)]; t != nil {
		return t.refunded()
	}
	return 0
}
