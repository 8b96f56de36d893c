package alipay

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"videomall/mall/payment"
)

// charge is the biz_content that opens a charge.
type charge struct {
	OutTradeNo     string `json:"out_trade_no"`
	TotalAmount    string `json:"total_amount"` // in yuan
	Subject        string `json:"subject"`
	ProductCode    string `json:"product_code"`
	TimeExpire     string `json:"time_expire"` // in Beijing
	PassbackParams string `json:"passback_params"`
	QuitURL        string `json:"quit_url,omitempty"` // where a phone goes if the payer gives up
}

// Create prepares a page of Alipay's or has a QR code made. The charge always expires by itself, since one that no
// payer has looked at can't be closed. A page is an address rather than a form: a link needs no script and no exception
// from the rule to which hosts forms may be posted, and the longest stays below what servers take.
//
// A page is opened by the payer's browser, so a charge that was paid before would show there only; Create asks first.
// Errors: payment.ErrRejected, payment.ErrAlreadyPaid, payment.ErrRetryLater.
func (a *Alipay) Create(ctx context.Context, r payment.CreateRequest) (payment.Created, error) {
	c, err := a.charge(r)
	if err != nil {
		return payment.Created{}, err
	}
	switch r.Method {
	case MethodPage:
		c.ProductCode = productPage
		return a.page(ctx, r, callPagePay, c)
	case MethodWap:
		c.ProductCode, c.QuitURL = productWap, r.ReturnURL
		return a.page(ctx, r, callWapPay, c)
	case MethodQR:
		c.ProductCode = a.opt.QRProduct
		return a.code(ctx, r, c)
	}
	return payment.Created{}, fmt.Errorf("alipay: attempt %s: method %.40q: %w", r.AttemptNo, r.Method,
		payment.ErrRejected)
}

// charge checks a request and turns it into a charge, which still lacks what depends on the method.
//
// Errors: payment.ErrRejected.
func (a *Alipay) charge(r payment.CreateRequest) (charge, error) {
	reject := func(format string, args ...any) (charge, error) {
		return charge{}, fmt.Errorf("alipay: attempt %.80q: %s: %w", r.AttemptNo, fmt.Sprintf(format, args...),
			payment.ErrRejected)
	}
	number := a.number(r.AttemptNo)
	switch {
	case !isIdentifier(r.AttemptNo) || len(number) > maxNumber:
		return reject("its number has others than letters, digits and underscores, or is too long")
	case r.Amount.Currency != Currency || r.Amount.Amount <= 0 || r.Amount.Amount > maxAmount:
		return reject("can't take %s", r.Amount)
	case !returnable(r.ReturnURL):
		return reject("its browser can't return to %.200q", r.ReturnURL)
	case !r.ExpiresAt.After(a.opt.Now()):
		return reject("expired at %s", r.ExpiresAt)
	}
	subject := words(r.Subject, maxSubject)
	if subject == "" {
		subject = r.AttemptNo
	}
	return charge{
		OutTradeNo:     number,
		TotalAmount:    r.Amount.Decimal(),
		Subject:        subject,
		TimeExpire:     r.ExpiresAt.In(beijing).Format(timeLayout),
		PassbackParams: a.opt.Shop, // to be sent URL-encoded, which letters and digits are
	}, nil
}

// returnable reports whether a browser may be sent to an address. Alipay takes at most 256 characters.
func returnable(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(s) <= 256
}

// page returns the signed address of a page where the payer pays.
func (a *Alipay) page(ctx context.Context, r payment.CreateRequest, method string, c charge) (payment.Created, error) {
	if err := a.stillOpen(ctx, r); err != nil {
		return payment.Created{}, err
	}
	values, err := a.parameters(method, c, map[string]string{
		"notify_url": a.opt.NotifyURL,
		"return_url": r.ReturnURL,
	})
	if err != nil {
		return payment.Created{}, fmt.Errorf("alipay: %s: %w", method, err)
	}
	address := *a.gateway
	address.RawQuery = values.Encode()
	return payment.Created{Action: payment.Action{Type: payment.ActionRedirect, URL: address.String()}}, nil
}

// code has a QR code made.
func (a *Alipay) code(ctx context.Context, r payment.CreateRequest, c charge) (payment.Created, error) {
	var answer struct {
		OutTradeNo string `json:"out_trade_no"`
		QRCode     string `json:"qr_code"`
	}
	err := a.call(ctx, callPrecreate, c, map[string]string{"notify_url": a.opt.NotifyURL}, &answer)
	if errors.Is(err, errLookAgain) {
		if state := a.stillOpen(ctx, r); state != nil {
			return payment.Created{}, state
		}
	}
	if err != nil {
		return payment.Created{}, err
	}
	if answer.OutTradeNo != c.OutTradeNo {
		return payment.Created{}, fmt.Errorf("alipay: %s: the answer is about %.80q", callPrecreate, answer.OutTradeNo)
	}
	if u, err := url.Parse(answer.QRCode); err != nil || u.Host == "" || len(answer.QRCode) > 1024 {
		return payment.Created{}, fmt.Errorf("alipay: %s: qr_code %.200q", callPrecreate, answer.QRCode)
	}
	return payment.Created{Action: payment.Action{Type: payment.ActionQR, Code: answer.QRCode}}, nil
}

// stillOpen asks whether an attempt can be paid. Errors: payment.ErrAlreadyPaid, payment.ErrRejected if it is closed.
func (a *Alipay) stillOpen(ctx context.Context, r payment.CreateRequest) error {
	state, err := a.Query(ctx, payment.ChargeRef{CreateRequest: r})
	switch {
	case err != nil:
		return err
	case state.Status == payment.ChargePaid:
		return fmt.Errorf("alipay: attempt %s: %w", r.AttemptNo, payment.ErrAlreadyPaid)
	case state.Status == payment.ChargeClosed:
		return fmt.Errorf("alipay: attempt %s is closed: %w", r.AttemptNo, payment.ErrRejected)
	}
	return nil
}
